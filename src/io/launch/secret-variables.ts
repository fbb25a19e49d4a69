// The secrets that a Heddle program gets in its environment.
// Owns the list, and hides them from /proc; never keeps one.

import koffi from 'koffi'

/** Variables that are read once, and those that no Heddle program needs. */
export const READ_ONCE = [
  'HEDDLE_ACCESS_KEY_ID',
  'HEDDLE_SECRET_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
]

/** Variables that control passes to its workers, and a worker to its threads. */
const HANDED_ON = ['HEDDLE_S3_ACCESS_KEY_ID', 'HEDDLE_S3_SECRET_ACCESS_KEY']

/**
 * Overwrites the secrets in this process's initial environment, and removes the variables that are
 * read once. Linux shows that memory in `/proc/<pid>/environ` to all programs of the same user,
 * even after a variable is deleted.
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
    // Assigning a variable moves it to other memory.
    if (HANDED_ON.includes(name)) process.env[name] = value
    else delete process.env[name]
  }
}
