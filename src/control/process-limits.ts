// The system limits of this process (`ulimit`) that affect Heddle.
// Owns which limits are too low, and the messages; never changes a limit.

import { fileBytesMax, openFilesMax } from '../io/launch/proc.ts'
import { ConfigError } from './config.ts'

/** The size that the store alone may reach. */
const FILE_BYTES_MIN = 64 * 1024 ** 2

/** Half of them serve connections. Store, log, audit and open calls need the other half. */
const FILES_MIN = 256

/** Throws ConfigError if the process may open too few files. */
export function requireOpenFiles(filesMax = openFilesMax()): void {
  if (filesMax >= FILES_MIN) return
  throw new ConfigError(
    `at most ${filesMax} files may be open at once, connections and pipes among them, ` +
      `and heddle up needs ${FILES_MIN}: ` +
      'raise the limit of open files (ulimit -n, LimitNOFILE of systemd)',
  )
}

/** Throws ConfigError if the limit on file size is too low for the store. */
export function requireFileSize(bytesMax = fileBytesMax()): void {
  if (bytesMax < FILE_BYTES_MIN) {
    throw new ConfigError(
      `${fileSizeText(bytesMax)}, too little for Heddle's store: run ulimit -f unlimited before`,
    )
  }
}

/** Shared memory is reserved as sparse files of many GiB. Snapshots and objects can be as large. */
export function fileSizeWarning(bytesMax = fileBytesMax()): string | undefined {
  if (bytesMax === Number.POSITIVE_INFINITY) return undefined
  return (
    `${fileSizeText(bytesMax)}: simulations and uploads that need larger ones will fail; ` +
    `run ulimit -f unlimited before`
  )
}

function fileSizeText(bytesMax: number): string {
  return `no file may have more than ${bytesMax} bytes here (ulimit -f)`
}
