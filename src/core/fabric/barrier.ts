// What the worker decides between two ticks, when everybody has committed and nobody computes: which handoffs are granted.
// Owns the arbitration and the refill of id lanes; never waits, and never moves an entity itself.

import type { Fabric } from './fabric.ts'
import { fieldIndexMax } from './layout.ts'
import type { PartitionMemory, Side } from './partition-memory.ts'

/** A lane has 2^32 ids; half of it is more than one tick can use, so a lane that is half empty is replaced in time. */
const idCounterMax = 2 ** 31

export interface HandoffsOfTick {
  granted: number
  rejected: number
}

/**
 * Grants the handoffs that were asked for in `tick`, by source partition and then by group, as far as the targets' limits go. An entity that is granted to
 * leave makes room in its own partition for the same exchange, so full neighbours can swap. No more could be granted. The outcome depends on the committed state alone.
 *
 * With `transfersMax` no partition gets more entities than that in one tick. Then a ring may wait for the next tick though it could have gone in another order.
 */
export function arbitrate(fabric: Fabric, tick: number, transfersMax = Number.POSITIVE_INFINITY): HandoffsOfTick {
  const requests: Request[] = []
  const received = new Map<number, number>()
  const { control } = fabric
  const { partitionCount } = control
  let pages = 0
  let straying = 0
  for (let source = 0; source < partitionCount; source++) {
    if (!control.partitionInUse(source)) continue
    const memory = fabric.partition(source)
    const side = memory.side(tick)
    pages += memory.claimedPages
    straying += side.get('strays')
    refillIdLane(fabric, side)
    for (let group = 0; group < side.get('handoffGroups'); group++)
      requests.push({ source, side, group, target: side.handoffTarget[group], received, transfersMax })
  }
  control.recountMemory(pages)
  const domainOf = (partition: number) => control.partitionWord(partition, 'domain')
  for (const { source, target } of requests) if (domainOf(source) !== domainOf(target)) straying++
  control.straying = straying
  listIncoming(fabric, tick, requests)
  if (requests.length === 0) return { granted: 0, rejected: 0 }

  const room = new Map<number, number>()
  const { entityLimit } = control.sizes
  const roomOf = (partition: number) => {
    if (!room.has(partition)) {
      const usable = control.partitionInUse(partition)
      room.set(partition, usable ? entityLimit - fabric.partition(partition).side(tick).get('population') : 0)
    }
    return room.get(partition)!
  }
  for (let madeRoom = true; madeRoom; ) {
    madeRoom = false
    for (const request of requests) {
      const { source, target } = request
      const more = Math.min(ungranted(request), roomOf(target))
      if (more <= 0) continue
      grant(request, more)
      room.set(target, roomOf(target) - more)
      room.set(source, roomOf(source) + more)
      madeRoom = true
    }
  }
  grantRings(requests)
  claimForArrivals(fabric, tick, requests)
  const totals = { granted: 0, rejected: 0 }
  for (const { side, group } of requests) {
    totals.granted += side.handoffGranted[group]
    totals.rejected += side.handoffCount[group] - side.handoffGranted[group]
  }
  return totals
}

/** Lists for each target the groups that come to it, so that it needn't look for them at all others. Its owner has set their number to 0. */
function listIncoming(fabric: Fabric, tick: number, requests: readonly Request[]): void {
  for (const { source, group, target } of requests) {
    if (!fabric.control.partitionInUse(target)) continue
    const side = fabric.partition(target).side(tick)
    const place = side.get('incomingGroups')
    side.incomingSource[place] = source
    side.incomingGroup[place] = group
    side.set('incomingGroups', place + 1)
  }
}

interface Request {
  source: number
  side: Side
  group: number
  target: number
  /** What each target gets in this tick, over all requests. */
  received: Map<number, number>
  transfersMax: number
}

/**
 * Where no room is left, entities still go round a ring of full partitions: each one that leaves makes the room that the one before it needs.
 * Afterwards no ring is left among those that were not granted, and nobody's population has changed.
 */
function grantRings(requests: readonly Request[]): void {
  const askingBySource = new Map<number, Request[]>()
  for (const request of [...requests].reverse()) {
    if (ungranted(request) === 0) continue
    const asking = askingBySource.get(request.source)
    if (asking) asking.push(request)
    else askingBySource.set(request.source, [request])
  }
  for (const start of askingBySource.keys()) {
    /** Each one's target is the next one's source. What leads into no ring is dropped on the way back. */
    const path: Request[] = []
    for (;;) {
      const next = askingBySource.get(path.at(-1)?.target ?? start)?.at(-1)
      if (!next) {
        const leadsNowhere = path.pop()
        if (!leadsNowhere) break
        askingBySource.get(leadsNowhere.source)!.pop()
        continue
      }
      path.push(next)
      const ringStart = path.findIndex(({ source }) => source === next.target)
      if (ringStart < 0) continue
      const ring = path.splice(ringStart)
      const more = ring.reduce((least, request) => Math.min(least, ungranted(request)), Number.POSITIVE_INFINITY)
      for (const request of ring) {
        grant(request, more)
        if (ungranted(request) === 0) askingBySource.get(request.source)!.pop()
      }
    }
  }
}

/** What is still asked for, as far as the target may get it in this tick. */
function ungranted({ side, group, target, received, transfersMax }: Request): number {
  return Math.min(side.handoffCount[group] - side.handoffGranted[group], transfersMax - (received.get(target) ?? 0))
}

function grant({ side, group, target, received }: Request, count: number): void {
  side.handoffGranted[group] += count
  received.set(target, (received.get(target) ?? 0) + count)
}

function refillIdLane(fabric: Fabric, side: Side): void {
  if (side.float('idCounter') < idCounterMax) return
  side.setFloat('idLane', fabric.control.takeIdLane())
  side.setFloat('idCounter', 0)
}

/**
 * Claims the memory that the arrivals will be written to, so that taking them in can't fail. A target that can't have it is granted nothing in this tick; so is one that
 * was to make room by what it hands to such a target, and so on.
 */
function claimForArrivals(fabric: Fabric, tick: number, requests: readonly Request[]): void {
  for (let refused = true; refused; ) {
    refused = false
    const change = new Map<number, number>()
    const granted = requests.filter(({ side, group }) => side.handoffGranted[group] > 0)
    for (const { side, group, source, target } of granted) {
      change.set(source, (change.get(source) ?? 0) - side.handoffGranted[group])
      change.set(target, (change.get(target) ?? 0) + side.handoffGranted[group])
    }
    for (const [target, arriving] of Map.groupBy(granted, (request) => request.target)) {
      const memory = fabric.partition(target)
      const side = memory.side(tick)
      // Rows that are free, or are left, are used again first.
      const rows = Math.max(side.rows, side.get('population') + change.get(target)!)
      if (memory.ensureRows(rows) && arriving.every((request) => claimFields(request.side, memory))) continue
      for (const { side, group } of arriving) side.handoffGranted[group] = 0
      refused = true
    }
  }
}

/** While it takes in, the target widens its fields to the sources' strides, and no further. */
function claimFields(side: Side, target: PartitionMemory): boolean {
  for (let field = 1; field <= fieldIndexMax; field++) {
    const stride = side.fieldStride(field)
    if (stride !== 0 && !target.ensureField(field, stride)) return false
  }
  return true
}
