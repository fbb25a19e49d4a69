// The control file as an object: the tick, the partitions that are asked for it, the table of
// partitions, and the word that wakes the worker.
// Owns reading and writing of single entries; never decides, waits or wakes. Only the worker writes
// it: others map it for reading.

import { assert } from '../../../base/assert.ts'
import { MemoryFullError, PAGE_BYTES, type Segment, type Segments } from '../../../base/memory.ts'
import {
  controlRecord,
  partitionMeterRecord,
  partitionRecord,
  partitionState,
  wakeRecord,
} from './control-records.ts'
import {
  controlLayout,
  fabricFiles,
  LAYOUT_MAGIC,
  LAYOUT_VERSION,
  WAKE_COUNT_BITS,
} from './layout.ts'
import { type FabricSizes, FIELD_INDEX_MAX } from './sizes.ts'

const at = controlRecord.index
const partitionAt = partitionRecord.index
const WAKE_RANGE = { offsetBytes: 0, bytes: PAGE_BYTES }
const WAKE_COUNT_MASK = 2 ** WAKE_COUNT_BITS - 1

type PartitionWord = Exclude<keyof typeof partitionAt, 'name'>

/** Numbers of pages are 32 bits. */
const MEMORY_PAGES_MOST = 2 ** 31 - 1

export const MACHINE_IS_FULL = "the machine's memory, or the fabric folder's file system, is full"

class LayoutError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'LayoutError'
  }
}

export class ControlBlock {
  readonly segment: Segment
  readonly sizes: FabricSizes
  readonly words: Int32Array
  readonly floats: Float64Array
  /** By partition: low 32 bits of the newest tick that its app is asked to compute. */
  readonly asked: Int32Array
  /** Byte offset in the segment of the futex word that apps wait on. */
  readonly releaseWordOffset: number = controlRecord.offsetBytes.releaseWord
  readonly wakeSegment: Segment
  /** Byte offset in that segment of the futex word that the worker waits on. */
  readonly wakeWordOffset: number = wakeRecord.offsetBytes.word
  readonly #wake: Int32Array
  readonly #bytes: Uint8Array
  readonly #layout: ReturnType<typeof controlLayout>
  readonly #partitionsIndex: number

  private constructor(segment: Segment, wakeSegment: Segment, sizes: FabricSizes) {
    const layout = controlLayout(sizes.partitionCapacity)
    this.segment = segment
    this.wakeSegment = wakeSegment
    this.#wake = new Int32Array(wakeSegment.buffer, wakeSegment.startBytes, wakeRecord.bytes / 4)
    this.sizes = sizes
    const { buffer, startBytes } = segment
    this.words = new Int32Array(buffer, startBytes, layout.bytes / 4)
    this.floats = new Float64Array(buffer, startBytes, layout.bytes / 8)
    this.asked = new Int32Array(buffer, startBytes + layout.askedOffset, sizes.partitionCapacity)
    this.#bytes = new Uint8Array(buffer, startBytes, layout.bytes)
    this.#layout = layout
    this.#partitionsIndex = layout.partitionsOffset / 4
  }

  /** Makes the control segment of a new fabric. */
  static create(
    segments: Segments,
    sizes: FabricSizes,
    options: { tickRate: number; tick: number; memoryBytesMax?: number },
  ): ControlBlock {
    const { bytes } = controlLayout(sizes.partitionCapacity)
    const { memoryBytesMax = Number.POSITIVE_INFINITY } = options
    const needed = bytes + WAKE_RANGE.bytes
    if (needed > memoryBytesMax)
      throw new MemoryFullError(
        `the control file alone needs ${needed} bytes, and the limit is ${memoryBytesMax}`,
      )
    segments.create(fabricFiles.control, bytes)
    segments.create(fabricFiles.wake, WAKE_RANGE.bytes)
    const segment = segments.open(fabricFiles.control, { offsetBytes: 0, bytes }, true)
    const wakeSegment = segments.open(fabricFiles.wake, WAKE_RANGE, true)
    if (!segment.claim(0, bytes) || !wakeSegment.claim(0, WAKE_RANGE.bytes))
      throw new MemoryFullError(`no room for the fabric's control file: ${MACHINE_IS_FULL}`)
    const block = new ControlBlock(segment, wakeSegment, sizes)
    block.words[at.partitionCapacity] = sizes.partitionCapacity
    block.words[at.entityLimit] = sizes.entityLimit
    block.words[at.fieldBytesMax] = sizes.fieldBytesMax
    block.words[at.messageLimit] = sizes.messageLimit
    block.words[at.messageBytesMax] = sizes.messageBytesMax
    block.words[at.messageHeapBytes] = sizes.messageHeapBytes
    block.words[at.fieldsPerEntity] = sizes.fieldsPerEntity ?? FIELD_INDEX_MAX
    block.words[at.memoryPages] = needed / PAGE_BYTES
    block.words[at.memoryPagesMax] = Math.min(
      MEMORY_PAGES_MOST,
      Math.floor(memoryBytesMax / PAGE_BYTES),
    )
    block.floats[at.nextIdLane] = 1
    block.floats[at.tickRate] = options.tickRate
    block.floats[at.tick] = options.tick
    block.floats[at.committedTick] = options.tick
    // This is unknown for a restored state until the first barrier.
    block.words[at.straying] = 1
    block.words[at.layoutVersion] = LAYOUT_VERSION
    Atomics.store(block.words, at.magic, LAYOUT_MAGIC)
    return block
  }

