// Wraps the prose of generated pages at 100 columns. Never touches tables, headings or code.

const COLUMNS_MAX = 100

export function wrapProse(page: string): string {
  let inCode = false
  return page
    .split('\n')
    .flatMap((line) => {
      const isFence = line.startsWith('```')
      if (isFence) inCode = !inCode
      return isFence || inCode || /^[|#]/.test(line) ? [line] : wrapLine(line)
    })
    .join('\n')
}

/** A list item goes on under its text. Code within a line is not broken. */
function wrapLine(line: string): string[] {
  const indent = line.startsWith('- ') ? '  ' : ''
  const lines: string[] = []
  let current = ''
  for (const word of line.match(/(?:`[^`]*`|[^ `])+/g) ?? ['']) {
    if (current !== '' && [...current].length + 1 + [...word].length > COLUMNS_MAX) {
      lines.push(current)
      current = `${indent}${word}`
    } else {
      current = current === '' ? word : `${current} ${word}`
    }
  }
  return [...lines, current]
}
