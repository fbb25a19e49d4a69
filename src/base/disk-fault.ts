// Which errors mean that a disk takes nothing more, and the words for them.
// Owns the reading of an error and of its causes; never touches a disk.

const wordsOfCode: Readonly<Record<string, string>> = {
  ENOSPC: 'is full',
  EDQUOT: 'is full: the quota of its user is used up',
  EFBIG: 'takes no larger file: the limit of a file is reached',
  EROFS: 'can only be read',
  EIO: 'fails (I/O error)',
}

/** Result codes of SQLite, without what stands above their lowest byte. */
const wordsOfSqlite: Readonly<Record<number, string>> = {
  8: 'can only be read',
  10: 'fails (I/O error)',
  13: 'is full',
}

/**
 * What is wrong with the disk, as the end of a sentence; undefined where the error is of another
 * kind.
 */
export function diskFault(error: unknown): string | undefined {
  for (let fault = error; fault instanceof Error; fault = fault.cause) {
    const { code, errcode } = fault as { code?: unknown; errcode?: unknown }
    const words =
      typeof errcode === 'number' ? wordsOfSqlite[errcode & 0xff] : wordsOfCode[String(code)]
    if (words !== undefined) return words
  }
  return undefined
}
