// Exports that no other file imports: each widens what a reader must know of a file.
// Owns what counts as used, and how many are left where they have not been removed yet.

import { posix } from 'node:path'
import type { Source } from './sources.ts'

/** Files whose exports are for users of the packages, not for the project. */
const PUBLIC_FILES = new Set(['sdk/typescript/src/index.ts', 'clients/typescript/src/index.ts'])

/** So many are left in a folder: a bound that may only become less. All other folders have none. */
const UNUSED_EXPORTS_MAX: Readonly<Record<string, number>> = {
  'src/control': 40,
  'src/core/access': 12,
  'src/core/api': 16,
  'src/core/fabric': 20,
  'src/io': 28,
  'src/worker': 20,
}

/** `path:line name` of every export that no other file names. */
export function findUnusedExports(sources: readonly Source[]): string[] {
  const used = usedNames(sources)
  return sources
    .filter(({ path }) => !PUBLIC_FILES.has(path) && !used.has(path))
    .flatMap(({ path, exports }) =>
      exports.filter(({ name }) => !used.has(`${path} ${name}`)).map(({ name, line }) => `${path}:${line} ${name}`),
    )
    .sort()
}

/** The unused exports of the folders that have more of them than they may. */
export function beyondBounds(
  unused: readonly string[],
  bounds: Readonly<Record<string, number>> = UNUSED_EXPORTS_MAX,
): string[] {
  const folderOf = (line: string) => Object.keys(bounds).find((folder) => line.startsWith(`${folder}/`)) ?? ''
  const byFolder = Map.groupBy(unused, folderOf)
  return [...byFolder].flatMap(([folder, lines]) => (lines.length > (bounds[folder] ?? 0) ? lines : []))
}

/** `path name` for a name that is imported, `path` alone for a file that is imported as a whole. */
function usedNames(sources: readonly Source[]): Set<string> {
  const used = new Set<string>()
  for (const { imports } of sources) {
    for (const { target, names, isWhole } of imports) {
      if (target === undefined) continue
      const path = posix.normalize(target)
      if (isWhole) used.add(path)
      for (const name of names) used.add(`${path} ${name}`)
    }
  }
  return used
}
