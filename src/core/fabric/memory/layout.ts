// The State Fabric's memory layout: ONE table of data. Offsets, views, the docs page and the C
// header are derived from it.
// Owns names, types, order and sizes; never touches memory itself.

import { PAGE_BYTES } from '../../../base/memory.ts'
import { bucketCount } from '../../tick/durations.ts'

export type Kind = 'u8' | 'u16' | 'u32' | 'i32' | 'f32' | 'f64'

/**
 * One entry of a record: `count` numbers of one kind in a row. `line` starts it on a cache line of
 * its own.
 */
interface RecordEntry<Name extends string = string> {
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

/** Grows with every change that an older program would misread. */
export const LAYOUT_VERSION = 5
export const LAYOUT_MAGIC = 0x4c44_4448 // 'HDDL' in memory
/** Field indices are 1 to this; index 0 is the position (the index key). */
export const FIELD_INDEX_MAX = 63
/**
 * Boxes that a partition can publish as read by its app. If there are more, the last one encloses
 * the rest.
 */
export const INTEREST_MAX = 16
/** Most bins of a spatial index along each axis of a cell. */
export const BINS_PER_AXIS_MAX = 64
const CACHE_LINE_BYTES = 64

export const kindBytes: Record<Kind, number> = { u8: 1, u16: 2, u32: 4, i32: 4, f32: 4, f64: 8 }

/** Written by the worker alone; apps have it mapped for reading. */
const controlEntries = [
  { name: 'magic', kind: 'u32', doc: 'Always 0x4c444448.' },
  {
    name: 'layoutVersion',
    kind: 'u32',
    doc: 'The version of this layout; another one is refused.',
  },
  {
    name: 'partitionCapacity',
    kind: 'u32',
    doc: 'Most partitions that this fabric can ever hold at once.',
  },
  { name: 'entityLimit', kind: 'u32', doc: 'Most entities in one partition.' },
  { name: 'fieldBytesMax', kind: 'u32', doc: 'Most bytes in one data field.' },
  { name: 'messageLimit', kind: 'u32', doc: 'Most messages that one app may send in a tick.' },
  { name: 'messageBytesMax', kind: 'u32', doc: 'Most bytes in one message.' },
  {
    name: 'messageHeapBytes',
    kind: 'u32',
    doc: 'Most bytes in all messages that one app sends in a tick.',
  },
  { name: 'partitionCount', kind: 'u32', doc: 'Partition indices in use are below this.' },
  { name: 'shutdown', kind: 'i32', doc: '1 once the whole simulation shuts down.' },
  {
    name: 'fieldsPerEntity',
    kind: 'u32',
    doc: 'Most data fields that one entity can have at once.',
  },
  {
    name: 'fieldsTick',
    kind: 'f64',
    doc: 'The newest committed tick in which a partition opened a field, or made one wider.',
  },
  {
    name: 'interestsTick',
    kind: 'f64',
    doc: 'The newest committed tick in which an app began to read other boxes than before.',
  },
  {
    name: 'straying',
    kind: 'u32',
    doc:
      "Not 0 if an entity may be in a cell of its domain that is neither its owner's nor its " +
      "target's: partitions that say `strays`, and groups that leave for another domain. " +
      'Counted by the worker at each barrier.',
  },
  { name: 'nextIdLane', kind: 'f64', doc: 'Lowest id lane not handed out yet.' },
  { name: 'tickRate', kind: 'f64', doc: 'Ticks a second the clock aims at; 0 is unlimited.' },
  {
    name: 'tick',
    kind: 'f64',
    line: true,
    doc: 'The tick released last: apps that are asked for it compute it.',
  },
  {
    name: 'committedTick',
    kind: 'f64',
    doc: 'The newest tick that is committed for the whole world.',
  },
  {
    name: 'releaseWord',
    kind: 'i32',
    line: true,
    doc: 'Futex. The worker adds 1 and wakes all after it released a tick.',
  },
  {
    name: 'memoryPages',
    kind: 'i32',
    line: true,
    doc: 'Pages of 4,096 bytes that were claimed in all files together at the last barrier.',
  },
  {
    name: 'memoryPagesMax',
    kind: 'i32',
    doc: 'No more pages than these are claimed in all.',
  },
] as const satisfies readonly RecordEntry[]

/** The file `wake`: all that apps write outside of their own partitions. It is only a hint. */
const wakeEntries = [
  {
    name: 'word',
    kind: 'i32',
    doc:
      'Futex of the worker. The low 20 bits count the apps that have not committed: the last ' +
      'one wakes the worker. All other wakes add to the high bits.',
  },
] as const satisfies readonly RecordEntry[]

const partitionEntries = [
  { name: 'state', kind: 'i32', doc: '0 free, 1 in use.' },
  {
    name: 'epoch',
    kind: 'u32',
    doc: 'Grows each time this index is given to another partition; part of the segment names.',
  },
  { name: 'domain', kind: 'u32', doc: 'Index of its domain in the description of the world.' },
  { name: 'cell', kind: 'i32', doc: 'Index of its grid cell, x axis first; -1 without an area.' },
  {
    name: 'incarnation',
    kind: 'i32',
    doc: 'Number of the launch whose process may attach; grows at every launch.',
  },
  {
    name: 'refused',
    kind: 'i32',
    doc: '1 more than the launch whose numbers were wrong at a barrier: its commit does not count.',
  },
  { name: 'shutdown', kind: 'i32', doc: '1 once this app has to shut down.' },
  { name: 'nameBytes', kind: 'u32', doc: "Length of the app's name." },
  { name: 'name', kind: 'u8', count: 256, doc: "The app's name, UTF-8." },
] as const satisfies readonly RecordEntry[]

/**
 * Numbers of a meter of durations: a count for each bucket (see core/tick/durations.ts), and then
 * their sum in ms.
 */
export const durationNumbers: number = bucketCount + 1

/**
 * What an app tells the worker, at the begin of its partition. Only the app writes it, or the
 * worker while there is no app.
 */
const appEntries = [
  {
    name: 'committed',
    kind: 'i32',
    doc: 'Low 32 bits of the newest tick that it has committed. To store it is the commit.',
  },
  { name: 'attached', kind: 'i32', doc: 'The launch whose process has attached; 0 for none yet.' },
  {
    name: 'destroyed',
    kind: 'i32',
    doc: 'The launch that has destroyed its application: the exit of its process is no failure.',
  },
  {
    name: 'pid',
    kind: 'i32',
    doc: 'Process id as the app sees it, for its operator. Nothing is decided by it.',
  },
  {
    name: 'interestsTick',
    kind: 'f64',
    doc: 'The newest tick in which it began to read other boxes than before.',
  },
  {
    name: 'fieldsTick',
    kind: 'f64',
    doc: 'The newest tick in which it opened a field, or made one wider.',
  },
  {
    name: 'finish',
    kind: 'i32',
    line: true,
    doc: 'Room for what comes: not 0 asks for the end of the simulation. 0 today.',
  },
  {
    name: 'finishReasonBytes',
    kind: 'u32',
    doc: 'Room for what comes: length of the reason. 0 today.',
  },
  {
    name: 'finishReason',
    kind: 'u8',
    count: 248,
    doc: 'Room for what comes: why, in UTF-8. 0 today.',
  },
  {
    name: 'series',
    kind: 'f64',
    count: 64,
    doc: 'Room for what comes: values that an app has recorded tick by tick. 0 today.',
  },
  {
    name: 'fetches',
    kind: 'u32',
    count: 64,
    doc: 'Room for what comes: what an app asks to be fetched for it. 0 today.',
  },
] as const satisfies readonly RecordEntry[]

/** What an app counts of its ticks; begins at 0 with the partition. */
const appMeterEntries = [
  {
    name: 'wait',
    kind: 'f64',
    count: durationNumbers,
    doc: 'Durations: its app waits for the next tick.',
  },
  {
    name: 'read',
    kind: 'f64',
    count: durationNumbers,
    doc: 'Durations: its app takes over the committed tick.',
  },
  {
    name: 'simulate',
    kind: 'f64',
    count: durationNumbers,
    doc: 'Durations: its app computes, from begin to commit.',
  },
  { name: 'commit', kind: 'f64', count: durationNumbers, doc: 'Durations: its app commits.' },
] as const satisfies readonly RecordEntry[]

/** What the worker counts of a partition at the barrier; begins at 0 with the partition. */
const partitionMeterEntries = [
  { name: 'entities', kind: 'f64', doc: 'Entities at the committed tick, leaving ones included.' },
  { name: 'handedOut', kind: 'f64', doc: 'Entities that others were granted.' },
  { name: 'takenIn', kind: 'f64', doc: "Others' entities that it was granted." },
  {
    name: 'rejected',
    kind: 'f64',
    doc: 'Times that an entity asked to leave and was not granted.',
  },
] as const satisfies readonly RecordEntry[]

/** What the clock counts of its ticks. */
const clockMeterEntries = [
  {
    name: 'barrier',
    kind: 'f64',
    count: durationNumbers,
    doc: 'Durations: from the release of a tick until all have committed it.',
  },
  {
    name: 'handoff',
    kind: 'f64',
    count: durationNumbers,
    doc: 'Durations: the worker grants handoffs.',
  },
  {
    name: 'missedTicks',
    kind: 'f64',
    doc: 'Ticks that should have been released by the tick rate and were not.',
  },
  {
    name: 'releasedAt',
    kind: 'f64',
    doc: "When the newest tick was released: ms of the system's monotonic clock.",
  },
] as const satisfies readonly RecordEntry[]

/** The record of each side; everything in it belongs to that side's tick. */
const sideEntries = [
  { name: 'tick', kind: 'f64', doc: 'The tick whose state this side holds.' },
  { name: 'idLane', kind: 'f64', doc: 'Lane of the next id that this partition gives.' },
  { name: 'idCounter', kind: 'f64', doc: 'Place of the next id in its lane.' },
  {
    name: 'everyRowChanged',
    kind: 'f64',
    doc:
      'The newest tick in which all rows were written at once, 0 for none. The last change of ' +
      'a row is the later one of this and `changed`.',
  },
  {
    name: 'rows',
    kind: 'u32',
    doc: 'Rows in use are below this; there may be free ones among them.',
  },
  { name: 'nextRow', kind: 'u32', doc: 'From here on up its owner looks for the next free row.' },
  { name: 'population', kind: 'u32', doc: 'Entities, leaving ones included.' },
  {
    name: 'capacity',
    kind: 'u32',
    doc:
      'Entities that rows are claimed for in the next tick, arrivals included; the barrier ' +
      'grants no more.',
  },
  {
    name: 'strays',
    kind: 'u32',
    doc:
      '1 if an entity may be outside of its cell and yet not in a group of leaving ones: no ' +
      'partition owns its position.',
  },
  { name: 'handoffGroups', kind: 'u32', doc: 'Groups of leaving entities, one a target.' },
  {
    name: 'incomingGroups',
    kind: 'u32',
    doc:
      "Others' groups that this partition is the target of, granted or not; written by the " +
      'worker at the barrier.',
  },
  { name: 'messageGroups', kind: 'u32', doc: 'Groups of messages, one a target.' },
  { name: 'messages', kind: 'u32', doc: 'Messages sent in this tick.' },
  {
    name: 'fieldStride',
    kind: 'u32',
    count: FIELD_INDEX_MAX + 1,
    doc: 'By field index: bytes a row of that field has here; 0 is not in use.',
  },
  { name: 'interests', kind: 'u32', doc: 'Boxes that its app reads of other partitions.' },
  { name: 'interestDomain', kind: 'u32', count: INTEREST_MAX, doc: 'By box: index of the domain.' },
  {
    name: 'interestBox',
    kind: 'f64',
    count: INTEREST_MAX * 4,
    doc: 'By box: minX, minY, maxX, maxY, in world units.',
  },
  {
    name: 'indexed',
    kind: 'u32',
    doc: '1 where the spatial index holds every entity that is not in `quiet`.',
  },
  { name: 'indexTable', kind: 'u32', doc: 'Which of the two tables, 0 or 1, is the index.' },
  { name: 'indexBins', kind: 'u32', doc: 'Bins of the table along each axis of the cell.' },
  {
    name: 'indexChanges',
    kind: 'u32',
    doc: 'Rows that changed since the table was made, in `changedRow` of this side.',
  },
  { name: 'indexTick', kind: 'f64', doc: 'The tick as of which the table was made.' },
  {
    name: 'quiet',
    kind: 'f64',
    count: 4,
    doc: 'minX, minY, maxX, maxY; entities between them, and not on them, are not in the index.',
  },
] as const satisfies readonly RecordEntry[]

/** Shared by both sides; written by the owner, or by the worker while no tick is computed. */
const partitionHeaderEntries = [
  {
    name: 'claimedRows',
    kind: 'u32',
    doc: 'Rows of every column, on both sides, whose memory is claimed.',
  },
  {
    name: 'claimedFieldStride',
    kind: 'u32',
    count: FIELD_INDEX_MAX + 1,
    doc: 'By field index: the stride that is claimed for those rows on both sides.',
  },
  {
    name: 'claimedIndexRows',
    kind: 'u32',
    doc: 'Entries of both tables of the spatial index whose memory is claimed.',
  },
  {
    name: 'claimedIndexChanges',
    kind: 'u32',
    doc: 'Entries of `changedRow` whose memory is claimed, on both sides.',
  },
  {
    name: 'claimedMessages',
    kind: 'u32',
    count: 2,
    doc: 'By side: messages whose memory is claimed.',
  },
  {
    name: 'claimedHeapBytes',
    kind: 'u32',
    count: 2,
    doc: "By side: bytes of the messages' heap that are claimed.",
  },
  {
    name: 'claimedShapes',
    kind: 'u32',
    doc: 'Declarations of shapes whose memory is claimed: none or all.',
  },
  {
    name: 'claimedPages',
    kind: 'u32',
    doc: 'Pages that this partition has claimed, in all its files. Raised before a claim is made.',
  },
] as const satisfies readonly RecordEntry[]

/** Most bytes of a declaration's text. */
export const DECLARATION_BYTES_MAX = 1020

/**
 * The record of each field index; written by the owner. Each value is checked against the
 * declaration before it is trusted.
 */
const declarationEntries = [
  { name: 'bytes', kind: 'u32', doc: 'Length of the text; 0 for none. Written last.' },
  {
    name: 'text',
    kind: 'u8',
    count: DECLARATION_BYTES_MAX,
    doc:
      'The shape that the app declared for this field, as JSON in UTF-8: ' +
      '`{"typeId":600,"shape":"f32x3"}`.',
  },
] as const satisfies readonly RecordEntry[]

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
    doc: '0 free, 1 here, 2 leaving: here in this tick, at its target from the next if granted.',
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

type NamesOf<Entries extends readonly { name: string }[]> = Entries[number]['name']

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

function placeRecord<const Entries extends readonly RecordEntry[]>(
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

export const controlRecord = placeRecord(controlEntries)
export const wakeRecord = placeRecord(wakeEntries)
export const appRecord = placeRecord(appEntries)
export const appMeterRecord = placeRecord(appMeterEntries)
export const partitionRecord = placeRecord(partitionEntries)
export const partitionMeterRecord = placeRecord(partitionMeterEntries)
export const clockMeterRecord = placeRecord(clockMeterEntries)
export const sideRecord = placeRecord(sideEntries)
export const partitionHeaderRecord = placeRecord(partitionHeaderEntries)
export const declarationRecord = placeRecord(declarationEntries)
export const columns: readonly ColumnEntry<NamesOf<typeof columnEntries>>[] = columnEntries
export const groupColumns: readonly ColumnEntry<NamesOf<typeof groupColumnEntries>>[] =
  groupColumnEntries
export const fieldColumns: readonly ColumnEntry<NamesOf<typeof fieldColumnEntries>>[] =
  fieldColumnEntries
export const indexColumns: readonly ColumnEntry<NamesOf<typeof indexColumnEntries>>[] =
  indexColumnEntries
export const messageColumns: readonly ColumnEntry<NamesOf<typeof messageColumnEntries>>[] =
  messageColumnEntries

/** Sizes that determine the offsets of a fabric; the control segment has the same numbers. */
export interface FabricSizes {
  partitionCapacity: number
  entityLimit: number
  fieldBytesMax: number
  messageLimit: number
  messageBytesMax: number
  messageHeapBytes: number
  /** Data fields of one entity; as many as there are indices where absent. */
  fieldsPerEntity?: number
}

/**
 * The number of a table that was made in that tick: never 0, which is the content of unwritten
 * memory.
 */
export function tableNumber(tick: number): number {
  return (tick % 0xffff_fffe) + 1
}

/** Byte offsets in the control segment. */
export function controlLayout(partitionCapacity: number) {
  const askedOffset = controlRecord.bytes
  const partitionsOffset = askedOffset + roundUp(partitionCapacity * 4, CACHE_LINE_BYTES)
  const clockMeterOffset = partitionsOffset + partitionCapacity * partitionRecord.bytes
  const partitionMetersOffset = clockMeterOffset + clockMeterRecord.bytes
  return {
    askedOffset,
    partitionsOffset,
    clockMeterOffset,
    partitionMetersOffset,
    bytes: roundUp(
      partitionMetersOffset + partitionCapacity * partitionMeterRecord.bytes,
      PAGE_BYTES,
    ),
  }
}

export interface PlacedColumns<Name extends string> {
  offsetBytes: Record<Name, number>
  /** Numbers in the whole column. */
  length: Record<Name, number>
  bytes: number
}

function placeColumns<Name extends string>(
  entries: readonly ColumnEntry<Name>[],
  start: number,
  sizes: FabricSizes,
  alignBytes = PAGE_BYTES,
): PlacedColumns<Name> {
  const offsetBytes = {} as Record<Name, number>
  const length = {} as Record<Name, number>
  const counts = {
    entity: sizes.entityLimit,
    partition: sizes.partitionCapacity,
    message: sizes.messageLimit,
    bin: BINS_PER_AXIS_MAX * BINS_PER_AXIS_MAX + 1,
  }
  let end = start
  for (const entry of entries) {
    end = roundUp(end, alignBytes)
    offsetBytes[entry.name] = end
    length[entry.name] = counts[entry.rows] * entry.width
    end += length[entry.name] * kindBytes[entry.kind]
  }
  return { offsetBytes, length, bytes: roundUp(end, alignBytes) }
}

/**
 * A partition's `state` file: its head, the declarations of shapes, and then the columns of side 0
 * and of side 1. The head is the app's record and its meter, the header, the two sides' records,
 * and the columns of groups of side 0 and of side 1.
 */
export function partitionLayout(sizes: FabricSizes) {
  const appMeterOffset = appRecord.bytes
  const headerOffset = appMeterOffset + appMeterRecord.bytes
  const firstSideOffset = headerOffset + partitionHeaderRecord.bytes
  const sideOffsets = [firstSideOffset, firstSideOffset + sideRecord.bytes] as const
  const firstGroups = placeColumns(
    groupColumns,
    sideOffsets[1] + sideRecord.bytes,
    sizes,
    CACHE_LINE_BYTES,
  )
  const secondGroups = placeColumns(groupColumns, firstGroups.bytes, sizes, CACHE_LINE_BYTES)
  const headBytes = roundUp(secondGroups.bytes, PAGE_BYTES)
  const declarationsOffset = headBytes
  const first = placeColumns(
    columns,
    declarationsOffset + declarationRecord.bytes * (FIELD_INDEX_MAX + 1),
    sizes,
  )
  const second = placeColumns(columns, first.bytes, sizes)
  return {
    appMeterOffset,
    headerOffset,
    headBytes,
    sideOffsets,
    groups: [firstGroups, secondGroups] as const,
    declarationsOffset,
    sides: [first, second] as const,
    bytes: second.bytes,
  }
}

/** A field on one side: lengths, type ids, and then the data, `stride` bytes a row. */
export function fieldLayout(sizes: FabricSizes, stride: number) {
  const placed = placeColumns(fieldColumns, 0, sizes)
  return {
    ...placed,
    dataOffset: placed.bytes,
    bytes: placed.bytes + roundUp(stride * sizes.entityLimit, PAGE_BYTES),
  }
}

/** No field's stride is larger. */
export function strideMax({ fieldBytesMax }: FabricSizes): number {
  return roundUp(Math.max(fieldBytesMax, 1), CACHE_LINE_BYTES)
}

/** Where a field of one side begins in the `fields` file: each has room for the largest stride. */
export function fieldOffset(sizes: FabricSizes, field: number, side: number): number {
  return ((field - 1) * 2 + side) * fieldLayout(sizes, strideMax(sizes)).bytes
}

/**
 * One of the two tables of the spatial index, with its changes: side by side in the `index` file.
 */
export function indexLayout(sizes: FabricSizes) {
  return placeColumns(indexColumns, 0, sizes)
}

/**
 * The messages of one side: starts, lengths, and then the heap. Side by side in the `messages`
 * file.
 */
export function messageLayout(sizes: FabricSizes) {
  const placed = placeColumns(messageColumns, 0, sizes)
  return {
    ...placed,
    heapOffset: placed.bytes,
    bytes: placed.bytes + roundUp(sizes.messageHeapBytes, PAGE_BYTES),
  }
}

/** Files in a fabric's folder. */
export const fabricFiles = {
  control: 'control',
  wake: 'wake',
  /** The worker locks it for as long as it lives. */
  workerLock: 'worker',
  /** The description of the world, as JSON. */
  world: 'world.json',
} as const

/** Files in a partition's folder. */
export const partitionFiles = {
  state: 'state',
  fields: 'fields',
  index: 'index',
  messages: 'messages',
  /** The app locks it for as long as it lives. */
  lock: 'lock',
} as const
export type PartitionFile = keyof typeof partitionFiles

export function partitionFolder(index: number, epoch: number): string {
  return `${index}-${epoch}`
}

export function partitionFile(index: number, epoch: number, file: PartitionFile): string {
  return `${partitionFolder(index, epoch)}/${partitionFiles[file]}`
}

/** Lengths of a partition's files, by their names. */
export function partitionFileBytes(sizes: FabricSizes): Record<PartitionFile, number> {
  return {
    state: partitionLayout(sizes).bytes,
    fields: fieldOffset(sizes, FIELD_INDEX_MAX + 1, 0),
    index: 2 * indexLayout(sizes).bytes,
    messages: 2 * messageLayout(sizes).bytes,
    lock: PAGE_BYTES,
  }
}

/** Low bits of the wake word: how many apps have not committed. */
export const WAKE_COUNT_BITS = 20

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
