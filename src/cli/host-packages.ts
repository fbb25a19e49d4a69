// Packages on this machine that a schema's file names: the operator's own commands leave them where
// they are. Owns how they are found in the text, and how relative paths are made absolute; keeps
// all other bytes.

import { createHash } from 'node:crypto'
import { dirname, isAbsolute, resolve } from 'node:path'
import { isAlias, isScalar, parseDocument, visit } from 'yaml'
import { tagNames } from '../core/lifecycle/heddle-tags.ts'
import { parsePackageLocation } from '../core/schema/package-location.ts'
import type { Connection } from './api/connection.ts'

export interface LocalSchema {
  schema: Uint8Array
  /** The operator's permission for exactly this schema, if it names packages of this machine. */
  tags?: Readonly<Record<string, string>>
}

/**
 * The schema's text for the Heddle that is called. The operator's Heddle on this machine may read
 * packages here; any other one has its own files.
 */
export function schemaFor(
  { data }: Pick<Connection, 'data'>,
  file: string,
  schema: Uint8Array,
): LocalSchema {
  if (data === undefined) return { schema }
  const { text, hasHostPackages } = withAbsolutePackages(
    new TextDecoder().decode(schema),
    dirname(resolve(file)),
  )
  if (!hasHostPackages) return { schema }
  const sha256 = createHash('sha256').update(text).digest('hex')
  return { schema: Buffer.from(text), tags: { [tagNames.hostPackages]: sha256 } }
}

/**
 * `folder` contains the file. An unreadable text is returned unchanged: the start reports what is
 * wrong.
 */
export function withAbsolutePackages(
  text: string,
  folder: string,
): { text: string; hasHostPackages: boolean } {
  const document = parseDocument(text, { logLevel: 'silent' })
  const replaced: { start: number; end: number; path: string }[] = []
  let hasHostPackages = false
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || key.value !== 'package') return
      const node = isAlias(value) ? value.resolve(document) : value
      if (!isScalar(node) || typeof node.value !== 'string') return
      const result = parsePackageLocation(node.value)
      if (!('location' in result) || result.location.kind !== 'path') return
      hasHostPackages = true
      const { path } = result.location
      if (isAbsolute(path)) return
      const [start, end] = (value as typeof node).range!
      replaced.push({ start, end, path: resolve(folder, path) })
    },
  })
  let changed = text
  for (const { start, end, path } of replaced.toSorted((one, other) => other.start - one.start)) {
    // A block of lines includes the end of its last line.
    const lineEnd = /\n$/.exec(changed.slice(start, end))?.[0] ?? ''
    changed = `${changed.slice(0, start)}${JSON.stringify(path)}${lineEnd}${changed.slice(end)}`
  }
  return { text: changed, hasHostPackages }
}
