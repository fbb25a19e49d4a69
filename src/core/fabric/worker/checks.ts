// Checks the numbers that an app wrote into its partition for a tick, between the last commit and
// the barrier, so that no program uses a wrong one.
// Owns the rules, and what a partition said before. Checks groups and leaving rows, never all rows:
// their values are the app's own business.

import { IDS_PER_LANE } from '../../entities/ids.ts'
import { rowState } from '../memory/columns.ts'
import type { ControlBlock } from '../memory/control-block.ts'
import type { PartitionMemory } from '../memory/partition-memory.ts'
import { partitionHeaderRecord } from '../memory/partition-records.ts'
import type { Side } from '../memory/side.ts'
import { BINS_PER_AXIS_MAX, FIELD_INDEX_MAX } from '../memory/sizes.ts'

const claimAt = partitionHeaderRecord.index

/** What the clock goes by of one partition, and holds its next numbers against. */
export class PartitionChecks {
  readonly memory: PartitionMemory
  readonly #control: ControlBlock
  readonly #rowMarks: RowMarks
  // As of the last barrier.
  #idLane: number
  #idCounter: number
  /** The claims that were compared last; all 0 before the first time. */
  readonly #claims = new Uint32Array(partitionHeaderRecord.bytes / 4)

  /** The numbers of the committed tick are the first to go by. */
  constructor(
    control: ControlBlock,
    memory: PartitionMemory,
    { committedTick, rowMarks }: { committedTick: number; rowMarks: RowMarks },
  ) {
    this.#control = control
    this.memory = memory
    this.#rowMarks = rowMarks
    const side = memory.side(committedTick)
    this.#idLane = side.float('idLane')
    this.#idCounter = side.float('idCounter')
  }

  /** Pages that the partition has claimed, as they were compared. */
  get claimedPages(): number {
    return this.#claims[claimAt.claimedPages]
  }

