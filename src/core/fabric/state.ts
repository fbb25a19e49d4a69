// A partition's committed state as compact arrays, out of the fabric and into it: what snapshots and state hashes are made of.
// Owns the copying; never knows files, and never reads a side that is being written.

import { assert } from '../../base/assert.ts'
import type { FieldColumn, PartitionState } from '../snapshot/partition-state.ts'
import type { Fabric } from './fabric.ts'
import { fieldIndexMax } from './layout.ts'
import { mergeRows, type RowsOfState } from './merge-rows.ts'
import { type PartitionMemory, rowState, type Side } from './partition-memory.ts'

/** Copies the state of a partition as it was committed at `tick`. */
export function copyState(fabric: Fabric, partition: number, tick: number): PartitionState {
  const { control, world } = fabric
  const memory = fabric.partition(partition)
  const side = memory.side(tick)
  const domain = world.description.domains[control.partitionWord(partition, 'domain')]
  const cell = control.partitionWord(partition, 'cell')
  const count = side.get('population')
  const rows = side.rows === count ? undefined : usedRows(side, count)
  return {
    domain: domain.name,
    lifecycle: domain.lifecycle,
    name: control.partitionName(partition),
    ...(domain.area && { cell: { x: cell % domain.area.columns, y: Math.floor(cell / domain.area.columns) } }),
    idLane: side.float('idLane'),
    idCounter: side.float('idCounter'),
    count,
    ids: gather(side.id, 1, count, rows),
    types: gather(side.type, 1, count, rows),
    positions: gather(side.position, 3, count, rows),
    fields: copyFields(memory, tick, count, rows),
  }
}

/**
 * Copies the whole world as it was committed at `tick`. An entity that the barrier let go is in the state of the partition that takes it in with the next tick,
 * so that a world which starts from the copy goes on as this one does.
 */
export function copyWorld(fabric: Fabric, tick: number): PartitionState[] {
  const partitions = [...fabric.partitions()]
  const states = new Map(partitions.map((partition) => [partition, copyState(fabric, partition, tick)]))
  const arrivals = new Map<number, RowsOfState[]>()
  const gone = new Map<number, Set<number>>()
  for (const partition of partitions) {
    const leaving = leavingRows(fabric.partition(partition).side(tick))
    if (leaving.size === 0) continue
    gone.set(partition, new Set([...leaving.values()].flat()))
    for (const [target, rows] of leaving) {
      const piece = { state: states.get(partition)!, rows }
      arrivals.set(target, [...(arrivals.get(target) ?? []), piece])
    }
  }
  return partitions.map((partition) => {
    const state = states.get(partition)!
    const left = gone.get(partition)
    const came = arrivals.get(partition) ?? []
    if (!left && came.length === 0) return state
    const stay = Array.from({ length: state.count }, (_, row) => row).filter((row) => !left?.has(row))
    return { ...state, ...mergeRows([{ state, rows: stay }, ...came]) }
  })
}

/** Places in the compact state of the entities that were granted to leave, by target. */
function leavingRows(side: Side): Map<number, number[]> {
  const byTarget = new Map<number, number[]>()
  const groups = side.get('handoffGroups')
  if (groups === 0) return byTarget
  const placeOfRow = new Uint32Array(side.rows)
  let place = 0
  for (let row = 0; row < side.rows; row++) if (side.state[row] !== rowState.free) placeOfRow[row] = place++
  for (let group = 0; group < groups; group++) {
    const start = side.handoffStart[group]
    const rows = side.leavingRow.subarray(start, start + side.handoffGranted[group])
    if (rows.length > 0)
      byTarget.set(
        side.handoffTarget[group],
        Array.from(rows, (row) => placeOfRow[row]),
      )
  }
  return byTarget
}

/** Writes a state into an empty partition, on both sides, as committed at `tick`. False where limit or memory don't suffice. */
export function seedState(
  memory: PartitionMemory,
  tick: number,
  state: Omit<PartitionState, 'domain' | 'lifecycle' | 'name' | 'cell'>,
): boolean {
  if (!memory.ensureRows(Math.max(1, state.count))) return false
  for (const field of state.fields) if (!memory.ensureField(field.index, Math.max(4, field.stride))) return false
  for (const sideIndex of [0, 1]) {
    const side = memory.sides[sideIndex]
    assert(side.get('population') === 0, 'a partition is seeded while it is empty')
    side.id.set(state.ids)
    side.type.set(state.types)
    side.state.fill(rowState.here, 0, state.count)
    side.changed.fill(tick >>> 0, 0, state.count)
    side.position.set(state.positions)
    for (const field of state.fields) {
      const view = memory.openField(sideIndex, field.index, Math.max(4, field.stride))
      for (let row = 0; row < state.count; row++) view.length[row] = field.lengths[row] + 1
      view.typeId.set(field.typeIds)
      if (view.stride === field.stride) view.data.set(field.data)
      else for (let row = 0; row < state.count; row++) view.data.set(rowOf(field, row), row * view.stride)
    }
    side.set('rows', state.count)
    side.set('population', state.count)
    side.set('changedRows', state.count)
    side.set('strays', 1) // unknown until the owner has looked at every row, in its first tick
    side.setFloat('idLane', state.idLane)
    side.setFloat('idCounter', state.idCounter)
    side.setFloat('tick', tick)
  }
  return true
}

function usedRows(side: Side, count: number): Uint32Array {
  const rows = new Uint32Array(count)
  let place = 0
  for (let row = 0; row < side.rows; row++) if (side.state[row] !== rowState.free) rows[place++] = row
  assert(place === count, 'a side holds as many entities as it says')
  return rows
}

/** `width` numbers for each of the rows; all of the first `count` rows where none are named. */
function gather<Column extends Float64Array | Float32Array | Uint32Array | Int32Array | Uint8Array>(
  column: Column,
  width: number,
  count: number,
  rows: Uint32Array | undefined,
): Column {
  if (!rows) return column.slice(0, count * width) as Column
  const gathered = column.slice(0, 0).constructor as new (length: number) => Column
  const result = new gathered(count * width)
  for (let place = 0; place < count; place++) {
    const start = rows[place] * width
    for (let item = 0; item < width; item++) result[place * width + item] = column[start + item]
  }
  return result
}

function copyFields(
  memory: PartitionMemory,
  tick: number,
  count: number,
  rows: Uint32Array | undefined,
): FieldColumn[] {
  const fields: FieldColumn[] = []
  for (let index = 1; index <= fieldIndexMax; index++) {
    const view = memory.field(tick % 2, index)
    if (!view) continue
    const lengths = gather(view.length, 1, count, rows)
    const typeIds = gather(view.typeId, 1, count, rows)
    for (let row = 0; row < count; row++) if (--lengths[row] < 0) typeIds[row] = 0
    fields.push({
      index,
      lengths,
      typeIds,
      stride: view.stride,
      data: gather(view.data, view.stride, count, rows),
    })
  }
  return fields
}

function rowOf(field: FieldColumn, row: number): Uint8Array {
  return field.data.subarray(row * field.stride, row * field.stride + Math.max(0, field.lengths[row]))
}
