// Packages on this machine that a schema's file names: the operator's own commands leave them where they are.
// Owns how they are found in the text, and how a path that is relative to the file is made absolute; all other bytes stay as they are.

import { createHash } from 'node:crypto'
import { dirname, isAbsolute, resolve } from 'node:path'
import { isAlias, isScalar, parseDocument, visit } from 'yaml'
import { tagNames } from '../core/lifecycle/heddle-tags.ts'
import { parsePackageLocation } from '../core/schema/package-location.ts'
import type { Connection } from './api/connection.ts'

export interface LocalSchema {
  schema: Uint8Array
  /** The operator's leave for just this schema, where it names packages of this machine. */
  tags?: Readonly<Record<string, string>>
}

/** A schema's file as the Heddle that is called takes it: the one of this machine, called by its operator, may read packages here; another has files of its own. */
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

/** `folder` is the one that the file lies in. A text that can't be read comes back as it is: whoever starts it says what is wrong. */
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
    // A block of lines holds the end of its last one.
    const lineEnd = /\n$/.exec(changed.slice(start, end))?.[0] ?? ''
    changed = `${changed.slice(0, start)}${JSON.stringify(path)}${lineEnd}${changed.slice(end)}`
  }
  return { text: changed, hasHostPackages }
}