  /**
   * Returns the fault in the partition's numbers at its commit of `tick`; undefined if none.
   * Without `allClaims`, compares the claims only if those of rows or pages have changed, or
   * if the partition uses more than it had: only its own app goes by the others.
   */
  fault(tick: number, allClaims: boolean): string | undefined {
    const { memory } = this
    const side = memory.side(tick)
    const beyond = side.firstBeyond()
    if (beyond !== undefined) return `${beyond} is ${side.said(beyond)}`
    return (
      (allClaims || this.#claimsDiffer() ? memory.claimFault(this.#claims) : undefined) ??
      tickFault(memory, side, tick) ??
      this.#countFault(side) ??
      this.#idFault(side) ??
      this.#strideFault(side) ??
      this.#indexFault(side, tick) ??
      this.#handoffFault(side) ??
      this.#messageFault(side, tick)
    )
  }

  /** Why a committed side can't be read: after the check, its app wrote more than is claimed. */
  sizeFault(tick: number): string | undefined {
    // Nothing was believed yet.
    if (this.claimedPages === 0) return undefined
    const side = this.memory.side(tick)
    return this.#rowsFault(side) ?? this.#strideFault(side)
  }

  /** Restores the last good numbers that both sides share: they have no committed twin. */
  restore(): void {
    this.memory.restoreClaims(this.#claims)
  }

  /** Records the numbers that the barrier used, once it has written its own numbers too. */
  note(tick: number): void {
    const side = this.memory.side(tick)
    this.#idLane = side.float('idLane')
    this.#idCounter = side.float('idCounter')
  }

  #claimsDiffer(): boolean {
    const { memory } = this
    const claims = this.#claims
    return (
      memory.claimedPages !== claims[claimAt.claimedPages] ||
      memory.claimedRows !== claims[claimAt.claimedRows]
    )
  }

  /** Whether as much is claimed. If it seems not to be, compares the claims once more. */
  #isClaimed(place: number, count: number): boolean {
    if (count > this.#claims[place]) this.memory.claimFault(this.#claims)
    return count <= this.#claims[place]
  }

  #rowsFault(side: Side): string | undefined {
    const rows = side.said('rows')
    if (this.#isClaimed(claimAt.claimedRows, rows)) return undefined
    return `rows is ${rows}, and ${this.#claims[claimAt.claimedRows]} are claimed`
  }

  #countFault(side: Side): string | undefined {
    const rows = side.said('rows')
    const population = side.said('population')
    const capacity = side.said('capacity')
    if (population > rows) return `population is ${population}, in ${rows} rows`
    if (capacity < population || !this.#isClaimed(claimAt.claimedRows, capacity))
      return `capacity is ${capacity}, for ${population} entities`
    return this.#rowsFault(side)
  }

  #idFault(side: Side): string | undefined {
    const lane = side.float('idLane')
    const counter = side.float('idCounter')
    if (lane !== this.#idLane) return `idLane is ${lane}, and was ${this.#idLane}`
    if (!(counter >= this.#idCounter && counter <= IDS_PER_LANE) || !Number.isInteger(counter))
      return `idCounter is ${counter}, and was ${this.#idCounter}`
    return undefined
  }

  #strideFault({ fieldStrides }: Side): string | undefined {
    // Few fields are in use: looks at four at once.
    for (let field = 0; field <= FIELD_INDEX_MAX; field += 4) {
      const inUse =
        fieldStrides[field] |
        fieldStrides[field + 1] |
        fieldStrides[field + 2] |
        fieldStrides[field + 3]
      if (inUse === 0) continue
      const fault = this.#strideFaultIn(fieldStrides, field, field + 4)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  #strideFaultIn(fieldStrides: Uint32Array, from: number, to: number): string | undefined {
    for (let field = Math.max(1, from); field < to; field++) {
      const stride = fieldStrides[field]
      if (stride % 4 !== 0 || !this.#isClaimed(claimAt.claimedFieldStride + field, stride))
        return `fieldStride of field ${field} is ${stride}`
    }
    return undefined
  }

  #indexFault(side: Side, tick: number): string | undefined {
    if (side.said('indexed') === 0) return undefined
    const bins = side.said('indexBins')
    const changes = side.said('indexChanges')
    if (side.said('indexTable') > 1) return `indexTable is ${side.said('indexTable')}`
    if (bins === 0 || bins > BINS_PER_AXIS_MAX) return `indexBins is ${bins}`
    if (!this.#isClaimed(claimAt.claimedIndexChanges, changes)) return `indexChanges is ${changes}`
    if (!(side.float('indexTick') <= tick)) return `indexTick is ${side.float('indexTick')}`
    return undefined
  }

  #handoffFault(side: Side): string | undefined {
    const { partitionCount } = this.#control
    const groups = side.said('handoffGroups')
    if (side.said('incomingGroups') !== 0) return `incomingGroups is ${side.said('incomingGroups')}`
    const rows = side.said('rows')
    let end = 0
    for (let group = 0; group < groups; group++) {
      const target = side.handoffTarget[group]
      const start = side.handoffStart[group]
      const count = side.handoffCount[group]
      const isNext = group === 0 || target > side.handoffTarget[group - 1]
      if (!isNext || target >= partitionCount || target === this.memory.index)
        return `handoffTarget of group ${group} is ${target}`
      if (start !== end) return `handoffStart of group ${group} is ${start}, and not ${end}`
      if (count > rows - end) return `handoffCount of group ${group} is ${count}, of ${rows} rows`
      end += count
    }
    return end === 0 ? undefined : this.#rowMarks.leavingFault(side, end)
  }

  #messageFault(side: Side, tick: number): string | undefined {
    const messages = side.said('messages')
    const groups = side.said('messageGroups')
    if (messages === 0 && groups === 0) return undefined
    if (!this.#isClaimed(claimAt.claimedMessages + (tick % 2), messages))
      return `messages is ${messages}, and fewer are claimed`
    let end = 0
    for (let group = 0; group < groups; group++) {
      const target = side.messageTarget[group]
      const start = side.messageStart[group]
      const isNext = group === 0 || target > side.messageTarget[group - 1]
      if (
        !isNext ||
        target >= this.#control.sizes.partitionCapacity ||
        target === this.memory.index
      )
        return `messageTarget of group ${group} is ${target}`
      if (start !== end) return `messageStart of group ${group} is ${start}, and not ${end}`
      end += side.messageCount[group]
    }
    if (end !== messages) return `messageCount is ${end} in all groups, and messages ${messages}`
    return messages === 0 ? undefined : this.#payloadFault(messages, tick)
  }

  #payloadFault(messages: number, tick: number): string | undefined {
    const { messageBytesMax } = this.#control.sizes
    const { start, bytes } = this.memory.messages(tick % 2)
    const heapAt = claimAt.claimedHeapBytes + (tick % 2)
    for (let place = 0; place < messages; place++) {
      if (bytes[place] > messageBytesMax) return `bytes of message ${place} is ${bytes[place]}`
      if (!this.#isClaimed(heapAt, start[place] + bytes[place]))
        return `start of message ${place} is ${start[place]}, and fewer bytes are claimed`
    }
    return undefined
  }
}

function tickFault({ app }: PartitionMemory, side: Side, tick: number): string | undefined {
  if (side.float('tick') !== tick || tick === 0) return `tick is ${side.float('tick')}`
  if (!(side.float('everyRowChanged') <= tick))
    return `everyRowChanged is ${side.float('everyRowChanged')}`
  if (!(app.tick('interestsTick') <= tick)) return `interestsTick is ${app.tick('interestsTick')}`
  if (!(app.tick('fieldsTick') <= tick)) return `fieldsTick is ${app.tick('fieldsTick')}`
  return undefined
}

/** Memory for the check of leaving rows, which all partitions share. */
export class RowMarks {
  /** By row: the list that named the row last, counted over all lists that were ever checked. */
  readonly #listedBy: Uint32Array
  #lists = 0

  constructor(entityLimit: number) {
    this.#listedBy = new Uint32Array(entityLimit)
  }

  /** Returns the fault in the first `count` leaving rows; undefined if none. */
  leavingFault(side: Side, count: number): string | undefined {
    const { leavingRow, state } = side
    const rows = side.said('rows')
    const listedBy = this.#listedBy
    const mark = this.#nextMark()
    for (let place = 0; place < count; place++) {
      const row = leavingRow[place]
      if (row >= rows || state[row] !== rowState.leaving)
        return `leavingRow ${place} is ${row}, where no entity leaves`
      if (listedBy[row] === mark) return `leavingRow ${place} is ${row}, as another one is`
      listedBy[row] = mark
    }
    return undefined
  }

  #nextMark(): number {
    if (this.#lists === 0xffff_ffff) {
      this.#listedBy.fill(0)
      this.#lists = 0
    }
    return ++this.#lists
  }
}
