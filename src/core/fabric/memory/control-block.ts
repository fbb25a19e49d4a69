// The control segment seen as an object: the tick, the barrier's pending bits, the table of partitions.
// Owns reading and writing of single entries; never decides, waits or wakes.

import { assert } from '../../../base/assert.ts'
import { MemoryFullError, PAGE_BYTES, type Segment, type Segments } from '../../../base/memory.ts'
import type { PartitionSet } from '../../tick/partition-set.ts'
import {
  controlLayout,
  controlRecord,
  type FabricSizes,
  fieldIndexMax,
  layoutMagic,
  layoutVersion,
  partitionMeterRecord,
  partitionRecord,
  segmentNames,
} from './layout.ts'

const at = controlRecord.index
const partitionAt = partitionRecord.index

type PartitionWord = Exclude<keyof typeof partitionAt, 'name'>

/** Numbers of pages are 32 bits. */
const memoryPagesMost = 2 ** 31 - 1

export const machineIsFull = "the machine's memory, or the fabric folder's file system, is full"

export class LayoutError extends Error {
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
  readonly pending: Int32Array
  /** Byte offsets of the two futex words in the segment. */
  readonly releaseWordOffset: number = controlRecord.offsetBytes.releaseWord
  readonly workerWordOffset: number = controlRecord.offsetBytes.workerWord
  readonly #bytes: Uint8Array
  readonly #layout: ReturnType<typeof controlLayout>

  private constructor(segment: Segment, sizes: FabricSizes) {
    const layout = controlLayout(sizes.partitionCapacity)
    this.segment = segment
    this.sizes = sizes
    const { buffer, startBytes } = segment
    this.words = new Int32Array(buffer, startBytes, layout.bytes / 4)
    this.floats = new Float64Array(buffer, startBytes, layout.bytes / 8)
    this.pending = new Int32Array(buffer, startBytes + layout.pendingOffset, Math.ceil(sizes.partitionCapacity / 32))
    this.#bytes = new Uint8Array(buffer, startBytes, layout.bytes)
    this.#layout = layout
  }

  /** Makes the control segment of a new fabric. */
  static create(
    segments: Segments,
    sizes: FabricSizes,
    options: { workerPid: number; tickRate: number; tick: number; memoryBytesMax?: number },
  ): ControlBlock {
    const { bytes } = controlLayout(sizes.partitionCapacity)
    const { memoryBytesMax = Number.POSITIVE_INFINITY } = options
    const segment = segments.open(segmentNames.control, bytes, true)
    if (bytes > memoryBytesMax)
      throw new MemoryFullError(`the control segment alone needs ${bytes} bytes, and the limit is ${memoryBytesMax}`)
    if (!segment.claim(0, bytes))
      throw new MemoryFullError(`no room for the fabric's control segment: ${machineIsFull}`)
    const block = new ControlBlock(segment, sizes)
    block.words[at.partitionCapacity] = sizes.partitionCapacity
    block.words[at.entityLimit] = sizes.entityLimit
    block.words[at.fieldBytesMax] = sizes.fieldBytesMax
    block.words[at.messageLimit] = sizes.messageLimit
    block.words[at.messageBytesMax] = sizes.messageBytesMax
    block.words[at.messageHeapBytes] = sizes.messageHeapBytes
    block.words[at.fieldsPerEntity] = sizes.fieldsPerEntity ?? fieldIndexMax
    block.words[at.workerPid] = options.workerPid
    block.words[at.memoryPages] = bytes / PAGE_BYTES
    block.words[at.memoryPagesMax] = Math.min(memoryPagesMost, Math.floor(memoryBytesMax / PAGE_BYTES))
    block.floats[at.nextIdLane] = 1
    block.floats[at.tickRate] = options.tickRate
    block.floats[at.tick] = options.tick
    block.floats[at.committedTick] = options.tick
    // Of a restored state nobody knows it before the first barrier.
    block.words[at.straying] = 1
    block.words[at.layoutVersion] = layoutVersion
    Atomics.store(block.words, at.magic, layoutMagic)
    return block
  }

