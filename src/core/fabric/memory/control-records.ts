// The records that the worker writes: those of the control file, and the word that wakes it.
// Owns the tables of their names, types and order, and the values of a partition's state; where
// each record lies is in layout.ts.

import { bucketCount } from '../../tick/durations.ts'
import { placeRecord, type RecordEntry } from './placing.ts'

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

/** The values of a partition record's `state`. */
export const partitionState = { free: 0, inUse: 1 } as const

const partitionEntries = [
  {
    name: 'state',
    kind: 'i32',
    doc: `${partitionState.free} free, ${partitionState.inUse} in use.`,
  },
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

export const controlRecord = placeRecord(controlEntries)
export const wakeRecord = placeRecord(wakeEntries)
export const partitionRecord = placeRecord(partitionEntries)
export const partitionMeterRecord = placeRecord(partitionMeterEntries)
export const clockMeterRecord = placeRecord(clockMeterEntries)
