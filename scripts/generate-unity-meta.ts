// Writes the .meta file that Unity wants beside each file and folder of sdk/csharp: without one, it
// ignores what lies in a package from git or from an archive.
// Owns the ids: they follow from the path, so that they are the same in every clone.

import { createHash } from 'node:crypto'
import { globSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const PACKAGE = join(import.meta.dirname, '../sdk/csharp')

/** Each .meta file and its text. Unity looks into no folder whose name ends with `~`. */
export function unityMetaFiles(): Map<string, string> {
  const paths = globSync('**/*', { cwd: PACKAGE })
    .filter((path) => !/~(\/|$)|\.meta$/.test(path))
    .sort()
  return new Map(paths.map((path) => [join(PACKAGE, `${path}.meta`), metaText(path)]))
}

/** Those that are there. */
export function presentMetaFiles(): string[] {
  return globSync('**/*.meta', { cwd: PACKAGE }).map((path) => join(PACKAGE, path))
}

function metaText(path: string): string {
  const guid = createHash('md5').update(`com.heddle.sdk/${path}`).digest('hex')
  const isFolder = statSync(join(PACKAGE, path)).isDirectory()
  return `fileFormatVersion: 2\nguid: ${guid}\n${isFolder ? 'folderAsset: yes\n' : ''}`
}

if (import.meta.main) {
  const wanted = unityMetaFiles()
  for (const path of presentMetaFiles()) if (!wanted.has(path)) rmSync(path)
  for (const [path, text] of wanted) writeFileSync(path, text)
}
