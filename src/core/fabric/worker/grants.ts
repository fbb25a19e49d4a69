// Which handoffs are granted at a barrier. The decision depends only on what all partitions said at
// their commits, so equal input gives equal grants.
// Owns the rules of granting; never reads memory (barrier.ts collects and applies). Allocates only
// when there are more partitions or groups than ever before.

import { FIELD_INDEX_MAX } from '../memory/sizes.ts'

/**
 * Ids of a lane that can be used before it is replaced. A lane has 2^32 ids, and one tick uses
 * fewer than half of them.
 */
const ID_COUNTER_MAX = 2 ** 31

/** Strides for each partition: one for each field index, index 0 included. */
export const stridesPerPartition: number = FIELD_INDEX_MAX + 1

/**
 * What all partitions said at their commits of one tick, as plain numbers. Groups are in order of
 * their sources, and within a source in its order.
 */
export class Headers {
  /** Indices of partitions are below this. */
  partitions = 0
  nextIdLane = 0
  /** Most entities that one partition can get in a tick. */
  transfersMax = Number.POSITIVE_INFINITY
  groups = 0
  /** Entities in all partitions. No decision depends on it. */
  claimedPages = 0
  // The newest ticks in which an app read other boxes, or opened a field. No decision depends on
  // them.
  interestsTick = 0
  fieldsTick = 0
  // One for each partition. What is below `idCounter` is known only if there are groups:
  readonly isInUse: Uint8Array
  readonly strays: Uint32Array
  readonly idCounter: Float64Array
  readonly domain: Uint32Array
  readonly population: Uint32Array
  /** Entities that it has claimed rows for; at most its limit. */
  readonly capacity: Uint32Array
  /** Strides of its fields, one for each field index. */
  readonly strides: Uint32Array
  // One for each group:
  source: Uint32Array = new Uint32Array(64)
  /** The group's number in its source. */
  number: Uint32Array = new Uint32Array(64)
  target: Uint32Array = new Uint32Array(64)
  asked: Uint32Array = new Uint32Array(64)

  constructor(partitionCapacity: number) {
    this.isInUse = new Uint8Array(partitionCapacity)
    this.domain = new Uint32Array(partitionCapacity)
    this.population = new Uint32Array(partitionCapacity)
    this.capacity = new Uint32Array(partitionCapacity)
    this.strays = new Uint32Array(partitionCapacity)
    this.idCounter = new Float64Array(partitionCapacity)
    this.strides = new Uint32Array(partitionCapacity * stridesPerPartition)
  }

  addGroup(source: number, number: number, target: number, asked: number): void {
    const place = this.groups++
    if (place === this.source.length) {
      this.source = doubled(this.source)
      this.number = doubled(this.number)
      this.target = doubled(this.target)
      this.asked = doubled(this.asked)
    }
    this.source[place] = source
    this.number[place] = number
    this.target[place] = target
    this.asked[place] = asked
  }
}

/** The decision. */
export class Grants {
  granted = 0
  rejected = 0
  straying = 0
  nextIdLane = 0
  /** By partition: its new lane; 0 if it keeps its own. */
  readonly idLane: Float64Array
  /** By partition, if there are groups: entities after the exchange. */
  readonly population: Int32Array
  /** By group: the entities that are granted. */
  grantedOfGroup: Uint32Array = new Uint32Array(64)

  // Scratch memory of the decision. By group: entities that asked, could be granted, and were not
  // yet.
  left: Uint32Array = new Uint32Array(64)
  // By partition: what it gets in this tick; the group under consideration, and the end of its
  // groups; its place on the path, plus 1.
  readonly received: Uint32Array
  readonly nextGroup: Uint32Array
  readonly endGroup: Uint32Array
  readonly placeOnPath: Uint32Array
  /** Groups of a path: each one's target is the source of the next. */
  readonly path: Uint32Array

  constructor(partitionCapacity: number) {
    this.idLane = new Float64Array(partitionCapacity)
    this.population = new Int32Array(partitionCapacity)
    this.received = new Uint32Array(partitionCapacity)
    this.nextGroup = new Uint32Array(partitionCapacity)
    this.endGroup = new Uint32Array(partitionCapacity)
    this.placeOnPath = new Uint32Array(partitionCapacity)
    this.path = new Uint32Array(partitionCapacity + 1)
  }
}

/**
 * Grants by source partition and then by group, as far as the targets' capacities allow. An entity
 * that may leave makes room in its partition for the same exchange, so full neighbours can swap,
 * and rings of full partitions can turn. No more could be granted. A group waits if its target has
 * no room for a field of its source.
 *
 * With `transfersMax`, no partition gets more entities than that in one tick. A ring can then wait
 * for the next tick although another order would have let it turn.
 */
export function decide(headers: Headers, grants: Grants): void {
  giveIdLanes(headers, grants)
  countStraying(headers, grants)
  grants.granted = 0
  grants.rejected = 0
  if (headers.groups === 0) return
  begin(headers, grants)
  grantWhereThereIsRoom(headers, grants)
  grantRings(headers, grants)
  for (let group = 0; group < headers.groups; group++) {
    grants.granted += grants.grantedOfGroup[group]
    grants.rejected += headers.asked[group] - grants.grantedOfGroup[group]
  }
}

