// A world's memory and content, made from a plan or from the states that a snapshot copied.
// Owns making and restoring the fabric; never runs a tick.

import type { PartitionState } from '../../src/core/entities/partition-state.ts'
import { createStateHash } from '../../src/core/entities/state-hash.ts'
import { ControlBlock } from '../../src/core/fabric/memory/control-block.ts'
import { Fabric } from '../../src/core/fabric/memory/fabric.ts'
import { type DomainDescription, World } from '../../src/core/fabric/memory/world.ts'
import type { EntityColumns } from '../../src/core/fabric/worker/merge-rows.ts'
import { redistribute } from '../../src/core/fabric/worker/redistribute.ts'
import { seedState } from '../../src/core/fabric/worker/state.ts'
import { Model } from './model.ts'
import type { Parts } from './parts.ts'
import type { Plan } from './plan.ts'
import type { HistorySegments } from './pooled-segments.ts'
import { check } from './violation.ts'

export interface SimulatedWorld {
  plan: Plan
  segments: HistorySegments
  control: ControlBlock
  /** The fabric as the worker sees it. */
  fabric: Fabric
  model: Model
}

export interface Snapshot {
  tick: number
  nextIdLane: number
  states: PartitionState[]
  usedIds: ReadonlySet<number>
}

export function newWorld(plan: Plan, parts: Parts): SimulatedWorld {
  const world = emptyWorld(plan, parts, 0, new Set())
  for (const { domain, cell, name } of spatialPartitions(plan)) {
    const index = world.fabric.addPartition({ domain, cell, name, idCounter: plan.idCounterFirst })
    world.model.addPartition(index, domain, cell, world.control.partitionEpoch(index))
  }
  return world
}

/** Makes a world that continues from a snapshot. `plan` may divide the domains into other grids. */
export function restoredWorld(plan: Plan, parts: Parts, snapshot: Snapshot): SimulatedWorld {
  const { tick, states } = snapshot
  const world = emptyWorld(plan, parts, tick, new Set(snapshot.usedIds))
  world.control.nextIdLane = snapshot.nextIdLane
  const lanes = new Map(states.map((state) => [state.name, state]))
  const custom = states.filter(({ lifecycle }) => lifecycle === 'ByRequest')
  const places = [
    ...spatialPartitions(plan),
    ...custom.map(({ domain, name }) => ({
      domain: world.fabric.world.domainIndex(domain),
      cell: -1,
      name,
    })),
  ]
  const indices = new Map<string, number>()
  for (const { domain, cell, name } of places) {
    const { idLane, idCounter } = lanes.get(name) ?? {}
    const index = world.fabric.addPartition({ domain, cell, name, idLane, idCounter })
    indices.set(name, index)
    world.model.addPartition(index, domain, cell, world.control.partitionEpoch(index))
  }
  const ownIndex = (state: PartitionState) =>
    indices.get(state.name) ?? indices.get(places[0].name)!
  const { entityLimit } = plan.sizes
  for (const [index, columns] of redistribute(world.fabric.world, states, ownIndex, entityLimit)) {
    const memory = world.fabric.partition(index)
    const side = memory.side(0)
    const lane = { idLane: side.float('idLane'), idCounter: side.float('idCounter') }
    check(
      seedState(memory, tick, { ...columns, ...lane }),
      tick,
      () => `partition ${index} can't be seeded`,
    )
    addEntities(world.model, index, columns)
  }
  return world
}

/** Returns the hash of all entities of some partitions. */
export function hashOf(states: Iterable<PartitionState>): string {
  const hash = createStateHash()
  for (const { ids, types, positions, fields, count } of states)
    hash.addRows(ids, types, positions, fields, count)
  return hash.digest()
}

function emptyWorld(plan: Plan, parts: Parts, tick: number, usedIds: Set<number>): SimulatedWorld {
  const { sizes } = plan
  const segments = new parts.Segments({ headroomBytes: 256 * sizes.entityLimit })
  const control = ControlBlock.create(segments, sizes, { tickRate: 0, tick })
  const fabric = new Fabric(segments, control, worldOf(plan), () => true)
  return { plan, segments, control, fabric, model: new Model(plan, tick, usedIds) }
}

export function worldOf(plan: Plan): World {
  let firstPartition = 0
  const domains = plan.domains.map(({ name, grid }): DomainDescription => {
    if (!grid) return { name, lifecycle: 'ByRequest' }
    const area = { bounds: plan.bounds, columns: grid.columns, rows: grid.rows, firstPartition }
    firstPartition += grid.columns * grid.rows
    return { name, lifecycle: 'BySpatialSubdivision', area }
  })
  return new World({
    simulationName: 'simulated',
    executionId: 'x',
    transfersPerTick: plan.transfersPerTick,
    domains,
  })
}

function spatialPartitions(plan: Plan): { domain: number; cell: number; name: string }[] {
  return plan.domains.flatMap(({ name, grid }, domain) =>
    Array.from({ length: grid ? grid.columns * grid.rows : 0 }, (_, cell) => ({
      domain,
      cell,
      name: `${name}-${cell}-of-${grid!.columns}x${grid!.rows}`,
    })),
  )
}

function addEntities(model: Model, owner: number, state: EntityColumns): void {
  for (let row = 0; row < state.count; row++) {
    const fields = state.fields.filter(({ lengths }) => lengths[row] >= 0)
    const [x, y, z] = state.positions.subarray(row * 3, row * 3 + 3)
    model.entities.set(state.ids[row], {
      id: state.ids[row],
      type: state.types[row],
      position: [x, y, z],
      fields: new Map(
        fields.map(({ index, lengths, typeIds, stride, data }) => [
          index,
          { typeId: typeIds[row], bytes: data.slice(row * stride, row * stride + lengths[row]) },
        ]),
      ),
      owner,
      destination: -1,
      target: -1,
      granted: false,
      changed: model.tick,
    })
  }
}
