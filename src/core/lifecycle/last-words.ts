// The end of a failed app's output, as one line that tells a reader why it failed.
// Owns what of it is worth showing; never keeps output.

const linesMax = 6
const charactersMax = 1_000

/** Bytes of output that are enough for it, with a long stack at the end. */
export const lastWordsBytes = 8_192

/** The last lines, without stack frames and what Node adds; undefined where there are none. */
export function lastWords(output: string): string | undefined {
  const lines = output
    .split('\n')
    .map((line) => line.replaceAll(/\p{Cc}+/gu, ' ').trim())
    .filter((line) => line !== '' && !/^(at |Node\.js v\d|\^+$)/.test(line))
    .slice(-linesMax)
  if (lines.length === 0) return undefined
  const text = lines.join(' | ')
  return text.length > charactersMax ? `…${text.slice(-charactersMax)}` : text
}
