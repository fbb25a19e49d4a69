// Records and columns of the fabric's memory: the form of their tables, and where each entry lies.
// Owns kinds of numbers, alignment and order; never knows what an entry means.

import { PAGE_BYTES } from '../../../base/memory.ts'

export type Kind = 'u8' | 'u16' | 'u32' | 'i32' | 'f32' | 'f64'

export const kindBytes: Record<Kind, number> = { u8: 1, u16: 2, u32: 4, i32: 4, f32: 4, f64: 8 }

export const CACHE_LINE_BYTES = 64

/**
 * One entry of a record: `count` numbers of one kind in a row. `line` starts it on a cache line of
 * its own.
 */
export interface RecordEntry<Name extends string = string> {
  name: Name
  kind: Kind
  count?: number
  line?: boolean
  doc: string
}

/** One column of a partition: `width` numbers a row (or an item), `rows` says a row of what. */
export interface ColumnEntry<Name extends string = string> {
  name: Name
  kind: Kind
  width: number
  rows: 'entity' | 'partition' | 'message' | 'bin'
  doc: string
}

export type NamesOf<Entries extends readonly { name: string }[]> = Entries[number]['name']

/**
 * The places of a record's entries. `index` counts elements of the entry's own kind from the
 * record's start.
 */
export interface PlacedRecord<Name extends string> {
  entries: readonly RecordEntry<Name>[]
  offsetBytes: Record<Name, number>
  index: Record<Name, number>
  bytes: number
}

export function placeRecord<const Entries extends readonly RecordEntry[]>(
  entries: Entries,
): PlacedRecord<NamesOf<Entries>> {
  const offsetBytes: Record<string, number> = {}
  const index: Record<string, number> = {}
  let end = 0
  for (const entry of entries as readonly RecordEntry[]) {
    const bytes = kindBytes[entry.kind]
    end = roundUp(end, entry.line ? CACHE_LINE_BYTES : bytes)
    offsetBytes[entry.name] = end
    index[entry.name] = end / bytes
    end += bytes * (entry.count ?? 1)
  }
  return { entries, offsetBytes, index, bytes: roundUp(end, CACHE_LINE_BYTES) } as PlacedRecord<
    NamesOf<Entries>
  >
}

export interface PlacedColumns<Name extends string> {
  offsetBytes: Record<Name, number>
  /** Numbers in the whole column. */
  length: Record<Name, number>
  bytes: number
}

/** Places columns one behind the other; `counts` says how many rows of each kind there are. */
export function placeColumns<Name extends string>(
  entries: readonly ColumnEntry<Name>[],
  start: number,
  counts: Readonly<Record<ColumnEntry['rows'], number>>,
  alignBytes = PAGE_BYTES,
): PlacedColumns<Name> {
  const offsetBytes = {} as Record<Name, number>
  const length = {} as Record<Name, number>
  let end = start
  for (const entry of entries) {
    end = roundUp(end, alignBytes)
    offsetBytes[entry.name] = end
    length[entry.name] = counts[entry.rows] * entry.width
    end += length[entry.name] * kindBytes[entry.kind]
  }
  return { offsetBytes, length, bytes: roundUp(end, alignBytes) }
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
