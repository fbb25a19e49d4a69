// Recognises errors of too many open files, and words them. Connections and pipes count as files.
// Owns the reading of an error and of its causes; never opens a file.

const wordsOfCode: Readonly<Record<string, string>> = {
  EMFILE: 'The process has as many files open as it may (ulimit -n)',
  ENFILE: 'The machine has as many files open as it may (sysctl fs.file-max)',
}

/**
 * Returns whose limit is reached, as a sentence without its full stop; undefined for other errors.
 */
export function filesFault(error: unknown): string | undefined {
  for (let fault = error; fault instanceof Error; fault = fault.cause) {
    const words = wordsOfCode[String((fault as NodeJS.ErrnoException).code)]
    if (words !== undefined) return words
  }
  return undefined
}
