// Compares the fabric after a commit with the model, entity by entity and byte by byte.
// Owns the comparison. Reads the fabric's columns as any reader may, and never relies on the
// fabric's own logic.

import type { PartitionState } from '../../src/core/entities/partition-state.ts'
import { rowState } from '../../src/core/fabric/memory/columns.ts'
import type { Fabric } from '../../src/core/fabric/memory/fabric.ts'
import type { Side } from '../../src/core/fabric/memory/side.ts'
import type { ClaimedRoom, Model, ModelEntity, Picture } from './model.ts'
import { check } from './violation.ts'

const FIELD_INDEX_MAX = 63

/**
 * Checks everything about a committed tick. Partitions that are new, or empty and restored, do not
 * know the tick yet.
 */
export function checkCommitted(
  fabric: Fabric,
  model: Model,
  options: { hasNew?: boolean } = {},
): void {
  const { tick } = model
  const seen = new Map<number, number>()
  const inUse = [...fabric.partitions()]
  check(
    inUse.length === model.partitions.size && inUse.every((index) => model.partitions.has(index)),
    tick,
    () => `partitions ${inUse} are in use, and should be ${[...model.partitions.keys()]}`,
  )
  for (const partition of inUse) {
    const side = fabric.partition(partition).side(tick)
    const knowsTick = side.float('tick') === tick || (options.hasNew === true && side.rows === 0)
    check(knowsTick, tick, () => `partition ${partition} holds tick ${side.float('tick')}`)
    checkPartition(fabric, model, partition, seen)
  }
  for (const id of model.entities.keys()) check(seen.has(id), tick, () => `entity ${id} is lost`)
}

/** Checks that partitions have claimed rows for arrivals, where memory is not short. */
export function checkClaimedAhead(fabric: Fabric, model: Model): void {
  for (const [partition, { cell }] of model.partitions) {
    const side = fabric.partition(partition).side(model.tick)
    const wanted = model.roomWanted(partition, side.get('population'))
    check(
      cell < 0 || side.get('capacity') >= wanted,
      model.tick,
      () => `partition ${partition} has claimed rows for ${side.get('capacity')}, not ${wanted}`,
    )
  }
}

/** Checks what the barrier makes known to all of a tick, before the next one is released. */
export function checkMadeKnown({ control, memories }: Fabric, { tick, partitions }: Model): void {
  let straying = 0
  for (const memory of memories) {
    const { index, app } = memory
    const side = memory.side(tick)
    straying += side.get('strays')
    for (let group = 0; group < side.get('handoffGroups'); group++)
      if (partitions.get(side.handoffTarget[group])!.domain !== partitions.get(index)!.domain)
        straying++
    const counter = side.float('idCounter')
    check(counter < 2 ** 31, tick, () => `partition ${index} keeps a lane at ${counter}`)
    for (const name of ['interestsTick', 'fieldsTick'] as const)
      check(
        app.tick(name) <= control[name] && control[name] <= tick,
        tick,
        () => `partition ${index} says ${name} ${app.tick(name)}, and all hear ${control[name]}`,
      )
  }
  check(
    control.straying === straying,
    tick,
    () => `${straying} stray, and all hear of ${control.straying}`,
  )
}

/** Reads the ids that the barrier granted, from the groups of leaving entities. */
export function grantedIds(fabric: Fabric, tick: number): Set<number> {
  const granted = new Set<number>()
  for (const partition of fabric.partitions()) {
    const side = fabric.partition(partition).side(tick)
    for (let group = 0; group < side.get('handoffGroups'); group++) {
      const start = side.handoffStart[group]
      check(
        side.handoffGranted[group] <= side.handoffCount[group],
        tick,
        () => 'more was granted than was asked for',
      )
      for (let place = start; place < start + side.handoffGranted[group]; place++)
        granted.add(side.id[side.leavingRow[place]])
    }
  }
  return granted
}

/** Reads what the partitions say that they have claimed. */
export function claimedRoom(fabric: Fabric, tick: number): ClaimedRoom {
  const side = (partition: number) => fabric.partition(partition).side(tick)
  return {
    capacity: (partition) => side(partition).get('capacity'),
    missingFields(source, target) {
      const missing: string[] = []
      for (let field = 1; field <= FIELD_INDEX_MAX; field++) {
        const stride = side(source).fieldStride(field)
        if (stride > side(target).fieldStride(field)) missing.push(`${field}:${stride}`)
      }
      return missing.join()
    },
  }
}

/** Checks that copied states, by partition, are the model's world, each entity in its partition. */
export function checkStates(model: Picture, states: ReadonlyMap<number, PartitionState>): void {
  const { tick } = model
  const seen = new Set<number>()
  for (const [partition, state] of states) {
    for (let row = 0; row < state.count; row++) {
      const id = state.ids[row]
      const entity = model.entities.get(id)
      check(
        entity?.owner === partition && !seen.has(id),
        tick,
        () => `the copy of ${partition} has entity ${id}`,
      )
      seen.add(id)
      checkHead(tick, entity, state.types[row], state.positions, row)
      let fields = 0
      for (const { index, lengths, typeIds, stride, data } of state.fields) {
        if (lengths[row] < 0) continue
        fields++
        const bytes = data.subarray(row * stride, row * stride + lengths[row])
        checkField(tick, entity, index, typeIds[row], bytes)
      }
      check(fields === entity.fields.size, tick, () => `the copy of entity ${id} lacks a field`)
    }
  }
  check(
    seen.size === model.entities.size,
    tick,
    () => `the copies have ${seen.size} of ${model.entities.size} entities`,
  )
}

