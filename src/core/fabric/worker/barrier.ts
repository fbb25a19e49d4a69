// What the clock does between two ticks, when all apps have committed and none computes: it
// collects the partitions' numbers, has the grants decided, and writes them.
// Owns the reading and writing around the decision (grants.ts); never waits, never claims memory,
// and never moves an entity itself.

import { assert } from '../../../base/assert.ts'
import type { Fabric } from '../memory/fabric.ts'
import type { PartitionMemory } from '../memory/partition-memory.ts'
import { PartitionChecks, RowMarks } from './checks.ts'
import { decide, Grants, Headers, stridesPerPartition } from './grants.ts'
import { SideError } from './side-error.ts'

export interface HandoffsOfTick {
  granted: number
  rejected: number
}

export class Barrier {
  readonly #fabric: Fabric
  readonly #headers: Headers
  readonly #grants: Grants
  readonly #rowMarks: RowMarks
  #memories: readonly PartitionMemory[] = []
  /** One for each of `#memories`. */
  #checks: readonly PartitionChecks[] = []

  constructor(fabric: Fabric) {
    const { partitionCapacity, entityLimit } = fabric.control.sizes
    this.#fabric = fabric
    this.#headers = new Headers(partitionCapacity)
    this.#grants = new Grants(partitionCapacity)
    this.#rowMarks = new RowMarks(entityLimit)
  }

  /**
   * Returns each partition whose numbers for `tick` are wrong. Nothing may be granted then. All
   * claims of one partition are compared in each tick, in turn.
   */
  check(tick: number, wrong: (partition: number, fault: string) => void): boolean {
    const checks = this.#checksOf(tick - 1)
    const turn = tick % checks.length
    let isRight = true
    for (let place = 0; place < checks.length; place++) {
      const fault = checks[place].fault(tick, place === turn)
      if (fault === undefined) continue
      isRight = false
      checks[place].restore()
      wrong(this.#memories[place].index, fault)
    }
    return isRight
  }

  /** Throws SideError where an app has written over its committed side since it was checked. */
  assertReadable(tick: number): void {
    for (const checks of this.#checksOf(tick)) {
      const fault = checks.sizeFault(tick)
      if (fault !== undefined) throw new SideError(checks.memory.index, new Error(fault))
    }
  }

  /**
   * Grants the handoffs that partitions asked for in `tick`. The result is valid until the next
   * tick.
   */
  grant(tick: number): Readonly<HandoffsOfTick> {
    const checks = this.#checksOf(tick - 1)
    collect(this.#fabric, tick, checks, this.#headers)
    decide(this.#headers, this.#grants)
    apply(this.#fabric, tick, this.#headers, this.#grants)
    for (const partition of checks) partition.note(tick)
    return this.#grants
  }

  /** What is known of each partition that is in use since the committed tick. */
  #checksOf(committedTick: number): readonly PartitionChecks[] {
    const { memories, control } = this.#fabric
    if (this.#memories === memories) return this.#checks
    const before = new Map(this.#checks.map((checks) => [checks.memory, checks]))
    const rowMarks = this.#rowMarks
    this.#memories = memories
    this.#checks = memories.map(
      (memory) =>
        before.get(memory) ?? new PartitionChecks(control, memory, { committedTick, rowMarks }),
    )
    this.#headers.isInUse.fill(0)
    for (const { index } of memories) this.#headers.isInUse[index] = 1
    return this.#checks
  }
}

/**
 * Reads what all partitions said at their commits of `tick`. If none asks for a handoff, reads only
 * what every tick needs.
 */
function collect(
  { control, world }: Fabric,
  tick: number,
  checks: readonly PartitionChecks[],
  headers: Headers,
): void {
  headers.partitions = control.partitionCount
  headers.nextIdLane = control.nextIdLane
  headers.transfersMax = world.description.transfersPerTick ?? Number.POSITIVE_INFINITY
  headers.groups = 0
  headers.claimedPages = 0
  headers.interestsTick = control.interestsTick
  headers.fieldsTick = control.fieldsTick
  for (const { memory, claimedPages } of checks) {
    const { index, app } = memory
    const side = memory.side(tick)
    headers.claimedPages += claimedPages
    headers.interestsTick = Math.max(headers.interestsTick, app.tick('interestsTick'))
    headers.fieldsTick = Math.max(headers.fieldsTick, app.tick('fieldsTick'))
    headers.strays[index] = side.get('strays')
    headers.idCounter[index] = side.float('idCounter')
    const groups = side.get('handoffGroups')
    for (let group = 0; group < groups; group++)
      headers.addGroup(index, group, side.handoffTarget[group], side.handoffCount[group])
  }
  if (headers.groups === 0) return
  for (const { memory } of checks) {
    const { index } = memory
    const side = memory.side(tick)
    headers.domain[index] = control.partitionWord(index, 'domain')
    headers.population[index] = side.get('population')
    headers.capacity[index] = side.get('capacity')
    headers.strides.set(side.fieldStrides, index * stridesPerPartition)
  }
}

/**
 * Writes the grants into the sources' sides. Lists the incoming groups for each target, so that it
 * need not search all other partitions.
 */
function apply(fabric: Fabric, tick: number, headers: Headers, grants: Grants): void {
  const { control } = fabric
  const { partitions, groups } = headers
  for (let partition = 0; partition < partitions; partition++) {
    if (grants.idLane[partition] === 0) continue
    const side = fabric.partition(partition).side(tick)
    side.setFloat('idLane', grants.idLane[partition])
    side.setFloat('idCounter', 0)
  }
  control.nextIdLane = grants.nextIdLane
  control.recountMemory(headers.claimedPages)
  control.interestsTick = headers.interestsTick
  control.fieldsTick = headers.fieldsTick
  control.straying = grants.straying
  for (let group = 0; group < groups; group++) applyGroup(fabric, tick, headers, grants, group)
}

function applyGroup(
  fabric: Fabric,
  tick: number,
  headers: Headers,
  grants: Grants,
  group: number,
): void {
  const source = headers.source[group]
  const target = headers.target[group]
  const granted = grants.grantedOfGroup[group]
  assert(granted <= headers.asked[group], `partition ${source} was granted more than it asked for`)
  fabric.partition(source).side(tick).handoffGranted[headers.number[group]] = granted
  if (target >= headers.partitions || headers.isInUse[target] === 0) return
  const { entityLimit } = fabric.control.sizes
  assert(grants.population[target] <= entityLimit, `partition ${target} gets more than its limit`)
  const side = fabric.partition(target).side(tick)
  // Its owner has set their number to 0.
  const place = side.get('incomingGroups')
  side.incomingSource[place] = source
  side.incomingGroup[place] = headers.number[group]
  side.set('incomingGroups', place + 1)
}
