// Recognises errors of a disk that can take no more data, and words them.
// Owns the reading of an error and of its causes; never touches a disk.

const wordsOfCode: Readonly<Record<string, string>> = {
  ENOSPC: 'is full',
  EDQUOT: 'is full: the quota of its user is used up',
  EFBIG: 'takes no larger file: the limit of a file is reached',
  EROFS: 'can only be read',
  EIO: 'fails (I/O error)',
}

/** SQLITE_IOERR_SHMSIZE: no room for the memory that processes share. */
const NO_ROOM_TO_SHARE = 4874

/** SQLite's primary result codes: the lowest byte of an extended code. */
const wordsOfSqlite: Readonly<Record<number, string>> = {
  8: 'can only be read',
  10: 'fails (I/O error)',
  13: 'is full',
}

/** Returns what is wrong with the disk, as the end of a sentence; undefined for other errors. */
export function diskFault(error: unknown): string | undefined {
  for (let fault = error; fault instanceof Error; fault = fault.cause) {
    const { code, errcode } = fault as { code?: unknown; errcode?: unknown }
    if (errcode === NO_ROOM_TO_SHARE) return wordsOfCode.ENOSPC
    const words =
      typeof errcode === 'number' ? wordsOfSqlite[errcode & 0xff] : wordsOfCode[String(code)]
    if (words !== undefined) return words
  }
  return undefined
}
