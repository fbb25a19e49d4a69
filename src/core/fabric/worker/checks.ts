// Checks the numbers that an app wrote into its partition for a tick, between the last commit and
// the barrier, so that no program uses a wrong one.
// Owns the rules, and what a partition said before. Checks groups and leaving rows, never all rows:
// their values are the app's own business.

import { IDS_PER_LANE } from '../../entities/ids.ts'
import type { Fabric } from '../memory/fabric.ts'
import {
  BINS_PER_AXIS_MAX,
  FIELD_INDEX_MAX,
  INTEREST_MAX,
  partitionHeaderRecord,
} from '../memory/layout.ts'
import { type PartitionMemory, rowState, type Side } from '../memory/partition-memory.ts'

/** What the clock knows of a partition from its last barrier. */
interface Known {
  memory: PartitionMemory
  idLane: number
  idCounter: number
  claims: Uint32Array
}

export class Checks {
  readonly #fabric: Fabric
  readonly #known: (Known | undefined)[] = []
  /** By row: the group that listed the row last, counted over all groups that were ever checked. */
  readonly #listedBy: Uint32Array
  #groups = 0

  constructor(fabric: Fabric) {
    this.#fabric = fabric
    this.#listedBy = new Uint32Array(fabric.control.sizes.entityLimit)
  }

  /** Returns the fault in the partition's numbers at its commit of `tick`; undefined if none. */
  fault(partition: number, tick: number): string | undefined {
    const memory = this.#fabric.partition(partition)
    const known = this.#knownOf(memory, tick)
    const side = memory.side(tick)
    return (
      memory.claimFault(known.claims) ??
      tickFault(memory, side, tick) ??
      rowsFault(side, known.claims) ??
      countFault(memory, side, tick) ??
      idFault(side, known) ??
      strideFault(side, known.claims) ??
      indexFault(memory, side, tick) ??
      this.#handoffFault(partition, side) ??
      this.#messageFault(partition, memory, tick)
    )
  }

  /** Why a committed side can't be read: after the check, its app wrote more than is claimed. */
  sizeFault(partition: number, tick: number): string | undefined {
    const memory = this.#fabric.partition(partition)
    const known = this.#known[partition]
    if (known?.memory !== memory) return undefined
    // Nothing was believed yet.
    if (known.claims[partitionHeaderRecord.index.claimedPages] === 0) return undefined
    const side = memory.side(tick)
    return rowsFault(side, known.claims) ?? strideFault(side, known.claims)
  }

  /** Restores the last good numbers that both sides share: they have no committed twin. */
  restore(partition: number): void {
    const { memory, claims } = this.#known[partition]!
    memory.restoreClaims(claims)
  }

  /** Records the numbers that the barrier used, once it has written its own numbers too. */
  note(partition: number, tick: number): void {
    const known = this.#known[partition]!
    const side = known.memory.side(tick)
    known.idLane = side.float('idLane')
    known.idCounter = side.float('idCounter')
  }

  #knownOf(memory: PartitionMemory, tick: number): Known {
    const known = this.#known[memory.index]
    if (known?.memory === memory) return known
    const before = memory.side(tick - 1)
    const first = {
      memory,
      idLane: before.float('idLane'),
      idCounter: before.float('idCounter'),
      claims: new Uint32Array(partitionHeaderRecord.bytes / 4),
    }
    this.#known[memory.index] = first
    return first
  }

  #handoffFault(partition: number, side: Side): string | undefined {
    const { partitionCount, sizes } = this.#fabric.control
    const groups = side.said('handoffGroups')
    if (groups > sizes.partitionCapacity) return `handoffGroups is ${groups}`
    if (side.said('incomingGroups') !== 0) return `incomingGroups is ${side.said('incomingGroups')}`
    const rows = side.said('rows')
    const { leavingRow, state } = side
    let end = 0
    for (let group = 0; group < groups; group++) {
      const target = side.handoffTarget[group]
      const start = side.handoffStart[group]
      const count = side.handoffCount[group]
      const isNext = group === 0 || target > side.handoffTarget[group - 1]
      if (!isNext || target >= partitionCount || target === partition)
        return `handoffTarget of group ${group} is ${target}`
      if (start !== end) return `handoffStart of group ${group} is ${start}, and not ${end}`
      if (count > rows - end) return `handoffCount of group ${group} is ${count}, of ${rows} rows`
      end += count
    }
    if (end === 0) return undefined
    const mark = this.#nextMark()
    for (let place = 0; place < end; place++) {
      const row = leavingRow[place]
      if (row >= rows || state[row] !== rowState.leaving)
        return `leavingRow ${place} is ${row}, where no entity leaves`
      if (this.#listedBy[row] === mark) return `leavingRow ${place} is ${row}, as another one is`
      this.#listedBy[row] = mark
    }
    return undefined
  }

  #messageFault(partition: number, memory: PartitionMemory, tick: number): string | undefined {
    const side = memory.side(tick)
    const { partitionCapacity, messageBytesMax } = this.#fabric.control.sizes
    const messages = side.said('messages')
    const groups = side.said('messageGroups')
    const claimed = memory.claimed('claimedMessages', tick % 2)
    if (messages > claimed) return `messages is ${messages}, and ${claimed} are claimed`
    if (groups > partitionCapacity) return `messageGroups is ${groups}`
    let end = 0
    for (let group = 0; group < groups; group++) {
      const target = side.messageTarget[group]
      const start = side.messageStart[group]
      const isNext = group === 0 || target > side.messageTarget[group - 1]
      if (!isNext || target >= partitionCapacity || target === partition)
        return `messageTarget of group ${group} is ${target}`
      if (start !== end) return `messageStart of group ${group} is ${start}, and not ${end}`
      end += side.messageCount[group]
    }
    if (end !== messages) return `messageCount is ${end} in all groups, and messages ${messages}`
    if (messages === 0) return undefined
    const { start, bytes } = memory.messages(tick % 2)
    const heapBytes = memory.claimed('claimedHeapBytes', tick % 2)
    for (let place = 0; place < messages; place++) {
      if (bytes[place] > messageBytesMax) return `bytes of message ${place} is ${bytes[place]}`
      if (start[place] + bytes[place] > heapBytes)
        return `start of message ${place} is ${start[place]}, and ${heapBytes} bytes are claimed`
    }
    return undefined
  }

  #nextMark(): number {
    if (this.#groups === 0xffff_ffff) {
      this.#listedBy.fill(0)
      this.#groups = 0
    }
    return ++this.#groups
  }
}