  /** Opens the control segment of a fabric that somebody else made. Throws LayoutError where it isn't one of this layout. */
  static open(segments: Segments): ControlBlock {
    const { buffer, startBytes } = segments.open(segmentNames.control, controlRecord.bytes, true)
    const head = new Uint32Array(buffer, startBytes, controlRecord.bytes / 4)
    if (head[at.magic] !== layoutMagic)
      throw new LayoutError('this is no Heddle fabric: its control segment does not begin with the magic number')
    if (head[at.layoutVersion] !== layoutVersion) {
      throw new LayoutError(
        `the fabric has layout version ${head[at.layoutVersion]}, this program has ${layoutVersion}: use the same Heddle for both`,
      )
    }
    const sizes: FabricSizes = {
      partitionCapacity: head[at.partitionCapacity],
      entityLimit: head[at.entityLimit],
      fieldBytesMax: head[at.fieldBytesMax],
      messageLimit: head[at.messageLimit],
      messageBytesMax: head[at.messageBytesMax],
      messageHeapBytes: head[at.messageHeapBytes],
      fieldsPerEntity: head[at.fieldsPerEntity],
    }
    return new ControlBlock(
      segments.open(segmentNames.control, controlLayout(sizes.partitionCapacity).bytes, true),
      sizes,
    )
  }