  /**
   * Opens the control file of an existing fabric; `writable` is for the worker's own threads.
   * Throws LayoutError if the file does not have this layout.
   */
  static open(segments: Segments, { writable }: { writable: boolean }): ControlBlock {
    const head = { offsetBytes: 0, bytes: controlRecord.bytes }
    const { buffer, startBytes } = segments.open(fabricFiles.control, head, writable)
    const numbers = new Uint32Array(buffer, startBytes, controlRecord.bytes / 4)
    if (numbers[at.magic] !== LAYOUT_MAGIC)
      throw new LayoutError(
        'this is no Heddle fabric: its control segment does not begin with the magic number',
      )
    if (numbers[at.layoutVersion] !== LAYOUT_VERSION) {
      throw new LayoutError(
        `the fabric has layout version ${numbers[at.layoutVersion]}, ` +
          `this program has ${LAYOUT_VERSION}: use the same Heddle for both`,
      )
    }
    const sizes: FabricSizes = {
      partitionCapacity: numbers[at.partitionCapacity],
      entityLimit: numbers[at.entityLimit],
      fieldBytesMax: numbers[at.fieldBytesMax],
      messageLimit: numbers[at.messageLimit],
      messageBytesMax: numbers[at.messageBytesMax],
      messageHeapBytes: numbers[at.messageHeapBytes],
      fieldsPerEntity: numbers[at.fieldsPerEntity],
    }
    const all = { offsetBytes: 0, bytes: controlLayout(sizes.partitionCapacity).bytes }
    const segment = segments.open(fabricFiles.control, all, writable)
    return new ControlBlock(segment, segments.open(fabricFiles.wake, WAKE_RANGE, true), sizes)
  }

  /** Whether the file still begins as its worker has made it. */
  get isIntact(): boolean {
    return this.words[at.magic] === LAYOUT_MAGIC && this.words[at.layoutVersion] === LAYOUT_VERSION
  }
  get tick(): number {
    return this.floats[at.tick]
  }
  get committedTick(): number {
    return this.floats[at.committedTick]
  }
  get tickRate(): number {
    return this.floats[at.tickRate]
  }
  get partitionCount(): number {
    return this.words[at.partitionCount]
  }
  get shutdown(): boolean {
    return Atomics.load(this.words, at.shutdown) !== 0
  }
  /** The newest committed tick in which an app began to read other boxes than before. */
  get interestsTick(): number {
    return this.floats[at.interestsTick]
  }
  /** Only the worker sets it, at a barrier. */
  set interestsTick(tick: number) {
    this.#setIfOther(at.interestsTick, tick)
  }
  /** The newest committed tick in which a partition opened a field, or made one wider. */
  get fieldsTick(): number {
    return this.floats[at.fieldsTick]
  }
  set fieldsTick(tick: number) {
    this.#setIfOther(at.fieldsTick, tick)
  }
  get nextIdLane(): number {
    return this.floats[at.nextIdLane]
  }
  set nextIdLane(lane: number) {
    this.#setIfOther(at.nextIdLane, lane)
  }

  /**
   * Not 0 if an entity may be in a cell of its domain that is neither its owner's nor its target's,
   * as of the committed tick.
   */
  get straying(): number {
    return this.words[at.straying]
  }
  /** Only the worker sets it, at a barrier. */
  set straying(count: number) {
    // An unchanged value is not written, so that it stays in the caches of the apps' processors.
    if (this.words[at.straying] !== count) this.words[at.straying] = count
  }

  /**
   * Returns the next unused lane of ids. Only the worker calls this, and never while a tick is
   * computed.
   */
  takeIdLane(): number {
    return this.floats[at.nextIdLane]++
  }

  /** Pages that were claimed in the whole fabric at the last barrier. */
  get memoryPages(): number {
    return this.words[at.memoryPages]
  }
  get memoryPagesMax(): number {
    return this.words[at.memoryPagesMax]
  }

