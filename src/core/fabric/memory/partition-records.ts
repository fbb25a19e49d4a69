// The records in a partition's `state` file: what its app tells the worker and counts, and what
// stands once for a partition, a side or a field.
// Owns the tables of their names, types and order; where each record lies is in layout.ts.

import { durationNumbers } from './control-records.ts'
import { placeRecord, type RecordEntry } from './placing.ts'
import { DECLARATION_BYTES_MAX, FIELD_INDEX_MAX, INTEREST_MAX } from './sizes.ts'

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

export const appRecord = placeRecord(appEntries)
export const appMeterRecord = placeRecord(appMeterEntries)
export const partitionHeaderRecord = placeRecord(partitionHeaderEntries)
export const sideRecord = placeRecord(sideEntries)
export const declarationRecord = placeRecord(declarationEntries)
