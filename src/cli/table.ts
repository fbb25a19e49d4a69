// Tables in plain text. Owns widths, and which characters may reach a terminal; never decides what
// is in a table.

/** Columns as wide as their widest cell, two spaces apart; no space at the end of a line. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map(printable))
  const columnCount = Math.max(0, ...shown.map((row) => row.length))
  const widths = Array.from({ length: columnCount }, (_, column) =>
    Math.max(...shown.map((row) => row[column]?.length ?? 0)),
  )
  return shown
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/** Text from elsewhere could control a terminal, so control characters become spaces. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ')
}