function tickFault({ app }: PartitionMemory, side: Side, tick: number): string | undefined {
  if (side.float('tick') !== tick) return `tick is ${side.float('tick')}`
  if (!(side.float('everyRowChanged') <= tick))
    return `everyRowChanged is ${side.float('everyRowChanged')}`
  if (!(app.tick('interestsTick') <= tick)) return `interestsTick is ${app.tick('interestsTick')}`
  if (!(app.tick('fieldsTick') <= tick)) return `fieldsTick is ${app.tick('fieldsTick')}`
  return undefined
}

function rowsFault(side: Side, claims: Uint32Array): string | undefined {
  const claimedRows = claims[partitionHeaderRecord.index.claimedRows]
  const rows = side.said('rows')
  return rows > claimedRows ? `rows is ${rows}, and ${claimedRows} are claimed` : undefined
}

function countFault(memory: PartitionMemory, side: Side, tick: number): string | undefined {
  const claimedRows = memory.claimed('claimedRows')
  const rows = side.said('rows')
  const population = side.said('population')
  const capacity = side.said('capacity')
  if (side.said('nextRow') > memory.sizes.entityLimit) return `nextRow is ${side.said('nextRow')}`
  if (population > rows) return `population is ${population}, in ${rows} rows`
  if (capacity < population || capacity > claimedRows)
    return `capacity is ${capacity}, for ${population} entities and ${claimedRows} rows`
  if (side.said('strays') > 1) return `strays is ${side.said('strays')}`
  if (side.said('interests') > INTEREST_MAX) return `interests is ${side.said('interests')}`
  return tick > 0 ? undefined : `tick is ${tick}`
}

function idFault(side: Side, known: Known): string | undefined {
  const lane = side.float('idLane')
  const counter = side.float('idCounter')
  if (lane !== known.idLane) return `idLane is ${lane}, and was ${known.idLane}`
  if (!(counter >= known.idCounter && counter <= IDS_PER_LANE) || !Number.isInteger(counter))
    return `idCounter is ${counter}, and was ${known.idCounter}`
  return undefined
}

function strideFault({ fieldStrides }: Side, claims: Uint32Array): string | undefined {
  const { claimedFieldStride } = partitionHeaderRecord.index
  for (let field = 1; field <= FIELD_INDEX_MAX; field++) {
    const stride = fieldStrides[field]
    if (stride > claims[claimedFieldStride + field] || stride % 4 !== 0)
      return `fieldStride of field ${field} is ${stride}`
  }
  return undefined
}

function indexFault(memory: PartitionMemory, side: Side, tick: number): string | undefined {
  const indexed = side.said('indexed')
  if (indexed === 0) return undefined
  if (indexed > 1) return `indexed is ${indexed}`
  const bins = side.said('indexBins')
  const changes = side.said('indexChanges')
  if (side.said('indexTable') > 1) return `indexTable is ${side.said('indexTable')}`
  if (bins === 0 || bins > BINS_PER_AXIS_MAX) return `indexBins is ${bins}`
  if (changes > memory.claimed('claimedIndexChanges')) return `indexChanges is ${changes}`
  if (!(side.float('indexTick') <= tick)) return `indexTick is ${side.float('indexTick')}`
  return undefined
}