  /** Pages of the files that belong to no partition. */
  get ownPages(): number {
    return (this.#layout.bytes + WAKE_RANGE.bytes) / PAGE_BYTES
  }

  /**
   * Records how many pages the partitions have claimed. Only the worker calls this, while no app
   * computes.
   */
  recountMemory(pagesOfPartitions: number): void {
    const pages = this.ownPages + pagesOfPartitions
    if (this.words[at.memoryPages] !== pages) this.words[at.memoryPages] = pages
  }

  setShutdown(): void {
    Atomics.store(this.words, at.shutdown, 1)
  }

  /** The entries that commits.ts writes when it releases a tick. */
  setTick(tick: number): void {
    this.floats[at.tick] = tick
  }

  setCommittedTick(tick: number): void {
    assert(tick === this.committedTick + 1, 'the tick does not follow on the committed one')
    this.floats[at.committedTick] = tick
  }

  loadReleaseWord(): number {
    return Atomics.load(this.words, at.releaseWord)
  }
  bumpReleaseWord(): void {
    Atomics.add(this.words, at.releaseWord, 1)
  }

  loadWakeWord(): number {
    return Atomics.load(this.#wake, 0)
  }
  /** Changes the wake word, so that the worker looks. */
  bumpWakeWord(): void {
    Atomics.add(this.#wake, 0, WAKE_COUNT_MASK + 1)
  }
  /** Writes to the wake word how many apps have not committed. */
  setWakeCount(count: number): void {
    Atomics.add(this.#wake, 0, count - (this.loadWakeWord() & WAKE_COUNT_MASK))
  }
  /** Counts one app fewer, or one more with -1. Returns true if it was the last one. */
  lowerWakeCount(by: 1 | -1): boolean {
    return ((Atomics.sub(this.#wake, 0, by) - by) & WAKE_COUNT_MASK) === 0
  }

  partitionWord(partition: number, name: PartitionWord): number {
    return Atomics.load(this.words, this.#partitionIndex(partition) + partitionAt[name])
  }
  setPartitionWord(partition: number, name: PartitionWord, value: number): void {
    Atomics.store(this.words, this.#partitionIndex(partition) + partitionAt[name], value)
  }

  // The next two entries change only between ticks, and many programs read them often in a tick:
  // a plain load costs a tenth of an atomic one.

  partitionInUse(partition: number): boolean {
    return (
      partition < this.partitionCount &&
      this.words[this.#partitionIndex(partition) + partitionAt.state] !== partitionState.free
    )
  }
  partitionEpoch(partition: number): number {
    return this.words[this.#partitionIndex(partition) + partitionAt.epoch]
  }

  partitionName(partition: number): string {
    const start =
      this.#layout.partitionsOffset +
      partition * partitionRecord.bytes +
      partitionRecord.offsetBytes.name
    return new TextDecoder().decode(
      this.#bytes.slice(start, start + this.partitionWord(partition, 'nameBytes')),
    )
  }

  /**
   * Takes the lowest free index for a new partition; -1 if the table is full. Its segments are new,
   * and hold nothing of an earlier partition.
   */
  addPartition(options: { domain: number; cell: number; name: string }): number {
    const name = new TextEncoder().encode(options.name)
    assert(name.length <= 256, `a partition's name has at most 256 bytes: ${options.name}`)
    let partition = 0
    while (
      partition < this.sizes.partitionCapacity &&
      this.partitionWord(partition, 'state') !== partitionState.free
    )
      partition++
    if (partition === this.sizes.partitionCapacity) return -1
    const start =
      this.#layout.partitionsOffset +
      partition * partitionRecord.bytes +
      partitionRecord.offsetBytes.name
    this.#bytes.set(name, start)
    this.setPartitionWord(partition, 'nameBytes', name.length)
    this.setPartitionWord(partition, 'epoch', this.partitionEpoch(partition) + 1)
    this.setPartitionWord(partition, 'domain', options.domain)
    this.setPartitionWord(partition, 'cell', options.cell)
    for (const word of ['incarnation', 'refused', 'shutdown'] as const)
      this.setPartitionWord(partition, word, 0)
    this.asked[partition] = this.committedTick | 0
    const meter = this.partitionMeterOffset(partition)
    this.#bytes.fill(0, meter, meter + partitionMeterRecord.bytes)
    return partition
  }

  /** Makes an added partition visible to all programs, once its files exist. */
  showPartition(partition: number): void {
    if (partition >= this.partitionCount)
      Atomics.store(this.words, at.partitionCount, partition + 1)
    this.setPartitionWord(partition, 'state', partitionState.inUse)
  }

  /** Byte offset in the segment of what is counted of a partition. */
  partitionMeterOffset(partition: number): number {
    return this.#layout.partitionMetersOffset + partition * partitionMeterRecord.bytes
  }

  /** Byte offset in the segment of what the clock counts. */
  get clockMeterOffset(): number {
    return this.#layout.clockMeterOffset
  }

  removePartition(partition: number): void {
    this.setPartitionWord(partition, 'state', partitionState.free)
  }

  /** An unchanged value is not written, so that it stays in the caches of the apps' processors. */
  #setIfOther(place: number, value: number): void {
    if (this.floats[place] !== value) this.floats[place] = value
  }

  #partitionIndex(partition: number): number {
    return this.#partitionsIndex + (partition * partitionRecord.bytes) / 4
  }
}
