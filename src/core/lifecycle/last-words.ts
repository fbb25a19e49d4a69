// The end of a failed app's output, as one line with the reason for the failure.
// Owns which part is shown; never keeps output.

const LINES_MAX = 6
const CHARACTERS_MAX = 1_000

/** Bytes of output that suffice, even with a long stack at the end. */
export const LAST_WORDS_BYTES = 8_192

/**
 * Returns the last lines without stack frames and Node's additions; undefined if there are none.
 */
export function lastWords(output: string): string | undefined {
  const lines = output
    .split('\n')
    .map((line) => line.replaceAll(/\p{Cc}+/gu, ' ').trim())
    .filter((line) => line !== '' && !/^(at |Node\.js v\d|\^+$)/.test(line))
    .slice(-LINES_MAX)
  if (lines.length === 0) return undefined
  const text = lines.join(' | ')
  return text.length > CHARACTERS_MAX ? `…${text.slice(-CHARACTERS_MAX)}` : text
}
