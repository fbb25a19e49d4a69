// The limits that the system sets for this process (`ulimit`), as far as they stop Heddle.
// Owns what is too little, and the words for it; never changes a limit.

import { fileBytesMax, openFilesMax } from '../io/launch/proc.ts'
import { ConfigError } from './config.ts'

/** The store alone may take this much. */
const FILE_BYTES_MIN = 64 * 1024 ** 2

/** Half of them are for connections; the store, the log, the audit and what calls have open need the others. */
const FILES_MIN = 256

/** Throws ConfigError where too few files may be open. */
export function requireOpenFiles(filesMax = openFilesMax()): void {
  if (filesMax >= FILES_MIN) return
  throw new ConfigError(
    `at most ${filesMax} files may be open at once, connections and pipes among them, and heddle up needs ${FILES_MIN}: ` +
      'raise the limit of open files (ulimit -n, LimitNOFILE of systemd)',
  )
}

/** Throws ConfigError where files may be so small that the store can't be kept. */
export function requireFileSize(bytesMax = fileBytesMax()): void {
  if (bytesMax < FILE_BYTES_MIN) {
    throw new ConfigError(`${fileSizeText(bytesMax)}, too little for Heddle's store: run ulimit -f unlimited before`)
  }
}

/** Shared memory is reserved as files of many GiB, most of it never used; snapshots and objects may be as large. */
export function fileSizeWarning(bytesMax = fileBytesMax()): string | undefined {
  if (bytesMax === Number.POSITIVE_INFINITY) return undefined
  return `${fileSizeText(bytesMax)}: simulations and uploads that need larger ones will fail; run ulimit -f unlimited before`
}

function fileSizeText(bytesMax: number): string {
  return `no file may have more than ${bytesMax} bytes here (ulimit -f)`
}
