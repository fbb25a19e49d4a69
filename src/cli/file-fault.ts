// The meaning of a file system failure for the user who typed the file's name. Owns the words; the
// caller's sentence names the file.

const wordsOfCode: Record<string, string> = {
  ENOENT: 'it is not there',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'nothing can be written there',
  ENOSPC: 'no space is left',
}

export function fileFault(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return wordsOfCode[code ?? ''] ?? message
}