function giveIdLanes(
  { partitions, isInUse, idCounter, nextIdLane }: Headers,
  grants: Grants,
): void {
  grants.nextIdLane = nextIdLane
  for (let partition = 0; partition < partitions; partition++) {
    const isUsedUp = isInUse[partition] === 1 && idCounter[partition] >= ID_COUNTER_MAX
    grants.idLane[partition] = isUsedUp ? grants.nextIdLane++ : 0
  }
}

function countStraying(headers: Headers, grants: Grants): void {
  const { partitions, isInUse, strays, groups, source, target, domain } = headers
  grants.straying = 0
  for (let partition = 0; partition < partitions; partition++)
    if (isInUse[partition] === 1) grants.straying += strays[partition]
  for (let group = 0; group < groups; group++)
    if (domain[source[group]] !== domain[target[group]]) grants.straying++
}

function begin(headers: Headers, grants: Grants): void {
  const { partitions, population, groups, source, asked } = headers
  for (let partition = 0; partition < partitions; partition++) {
    grants.population[partition] = population[partition]
    grants.received[partition] = 0
    grants.nextGroup[partition] = 0
    grants.endGroup[partition] = 0
    grants.placeOnPath[partition] = 0
  }
  while (grants.left.length < groups) {
    grants.left = doubled(grants.left)
    grants.grantedOfGroup = doubled(grants.grantedOfGroup)
  }
  for (let group = 0; group < groups; group++) {
    grants.grantedOfGroup[group] = 0
    grants.left[group] = canReceive(headers, group) ? asked[group] : 0
    if (group === 0 || source[group] !== source[group - 1]) grants.nextGroup[source[group]] = group
    grants.endGroup[source[group]] = group + 1
  }
}

/** Whether the group's target has claimed all fields of the source as wide as they are there. */
function canReceive(
  { partitions, isInUse, source, target, strides }: Headers,
  group: number,
): boolean {
  if (target[group] >= partitions || isInUse[target[group]] === 0) return false
  const from = source[group] * stridesPerPartition
  const to = target[group] * stridesPerPartition
  for (let field = 1; field <= FIELD_INDEX_MAX; field++)
    if (strides[from + field] > strides[to + field]) return false
  return true
}

function grantWhereThereIsRoom(headers: Headers, grants: Grants): void {
  const { groups, target, capacity } = headers
  for (let madeRoom = true; madeRoom; ) {
    madeRoom = false
    for (let group = 0; group < groups; group++) {
      if (grants.left[group] === 0) continue
      const room = capacity[target[group]] - grants.population[target[group]]
      const more = Math.min(ungranted(headers, grants, group), room)
      if (more <= 0) continue
      grant(headers, grants, group, more)
      madeRoom = true
    }
  }
}

/**
 * Turns rings of full partitions: each entity that leaves makes the room that the one before it
 * needs. Afterwards no ring is left among the waiting groups, and no population has changed.
 */
function grantRings(headers: Headers, grants: Grants): void {
  const { placeOnPath, path, nextGroup } = grants
  for (let start = headers.partitions - 1; start >= 0; start--) {
    let length = 0
    for (;;) {
      const from = length === 0 ? start : headers.target[path[length - 1]]
      const group = nextAsking(headers, grants, from)
      if (group < 0) {
        // Groups that lead into no ring are dropped on the way back.
        if (length === 0) break
        length--
        placeOnPath[headers.source[path[length]]] = 0
        nextGroup[headers.source[path[length]]]++
        continue
      }
      path[length++] = group
      placeOnPath[from] = length
      const ringStart = placeOnPath[headers.target[group]] - 1
      if (ringStart < 0) continue
      turn(headers, grants, ringStart, length)
      length = ringStart
    }
  }
}

/**
 * Lets as many entities go round the ring as each of its groups can, from place to place on the
 * path.
 */
function turn(headers: Headers, grants: Grants, start: number, end: number): void {
  const { path, placeOnPath } = grants
  let more = Number.POSITIVE_INFINITY
  for (let place = start; place < end; place++)
    more = Math.min(more, ungranted(headers, grants, path[place]))
  for (let place = start; place < end; place++) {
    grant(headers, grants, path[place], more)
    placeOnPath[headers.source[path[place]]] = 0
  }
}

/** The partition's first group that still asks; -1 if there is none. */
function nextAsking(headers: Headers, grants: Grants, partition: number): number {
  const { nextGroup, endGroup } = grants
  while (nextGroup[partition] < endGroup[partition]) {
    const group = nextGroup[partition]
    if (ungranted(headers, grants, group) > 0) return group
    nextGroup[partition]++
  }
  return -1
}

/** The entities that still ask, as far as the target can get them in this tick. */
function ungranted(
  { target, transfersMax }: Headers,
  { left, received }: Grants,
  group: number,
): number {
  return Math.min(left[group], transfersMax - received[target[group]])
}

function grant({ source, target }: Headers, grants: Grants, group: number, count: number): void {
  grants.grantedOfGroup[group] += count
  grants.left[group] -= count
  grants.received[target[group]] += count
  grants.population[target[group]] += count
  grants.population[source[group]] -= count
}

function doubled(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(numbers.length * 2)
  more.set(numbers)
  return more
}
