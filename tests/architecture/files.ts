// The project's files as git knows them; words in them that belong to one machine, and names of
// files that are not there. Owns what counts as such a word or name.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Folders where people and build machines keep their work, as absolute paths; hosts that packages
 * were fetched from.
 */
const PRIVATE_WORDS = [
  new RegExp(`(?<![\\w.~}-])/(?:${['Users', 'root', 'work'].join('|')})/\\w[\\w.-]*`, 'g'),
  /\bregistry\.[\w-]+\.\w[\w.-]*/g,
]

/** Every text file that is committed or about to be, or nothing where git can't tell. */
export function listFiles(root: string): { path: string; text: string }[] | undefined {
  const { status, stdout } = spawnSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  if (status !== 0) return undefined
  return stdout
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
    .filter(({ text }) => !text.includes('\0'))
}

/**
 * One line for each private word: `path:line word`. `folders` are private besides the usual ones.
 */
export function findPrivateWords(path: string, text: string, folders: readonly string[]): string[] {
  return text.split('\n').flatMap((line, index) => {
    const usual = PRIVATE_WORDS.flatMap((pattern) =>
      [...line.matchAll(pattern)].map(([word]) => word),
    )
    const words = [...usual, ...folders.filter((folder) => line.includes(folder))]
    return words.map((word) => `${path}:${index + 1} ${word}`)
  })
}

/** Names of the project's own files: whole paths in pages, names of pages in sources. */
const PATH_IN_PAGE =
  /(?<=`|\]\()(?:src|sdk|clients|samples|scripts|tests|bench|docs|bin)\/[\w./-]+(?=[`)#])/g
const PAGE_IN_SOURCE = /(?<![\w*…/-])(?:[\w-]+\/)*[\w-]+\.md\b/g

/**
 * One line for each name of a file or folder that does not exist: `path:line name`. `known` are all
 * files.
 */
export function findDeadNames(path: string, text: string, known: readonly string[]): string[] {
  const isPage = path.endsWith('.md')
  if (!isPage && !path.endsWith('.ts')) return []
  const exists = (name: string) =>
    known.some(
      (file) =>
        file === name ||
        file.startsWith(`${name.replace(/\/$/, '')}/`) ||
        (!isPage && file.endsWith(`/${name}`)),
    )
  return text.split('\n').flatMap((line, index) =>
    [...line.matchAll(isPage ? PATH_IN_PAGE : PAGE_IN_SOURCE)]
      .map(([name]) => name)
      .filter((name) => !exists(name))
      .map((name) => `${path}:${index + 1} ${name}`),
  )
}

const COLUMNS_MAX = 100

/** `path:line` of every line of a source that is too long to be read beside another one. */
export function findLongLines(path: string, text: string): string[] {
  if (!/\.(ts|mjs)$/.test(path)) return []
  return text
    .split('\n')
    .flatMap((line, index) => ([...line].length > COLUMNS_MAX ? [`${path}:${index + 1}`] : []))
}

/** A number or a text that a module sets once, and names as if it were a variable. */
const LOWER_CONSTANT =
  /^(?:export )?const ([a-z]\w*)(?:: \w+)? = (?:-?\d[\d_.e*+/ -]*|0x\w+|'[^']*')$/

/** `path:line name` of every such constant: they are written `LIKE_THIS`. */
export function findLowerConstants(path: string, text: string): string[] {
  if (!path.endsWith('.ts') || path.endsWith('.wasm.ts')) return []
  return text.split('\n').flatMap((line, index) => {
    const name = LOWER_CONSTANT.exec(line)?.[1]
    return name === undefined ? [] : [`${path}:${index + 1} ${name}`]
  })
}

/** A comment that opens with what its subject depends on, or a line of one that does. */
const DANGLING_COMMENT = /(?:^|\s)(?:\/\/|\/?\*{1,2})\s+Of\s/

/** `path:line` of every such comment of a source: comments name their subject first. */
export function findDanglingComments(path: string, text: string): string[] {
  if (!/\.(ts|mjs)$/.test(path)) return []
  return text
    .split('\n')
    .flatMap((line, index) => (DANGLING_COMMENT.test(line) ? [`${path}:${index + 1}`] : []))
}
