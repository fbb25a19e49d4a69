// Exports that no other file imports: each widens what a reader must know of a file.
// Owns what counts as used.

import { posix } from 'node:path'
import type { Source } from './sources.ts'

/** Files whose exports are for users of the packages, not for the project. */
const PUBLIC_FILES = new Set(['sdk/typescript/src/index.ts', 'clients/typescript/src/index.ts'])

/** `path:line name` of every export that no other file names. */
export function findUnusedExports(sources: readonly Source[]): string[] {
  const used = usedNames(sources)
  return sources
    .filter(({ path }) => !PUBLIC_FILES.has(path) && !used.has(path))
    .flatMap(({ path, exports }) =>
      exports
        .filter(({ name }) => !used.has(`${path} ${name}`))
        .map(({ name, line }) => `${path}:${line} ${name}`),
    )
    .sort()
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
