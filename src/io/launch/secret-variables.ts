// The secrets that come to a program of Heddle in its environment.
// Owns which they are, and that nobody reads them in /proc; never keeps one.

import koffi from 'koffi'

/** What is read once, and what no program of Heddle needs at all. */
export const READ_ONCE = [
  'HEDDLE_ACCESS_KEY_ID',
  'HEDDLE_SECRET_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
]

/** What control hands on to its workers, and a worker to its threads. */
const HANDED_ON = ['HEDDLE_S3_ACCESS_KEY_ID', 'HEDDLE_S3_SECRET_ACCESS_KEY']

/**
 * The system keeps what a program was started with, and shows it in `/proc/<pid>/environ` to all programs of the same user, whatever
 * becomes of the variables. So the memory that it shows is written over. What is read once is no variable afterwards.
 */
export function hideSecrets(): void {
  const given = [...READ_ONCE, ...HANDED_ON].filter((name) => process.env[name] !== undefined)
  if (given.length === 0) return
  const libc = koffi.load(null)
  const getenv = libc.func('void *getenv(const char *name)')
  const memset = libc.func('void *memset(void *start, int byte, size_t count)')
  for (const name of given) {
    const value = process.env[name]!
    memset(getenv(name), 0, Buffer.byteLength(value))
    // Writing a variable puts it elsewhere in memory.
    if (HANDED_ON.includes(name)) process.env[name] = value
    else delete process.env[name]
  }
}
