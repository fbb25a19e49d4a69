// The project's pages: links between them, and how wide their prose is.
// Owns what a link is, how a heading becomes an anchor, and which lines are prose. Never looks at
// addresses on the network.

import { dirname, normalize } from 'node:path/posix'

/**
 * One line for each relative link that leads nowhere: `path:line target`. `pages` are all pages by
 * path; `known` are all files.
 */
export function findDeadLinks(
  path: string,
  pages: ReadonlyMap<string, string>,
  known: readonly string[],
): string[] {
  return proseLines(pages.get(path) ?? '').flatMap(({ line, number }) =>
    [...line.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^[a-z][a-z+.-]*:/.test(target) && !resolves(path, target, pages, known))
      .map((target) => `${path}:${number} ${target}`),
  )
}

const COLUMNS_MAX = 100

/** `path:line` of every line that is too wide. Tables and blocks of code may be. */
export function findWideProse(path: string, text: string): string[] {
  return proseLines(text, false)
    .filter(({ line }) => !/^\s*\|/.test(line) && [...line].length > COLUMNS_MAX)
    .map(({ number }) => `${path}:${number}`)
}

function resolves(
  path: string,
  target: string,
  pages: ReadonlyMap<string, string>,
  known: readonly string[],
): boolean {
  const [name, anchor] = target.split('#') as [string, string?]
  const file = name === '' ? path : normalize(`${dirname(path)}/${name}`).replace(/\/$/, '')
  if (!known.some((one) => one === file || one.startsWith(`${file}/`))) return false
  return anchor === undefined || anchorsOf(pages.get(file) ?? '').has(anchor)
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const { line } of proseLines(text, false)) {
    const heading = /^#{1,6} +(.*?) *$/.exec(line)?.[1]
    if (heading === undefined) continue
    const shown = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = shown.replace(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-')
    let unique = anchor
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`
    anchors.add(unique)
  }
  return anchors
}

/** A page's lines with their numbers, without blocks of code and, by default, code in a line. */
function proseLines(text: string, withoutCode = true): { line: string; number: number }[] {
  let inBlock = false
  return text.split('\n').flatMap((line, index) => {
    const isFence = /^\s*```/.test(line)
    if (isFence) inBlock = !inBlock
    if (isFence || inBlock) return []
    return [{ line: withoutCode ? line.replace(/`[^`]*`/g, '') : line, number: index + 1 }]
  })
}
