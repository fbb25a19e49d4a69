// The State Fabric's memory layout: where the records and columns of ONE table lie, and in which
// files. The table is control-records.ts, partition-records.ts and columns.ts; views, the docs page
// and the C header are derived from it.
// Owns the version, offsets and names of files; never touches memory itself.

import { PAGE_BYTES } from '../../../base/memory.ts'
import { columns, fieldColumns, groupColumns, indexColumns, messageColumns } from './columns.ts'
import {
  clockMeterRecord,
  controlRecord,
  partitionMeterRecord,
  partitionRecord,
} from './control-records.ts'
import {
  appMeterRecord,
  appRecord,
  declarationRecord,
  partitionHeaderRecord,
  sideRecord,
} from './partition-records.ts'
import { CACHE_LINE_BYTES, placeColumns, roundUp } from './placing.ts'
import { BINS_PER_AXIS_MAX, type FabricSizes, FIELD_INDEX_MAX, strideMax } from './sizes.ts'

/** Grows with every change that an older program would misread. */
export const LAYOUT_VERSION = 5
export const LAYOUT_MAGIC = 0x4c44_4448 // 'HDDL' in memory
/** Low bits of the wake word: how many apps have not committed. */
export const WAKE_COUNT_BITS = 20

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

/**
 * A partition's `state` file: its head, the declarations of shapes, and then the columns of side 0
 * and of side 1. The head is the app's record and its meter, the header, the two sides' records,
 * and the columns of groups of side 0 and of side 1.
 */
export function partitionLayout(sizes: FabricSizes) {
  const counts = countsOf(sizes)
  const appMeterOffset = appRecord.bytes
  const headerOffset = appMeterOffset + appMeterRecord.bytes
  const firstSideOffset = headerOffset + partitionHeaderRecord.bytes
  const sideOffsets = [firstSideOffset, firstSideOffset + sideRecord.bytes] as const
  const firstGroups = placeColumns(
    groupColumns,
    sideOffsets[1] + sideRecord.bytes,
    counts,
    CACHE_LINE_BYTES,
  )
  const secondGroups = placeColumns(groupColumns, firstGroups.bytes, counts, CACHE_LINE_BYTES)
  const headBytes = roundUp(secondGroups.bytes, PAGE_BYTES)
  const declarationsOffset = headBytes
  const first = placeColumns(
    columns,
    declarationsOffset + declarationRecord.bytes * (FIELD_INDEX_MAX + 1),
    counts,
  )
  const second = placeColumns(columns, first.bytes, counts)
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
  const placed = placeColumns(fieldColumns, 0, countsOf(sizes))
  return {
    ...placed,
    dataOffset: placed.bytes,
    bytes: placed.bytes + roundUp(stride * sizes.entityLimit, PAGE_BYTES),
  }
}

/** Where a field of one side begins in the `fields` file: each has room for the largest stride. */
export function fieldOffset(sizes: FabricSizes, field: number, side: number): number {
  return ((field - 1) * 2 + side) * fieldLayout(sizes, strideMax(sizes)).bytes
}

/**
 * One of the two tables of the spatial index, with its changes: side by side in the `index` file.
 */
export function indexLayout(sizes: FabricSizes) {
  return placeColumns(indexColumns, 0, countsOf(sizes))
}

/**
 * The messages of one side: starts, lengths, and then the heap. Side by side in the `messages`
 * file.
 */
export function messageLayout(sizes: FabricSizes) {
  const placed = placeColumns(messageColumns, 0, countsOf(sizes))
  return {
    ...placed,
    heapOffset: placed.bytes,
    bytes: placed.bytes + roundUp(sizes.messageHeapBytes, PAGE_BYTES),
  }
}

/** How many rows a column has, by what a row is one of. */
function countsOf({ entityLimit, partitionCapacity, messageLimit }: FabricSizes) {
  return {
    entity: entityLimit,
    partition: partitionCapacity,
    message: messageLimit,
    bin: BINS_PER_AXIS_MAX * BINS_PER_AXIS_MAX + 1,
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
