// What the clock does between two ticks, when all apps have committed and none computes: it
// collects the partitions' numbers, has the grants decided, and writes them.
// Owns the reading and writing around the decision (grants.ts); never waits, never claims memory,
// and never moves an entity itself.

import { assert } from '../../../base/assert.ts'
import type { Fabric } from '../memory/fabric.ts'
import { Checks } from './checks.ts'
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
  readonly #checks: Checks

  constructor(fabric: Fabric) {
    const { partitionCapacity } = fabric.control.sizes
    this.#fabric = fabric
    this.#headers = new Headers(partitionCapacity)
    this.#grants = new Grants(partitionCapacity)
    this.#checks = new Checks(fabric)
  }

  /** Returns each partition whose numbers for `tick` are wrong. Nothing may be granted then. */
  check(tick: number, wrong: (partition: number, fault: string) => void): boolean {
    const { control } = this.#fabric
    let isRight = true
    for (let partition = 0; partition < control.partitionCount; partition++) {
      const fault = control.partitionInUse(partition)
        ? this.#checks.fault(partition, tick)
        : undefined
      if (fault === undefined) continue
      isRight = false
      this.#checks.restore(partition)
      wrong(partition, fault)
    }
    return isRight
  }

  /** Throws SideError where an app has written over its committed side since it was checked. */
  assertReadable(tick: number): void {
    for (const partition of this.#fabric.partitions()) {
      const fault = this.#checks.sizeFault(partition, tick)
      if (fault !== undefined) throw new SideError(partition, new Error(fault))
    }
  }

  /**
   * Grants the handoffs that partitions asked for in `tick`. The result is valid until the next
   * tick.
   */
  grant(tick: number): Readonly<HandoffsOfTick> {
    collect(this.#fabric, tick, this.#headers)
    decide(this.#headers, this.#grants)
    apply(this.#fabric, tick, this.#headers, this.#grants)
    for (let partition = 0; partition < this.#headers.partitions; partition++)
      if (this.#headers.isInUse[partition] === 1) this.#checks.note(partition, tick)
    return this.#grants
  }
}

/**
 * Reads what all partitions said at their commits of `tick`. If none asks for a handoff, reads only
 * what every tick needs.
 */
function collect(fabric: Fabric, tick: number, headers: Headers): void {
  const { control, world } = fabric
  headers.partitions = control.partitionCount
  headers.nextIdLane = control.nextIdLane
  headers.transfersMax = world.description.transfersPerTick ?? Number.POSITIVE_INFINITY
  headers.groups = 0
  headers.claimedPages = 0
  headers.interestsTick = control.interestsTick
  headers.fieldsTick = control.fieldsTick
  for (let partition = 0; partition < headers.partitions; partition++) {
    headers.isInUse[partition] = control.partitionInUse(partition) ? 1 : 0
    if (headers.isInUse[partition] === 0) continue
    const memory = fabric.partition(partition)
    const side = memory.side(tick)
    headers.claimedPages += memory.claimedPages
    headers.interestsTick = Math.max(headers.interestsTick, memory.app.tick('interestsTick'))
    headers.fieldsTick = Math.max(headers.fieldsTick, memory.app.tick('fieldsTick'))
    headers.strays[partition] = side.get('strays')
    headers.idCounter[partition] = side.float('idCounter')
    const groups = side.get('handoffGroups')
    for (let group = 0; group < groups; group++)
      headers.addGroup(partition, group, side.handoffTarget[group], side.handoffCount[group])
  }
  if (headers.groups === 0) return
  for (let partition = 0; partition < headers.partitions; partition++) {
    if (headers.isInUse[partition] === 0) continue
    const side = fabric.partition(partition).side(tick)
    headers.domain[partition] = control.partitionWord(partition, 'domain')
    headers.population[partition] = side.get('population')
    headers.capacity[partition] = side.get('capacity')
    headers.strides.set(side.fieldStrides, partition * stridesPerPartition)
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