function checkPartition(
  fabric: Fabric,
  model: Model,
  partition: number,
  seen: Map<number, number>,
): void {
  const { tick } = model
  const memory = fabric.partition(partition)
  const side = memory.side(tick)
  const views = []
  for (let field = 1; field <= FIELD_INDEX_MAX; field++) {
    const view = memory.field(tick % 2, field)
    if (view) views.push({ field, view })
  }
  const rows = side.get('rows')
  const where = () => `partition ${partition}`
  check(
    rows === 0 || side.state[rows - 1] !== rowState.free,
    tick,
    () => `${where()} counts free rows at its end`,
  )
  let population = 0
  for (let row = 0; row < rows; row++) {
    if (side.state[row] === rowState.free) continue
    population++
    const id = side.id[row]
    const elsewhere = seen.get(id)
    check(elsewhere === undefined, tick, () => `entity ${id} is in ${where()} and in ${elsewhere}`)
    seen.set(id, partition)
    const entity = model.entities.get(id)
    check(entity !== undefined, tick, () => `${where()} has entity ${id}, which does not exist`)
    check(
      entity.owner === partition,
      tick,
      () => `entity ${id} is in ${where()}, not in ${entity.owner}`,
    )
    checkHead(tick, entity, side.type[row], side.position, row)
    const everyRowChanged = side.float('everyRowChanged')
    check(
      everyRowChanged === entity.changed ||
        (everyRowChanged < entity.changed && side.changed[row] === entity.changed >>> 0),
      tick,
      () =>
        `entity ${id} changed in ${entity.changed}, ` +
        `says ${side.changed[row]}, and all in ${everyRowChanged}`,
    )
    const leaves = side.state[row] === rowState.leaving
    check(
      leaves === entity.target >= 0,
      tick,
      () => `entity ${id} in ${where()} should ask for ${entity.target}`,
    )
    let fields = 0
    for (const { field, view } of views) {
      if (view.length[row] === 0) continue
      fields++
      const bytes = view.data.subarray(row * view.stride, row * view.stride + view.length[row] - 1)
      checkField(tick, entity, field, view.typeId[row], bytes)
    }
    check(fields === entity.fields.size, tick, () => `entity ${id} lacks a field`)
  }
  check(
    population === side.get('population'),
    tick,
    () => `${where()} says it has ${side.get('population')} entities`,
  )
  check(population <= memory.sizes.entityLimit, tick, () => `${where()} has ${population} entities`)
  const capacity = side.get('capacity')
  const isClaimed = capacity <= Math.min(memory.sizes.entityLimit, memory.claimedRows)
  check(isClaimed, tick, () => `${where()} says that it has room for ${capacity}`)
  checkGroups(model, partition, side)
}

function checkGroups(model: Model, partition: number, side: Side): void {
  const { tick } = model
  let leaving = 0
  let targetBefore = -1
  for (let group = 0; group < side.get('handoffGroups'); group++) {
    const target = side.handoffTarget[group]
    check(target > targetBefore, tick, () => `partition ${partition} lists targets out of order`)
    targetBefore = target
    const start = side.handoffStart[group]
    check(
      start === leaving && side.handoffCount[group] > 0,
      tick,
      () => `partition ${partition} has a broken group`,
    )
    leaving += side.handoffCount[group]
    for (let place = start; place < leaving; place++) {
      const row = side.leavingRow[place]
      const id = side.id[row]
      check(
        side.state[row] === rowState.leaving && model.entities.get(id)?.target === target,
        tick,
        () => `partition ${partition} asks for ${target} for entity ${id}`,
      )
      check(
        place === start || side.leavingRow[place - 1] < row,
        tick,
        () => `rows of a group are out of order`,
      )
    }
  }
  const asked = model.ownedBy(partition).filter(({ target }) => target >= 0).length
  check(
    leaving === asked,
    tick,
    () => `partition ${partition} asks for ${leaving} entities, not for ${asked}`,
  )
}

function checkHead(
  tick: number,
  entity: ModelEntity,
  type: number,
  positions: Float32Array,
  row: number,
): void {
  const { id } = entity
  check(type === entity.type, tick, () => `entity ${id} has type ${type}, not ${entity.type}`)
  for (let axis = 0; axis < 3; axis++)
    check(
      Object.is(positions[row * 3 + axis], entity.position[axis]),
      tick,
      () =>
        `entity ${id} is at ${positions.slice(row * 3, row * 3 + 3)}, not at ${entity.position}`,
    )
}

function checkField(
  tick: number,
  entity: ModelEntity,
  index: number,
  typeId: number,
  bytes: Uint8Array,
): void {
  const field = entity.fields.get(index)
  check(field !== undefined, tick, () => `entity ${entity.id} has field ${index}, and should not`)
  let same = typeId === field.typeId && bytes.length === field.bytes.length
  for (let at = 0; same && at < bytes.length; at++) same = bytes[at] === field.bytes[at]
  check(
    same,
    tick,
    () =>
      `field ${index} of entity ${entity.id} is ${typeId}:${bytes}, ` +
      `not ${field.typeId}:${field.bytes}`,
  )
}