  /** Whether it still begins as its worker has made it. */
  get isIntact(): boolean {
    return this.words[at.magic] === layoutMagic && this.words[at.layoutVersion] === layoutVersion
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
  get workerPid(): number {
    return this.words[at.workerPid]
  }
  get partitionCount(): number {
    return this.words[at.partitionCount]
  }
  get shutdown(): boolean {
    return Atomics.load(this.words, at.shutdown) !== 0
  }
  get interestsTick(): number {
    return this.floats[at.interestsTick]
  }
  /** Of all that write it in a tick, each writes the same. */
  set interestsTick(tick: number) {
    this.floats[at.interestsTick] = tick
  }
  /** The newest tick in which a partition opened a field, or made one wider. */
  get fieldsTick(): number {
    return this.floats[at.fieldsTick]
  }
  /** Of the apps that write it in a tick, each writes the same. */
  set fieldsTick(tick: number) {
    this.floats[at.fieldsTick] = tick
  }
  get nextIdLane(): number {
    return this.floats[at.nextIdLane]
  }
  set nextIdLane(lane: number) {
    this.floats[at.nextIdLane] = lane
  }

  /** Not 0 where an entity may be in a cell of its domain that is neither its owner's nor its target's, as of the committed tick. */
  get straying(): number {
    return this.words[at.straying]
  }
  /** Only the worker, at a barrier. */
  set straying(count: number) {
    // What stays as it is stays in the memory near to the apps' processors.
    if (this.words[at.straying] !== count) this.words[at.straying] = count
  }

  /** Hands out the next lane of ids. Only the worker does this, and never while a tick is computed. */
  takeIdLane(): number {
    return this.floats[at.nextIdLane]++
  }

  /** Pages that are claimed in the whole fabric. */
  get memoryPages(): number {
    return Atomics.load(this.words, at.memoryPages)
  }
  get memoryPagesMax(): number {
    return this.words[at.memoryPagesMax]
  }

  /** Counts pages that are about to be claimed, by any process. False, and counts nothing, where they are more than the simulation may have. */
  takeMemory(pages: number): boolean {
    for (;;) {
      const taken = this.memoryPages
      if (pages > this.memoryPagesMax - taken) return false
      if (Atomics.compareExchange(this.words, at.memoryPages, taken, taken + pages) === taken) return true
    }
  }

  giveMemoryBack(pages: number): void {
    Atomics.sub(this.words, at.memoryPages, pages)
  }

  /** Says how many pages partitions have claimed: a process that died while it claimed may have left another number. Only while nobody claims. */
  recountMemory(pagesOfPartitions: number): void {
    Atomics.store(this.words, at.memoryPages, this.#layout.bytes / PAGE_BYTES + pagesOfPartitions)
  }

  setShutdown(): void {
    Atomics.store(this.words, at.shutdown, 1)
  }

  /** Releases a tick to the partitions of `participants`: what they are told is there before the word that they wait for. The caller wakes the apps afterwards. */
  release(tick: number, participants: PartitionSet): void {
    assert(this.nonePending(), 'a tick is released when nobody computes')
    assert(tick === this.committedTick + 1, `tick ${tick} does not follow on the committed one`)
    this.floats[at.tick] = tick
    for (let word = 0; word < this.pending.length; word++)
      if (participants.words[word] !== 0) Atomics.or(this.pending, word, participants.words[word])
    Atomics.add(this.words, at.releaseWord, 1)
  }

  setCommittedTick(tick: number): void {
    assert(this.nonePending(), 'a tick is committed when all have committed')
    assert(tick === this.committedTick + 1, `tick ${tick} does not follow on the committed one`)
    this.floats[at.committedTick] = tick
  }

  isPending(partition: number): boolean {
    return (Atomics.load(this.pending, partition >>> 5) & (1 << (partition & 31))) !== 0
  }

  /** The commit point of one partition's tick: idempotent. Returns true where nobody is pending any more. */
  clearPending(partition: number): boolean {
    Atomics.and(this.pending, partition >>> 5, ~(1 << (partition & 31)))
    return this.nonePending()
  }

  nonePending(): boolean {
    for (let word = 0; word < this.pending.length; word++) if (Atomics.load(this.pending, word) !== 0) return false
    return true
  }

  loadReleaseWord(): number {
    return Atomics.load(this.words, at.releaseWord)
  }
  bumpReleaseWord(): void {
    Atomics.add(this.words, at.releaseWord, 1)
  }
  loadWorkerWord(): number {
    return Atomics.load(this.words, at.workerWord)
  }
  bumpWorkerWord(): void {
    Atomics.add(this.words, at.workerWord, 1)
  }

  partitionWord(partition: number, name: PartitionWord): number {
    return Atomics.load(this.words, this.#partitionIndex(partition) + partitionAt[name])
  }
  setPartitionWord(partition: number, name: PartitionWord, value: number): void {
    Atomics.store(this.words, this.#partitionIndex(partition) + partitionAt[name], value)
  }

  partitionInUse(partition: number): boolean {
    return partition < this.partitionCount && this.partitionWord(partition, 'state') !== 0
  }

  partitionName(partition: number): string {
    const start = this.#layout.partitionsOffset + partition * partitionRecord.bytes + partitionRecord.offsetBytes.name
    return new TextDecoder().decode(this.#bytes.slice(start, start + this.partitionWord(partition, 'nameBytes')))
  }

  /** Takes the lowest free index for a new partition; -1 where the table is full. Its segments are new: nothing of an earlier partition shows. */
  addPartition(options: { domain: number; cell: number; name: string }): number {
    const name = new TextEncoder().encode(options.name)
    assert(name.length <= 256, `a partition's name has at most 256 bytes: ${options.name}`)
    let partition = 0
    while (partition < this.sizes.partitionCapacity && this.partitionWord(partition, 'state') !== 0) partition++
    if (partition === this.sizes.partitionCapacity) return -1
    const start = this.#layout.partitionsOffset + partition * partitionRecord.bytes + partitionRecord.offsetBytes.name
    this.#bytes.set(name, start)
    this.setPartitionWord(partition, 'nameBytes', name.length)
    this.setPartitionWord(partition, 'epoch', this.partitionWord(partition, 'epoch') + 1)
    this.setPartitionWord(partition, 'domain', options.domain)
    this.setPartitionWord(partition, 'cell', options.cell)
    for (const word of ['attachedPid', 'incarnation', 'shutdown', 'destroyed'] as const)
      this.setPartitionWord(partition, word, 0)
    const meter = this.partitionMeterOffset(partition)
    this.#bytes.fill(0, meter, meter + partitionMeterRecord.bytes)
    if (partition >= this.partitionCount) Atomics.store(this.words, at.partitionCount, partition + 1)
    this.setPartitionWord(partition, 'state', 1)
    return partition
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
    this.setPartitionWord(partition, 'state', 0)
  }

  #partitionIndex(partition: number): number {
    return (this.#layout.partitionsOffset + partition * partitionRecord.bytes) / 4
  }
}
