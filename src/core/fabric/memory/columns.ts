// The columns of a partition's files: of a side, its groups, its data fields, its messages, and the
// spatial index.
// Owns the tables of their names, types and order, and the values of a row's state; where each
// column lies is in layout.ts.

import type { ColumnEntry, NamesOf } from './placing.ts'

/** The values of the column `state`. */
export const rowState = { free: 0, here: 1, leaving: 2 } as const
export const rowStateDocs: Readonly<Record<keyof typeof rowState, string>> = {
  free: 'No entity is in the row.',
  here: 'An entity that stays.',
  leaving: 'An entity that is here in this tick, and with its target from the next if granted.',
}

const columnEntries = [
  {
    name: 'id',
    kind: 'f64',
    width: 1,
    rows: 'entity',
    doc: 'Entity id: a whole number below 2^53.',
  },
  { name: 'type', kind: 'u32', width: 1, rows: 'entity', doc: 'Type id, 512 or higher.' },
  {
    name: 'state',
    kind: 'u8',
    width: 1,
    rows: 'entity',
    doc: 'Whether the row holds an entity, and whether it leaves: see the states of a row.',
  },
  {
    name: 'destination',
    kind: 'u8',
    width: 1,
    rows: 'entity',
    doc: 'Domain it is to be handed to, plus 1; 0 is the domain that it is in.',
  },
  {
    name: 'changed',
    kind: 'u32',
    width: 1,
    rows: 'entity',
    doc: 'Low 32 bits of the tick of its last change.',
  },
  { name: 'position', kind: 'f32', width: 3, rows: 'entity', doc: 'x, y, z.' },
  {
    name: 'leavingRow',
    kind: 'u32',
    width: 1,
    rows: 'entity',
    doc: 'Not by row: rows of leaving entities, group by group.',
  },
] as const satisfies readonly ColumnEntry[]

/**
 * What a side says of its groups. These columns are short, and many programs read them in every
 * tick: they lie together, right behind the records.
 */
const groupColumnEntries = [
  {
    name: 'handoffTarget',
    kind: 'u32',
    width: 1,
    rows: 'partition',
    doc: 'By group: the partition it goes to.',
  },
  {
    name: 'handoffStart',
    kind: 'u32',
    width: 1,
    rows: 'partition',
    doc: 'By group: its first place in leavingRow.',
  },
  {
    name: 'handoffCount',
    kind: 'u32',
    width: 1,
    rows: 'partition',
    doc: 'By group: how many entities ask to go.',
  },
  {
    name: 'handoffGranted',
    kind: 'u32',
    width: 1,
    rows: 'partition',
    doc: 'By group: how many of them go; written by the worker at the barrier.',
  },
  {
    name: 'incomingSource',
    kind: 'u32',
    width: 1,
    rows: 'partition',
    doc:
      'By incoming group: the partition it comes from, in ascending order; written by the ' +
      'worker at the barrier.',
  },
  {
    name: 'incomingGroup',
    kind: 'u32',
    width: 1,
    rows: 'partition',
    doc: "By incoming group: which of its source's groups it is.",
  },
  {
    name: 'messageTarget',
    kind: 'u32',
    width: 1,
    rows: 'partition',
    doc: 'By group: the partition the messages are for.',
  },
  {
    name: 'messageStart',
    kind: 'u32',
    width: 1,
    rows: 'partition',
    doc: 'By group: its first message.',
  },
  {
    name: 'messageCount',
    kind: 'u32',
    width: 1,
    rows: 'partition',
    doc: 'By group: how many messages.',
  },
] as const satisfies readonly ColumnEntry[]

/** The segment of one data field on one side. */
const fieldColumnEntries = [
  {
    name: 'length',
    kind: 'i32',
    width: 1,
    rows: 'entity',
    doc: 'Bytes of the field, plus 1; 0 where the entity has no such field.',
  },
  {
    name: 'typeId',
    kind: 'u32',
    width: 1,
    rows: 'entity',
    doc: 'Type id that the app gave to the data.',
  },
] as const satisfies readonly ColumnEntry[]

/**
 * A segment of the spatial index: one of its two tables, sorted by bins, and the changes of one
 * side since a table was made.
 */
const indexColumnEntries = [
  {
    name: 'start',
    kind: 'u32',
    width: 1,
    rows: 'bin',
    doc: 'By bin, x first: its first entry. The next bin begins where it ends.',
  },
  { name: 'row', kind: 'u32', width: 1, rows: 'entity', doc: 'By entry: the row of the entity.' },
  {
    name: 'x',
    kind: 'f32',
    width: 1,
    rows: 'entity',
    doc: 'By entry: where it was when the table was made.',
  },
  { name: 'y', kind: 'f32', width: 1, rows: 'entity', doc: 'As x.' },
  {
    name: 'changedRow',
    kind: 'u32',
    width: 1,
    rows: 'entity',
    doc: 'Not by row: rows that changed since the table was made, on the side of that number.',
  },
  {
    name: 'changedSince',
    kind: 'u32',
    width: 1,
    rows: 'entity',
    doc: 'By row, on that side: number of the table that is outdated for it, see `tableNumber`.',
  },
] as const satisfies readonly ColumnEntry[]

/** The segment of the messages that one partition sends, on one side. */
const messageColumnEntries = [
  { name: 'start', kind: 'u32', width: 1, rows: 'message', doc: 'First byte in the heap.' },
  { name: 'bytes', kind: 'u32', width: 1, rows: 'message', doc: 'Length of the payload.' },
] as const satisfies readonly ColumnEntry[]

export const columns: readonly ColumnEntry<NamesOf<typeof columnEntries>>[] = columnEntries
export const groupColumns: readonly ColumnEntry<NamesOf<typeof groupColumnEntries>>[] =
  groupColumnEntries
export const fieldColumns: readonly ColumnEntry<NamesOf<typeof fieldColumnEntries>>[] =
  fieldColumnEntries
export const indexColumns: readonly ColumnEntry<NamesOf<typeof indexColumnEntries>>[] =
  indexColumnEntries
export const messageColumns: readonly ColumnEntry<NamesOf<typeof messageColumnEntries>>[] =
  messageColumnEntries
