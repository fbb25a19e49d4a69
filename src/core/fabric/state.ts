// A partition's committed state as compact arrays, out of the fabric and into it: what snapshots and state hashes are made of.
// Owns the copying; never knows files, and never reads a side that is being written.

import { assert } from '../../base/assert.ts'
import type { FieldColumn, PartitionState } from '../snapshot/partition-state.ts'
import { createStateHash } from '../snapshot/state-hash.ts'
import type { Fabric } from './fabric.ts'
import { fieldIndexMax } from './layout.ts'
import { type FieldView, type PartitionMemory, rowState, strideFor } from './partition-memory.ts'

/** Copies the state of a partition as it was committed at `tick`. */
export function copyState(fabric: Fabric, partition: number, tick: number): PartitionState {
  return copyRows(fabric, partition, tick, [usedRows(fabric.partition(partition), tick, false)])
}

/**
 * Copies the whole world as it was committed at `tick`. An entity that the barrier let go is in the state of the partition that takes it in with the next tick,
 * so that a world which starts from the copy goes on as this one does.
 */
export function copyWorld(fabric: Fabric, tick: number): PartitionState[] {
  const partitions = [...fabric.partitions()]
  const arrivals = new Map<number, Rows[]>()
  for (const partition of partitions) {
    for (const [target, rows] of grantedRows(fabric.partition(partition), tick))
      arrivals.set(target, [...(arrivals.get(target) ?? []), rows])
  }
  return partitions.map((partition) => {
    const stay = usedRows(fabric.partition(partition), tick, true)
    return copyRows(fabric, partition, tick, [stay, ...(arrivals.get(partition) ?? [])])
  })
}

/** The hash of the whole world's state at `tick`, and how many entities there are: computed where they are, nothing is copied but lengths of fields. */
export function hashWorld(fabric: Fabric, tick: number): { stateHash: string; entities: number } {
  const hash = createStateHash()
  for (const partition of fabric.partitions()) {
    const memory = fabric.partition(partition)
    const side = memory.side(tick)
    const fields: FieldColumn[] = []
    for (let index = 1; index <= fieldIndexMax; index++) {
      const view = memory.field(tick % 2, index)
      if (!view) continue
      const lengths = view.length.slice(0, side.rows)
      for (let row = 0; row < lengths.length; row++) lengths[row]--
      fields.push({ index, lengths, typeIds: view.typeId, stride: view.stride, data: view.data })
    }
    hash.addRows(side.id, side.type, side.position, fields, side.rows, side.state)
  }
  return { stateHash: hash.digest(), entities: hash.count }
}

/** Writes a state into an empty partition, on both sides, as committed at `tick`. False where limit or memory don't suffice. */
export function seedState(
  memory: PartitionMemory,
  tick: number,
  state: Omit<PartitionState, 'domain' | 'lifecycle' | 'name' | 'cell'>,
): boolean {
  if (!memory.ensureRows(Math.max(1, state.count))) return false
  for (const field of state.fields)
    if (!memory.ensureField(field.index, strideFor(field.stride, 0, memory.sizes))) return false
  for (const { index, shape } of state.fields) if (shape) memory.declareShape(index, shape)
  for (const sideIndex of [0, 1]) {
    const side = memory.sides[sideIndex]
    assert(side.get('population') === 0, 'a partition is seeded while it is empty')
    side.id.set(state.ids)
    side.type.set(state.types)
    side.state.fill(rowState.here, 0, state.count)
    side.changed.fill(tick >>> 0, 0, state.count)
    side.position.set(state.positions)
    for (const field of state.fields) {
      const view = memory.openField(sideIndex, field.index, strideFor(field.stride, 0, memory.sizes))
      for (let row = 0; row < state.count; row++) view.length[row] = field.lengths[row] + 1
      view.typeId.set(field.typeIds)
      if (view.stride === field.stride) view.data.set(field.data)
      else for (let row = 0; row < state.count; row++) view.data.set(rowOf(field, row), row * view.stride)
    }
    side.set('rows', state.count)
    side.set('population', state.count)
    side.set('strays', 1) // unknown until the owner has looked at every row, in its first tick
    side.setFloat('idLane', state.idLane)
    side.setFloat('idCounter', state.idCounter)
    side.setFloat('tick', tick)
  }
  return true
}

/** Rows of one partition as runs: the first row of each, and the row behind its last. */
interface Rows {
  memory: PartitionMemory
  count: number
  starts: number[]
  ends: number[]
}

/** The rows that hold entities; without those that were granted to leave, where it is asked for. */
function usedRows(memory: PartitionMemory, tick: number, withoutGranted: boolean): Rows {
  const side = memory.side(tick)
  let used = side.state.subarray(0, side.rows)
  if (withoutGranted && side.get('handoffGroups') > 0) {
    used = used.slice()
    for (let group = 0; group < side.get('handoffGroups'); group++) {
      const start = side.handoffStart[group]
      for (let place = start; place < start + side.handoffGranted[group]; place++)
        used[side.leavingRow[place]] = rowState.free
    }
  }
  const rows: Rows = { memory, count: 0, starts: [], ends: [] }
  for (let row = 0; row < used.length; row++) {
    if (used[row] === rowState.free) continue
    const free = used.indexOf(rowState.free, row)
    const end = free < 0 ? used.length : free
    addRun(rows, row, end)
    row = end
  }
  return rows
}

/** The rows that were granted to leave, by target. */
function grantedRows(memory: PartitionMemory, tick: number): Map<number, Rows> {
  const side = memory.side(tick)
  const byTarget = new Map<number, Rows>()
  for (let group = 0; group < side.get('handoffGroups'); group++) {
    const rows: Rows = { memory, count: 0, starts: [], ends: [] }
    const start = side.handoffStart[group]
    for (let place = start; place < start + side.handoffGranted[group]; place++) {
      const row = side.leavingRow[place]
      addRun(rows, row, row + 1)
    }
    byTarget.set(side.handoffTarget[group], rows)
  }
  return byTarget
}

function addRun(rows: Rows, start: number, end: number): void {
  const last = rows.ends.length - 1
  if (last >= 0 && rows.ends[last] === start) rows.ends[last] = end
  else {
    rows.starts.push(start)
    rows.ends.push(end)
  }
  rows.count += end - start
}

/** The state of a partition, made of rows of its own and of others. */
function copyRows(fabric: Fabric, partition: number, tick: number, pieces: readonly Rows[]): PartitionState {
  const { control, world } = fabric
  const own = fabric.partition(partition).side(tick)
  const domain = world.description.domains[control.partitionWord(partition, 'domain')]
  const cell = control.partitionWord(partition, 'cell')
  const count = pieces.reduce((sum, rows) => sum + rows.count, 0)
  return {
    domain: domain.name,
    lifecycle: domain.lifecycle,
    name: control.partitionName(partition),
    ...(domain.area && { cell: { x: cell % domain.area.columns, y: Math.floor(cell / domain.area.columns) } }),
    idLane: own.float('idLane'),
    idCounter: own.float('idCounter'),
    count,
    ids: gather(new Float64Array(count), pieces, 1, (memory) => memory.side(tick).id),
    types: gather(new Uint32Array(count), pieces, 1, (memory) => memory.side(tick).type),
    positions: gather(new Float32Array(count * 3), pieces, 3, (memory) => memory.side(tick).position),
    fields: copyFields(pieces, tick, count),
  }
}

/** Copies `width` numbers a row, run by run; a piece without the column leaves its rows as they are. */
function gather<Column extends Float64Array | Float32Array | Uint32Array | Int32Array | Uint8Array>(
  result: Column,
  pieces: readonly Rows[],
  width: number,
  columnOf: (memory: PartitionMemory) => Column | undefined,
): Column {
  let place = 0
  for (const { memory, count, starts, ends } of pieces) {
    const column = columnOf(memory)
    if (!column) {
      place += count * width
      continue
    }
    for (let run = 0; run < starts.length; run++) {
      result.set(column.subarray(starts[run] * width, ends[run] * width), place)
      place += (ends[run] - starts[run]) * width
    }
  }
  return result
}

function copyFields(pieces: readonly Rows[], tick: number, count: number): FieldColumn[] {
  const fields: FieldColumn[] = []
  for (let index = 1; index <= fieldIndexMax; index++) {
    const viewOf = (memory: PartitionMemory) => memory.field(tick % 2, index)
    const stride = Math.max(0, ...pieces.map(({ memory }) => viewOf(memory)?.stride ?? 0))
    if (stride === 0) continue
    const lengths = gather(new Int32Array(count), pieces, 1, (memory) => viewOf(memory)?.length)
    const typeIds = gather(new Uint32Array(count), pieces, 1, (memory) => viewOf(memory)?.typeId)
    const data = gatherData(count, pieces, stride, viewOf)
    for (let row = 0; row < count; row++) {
      lengths[row]--
      if (lengths[row] < 0) typeIds[row] = 0
    }
    const shape = firstOf(pieces, ({ memory }) => memory.declaredShape(index))
    fields.push({ index, lengths, typeIds, stride, data, ...(shape && { shape }) })
  }
  return fields
}

function firstOf<Of, Found>(items: readonly Of[], find: (item: Of) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}

/** Copies a field's data to rows of `stride` bytes, at least as wide as every piece's own. */
function gatherData(
  count: number,
  pieces: readonly Rows[],
  stride: number,
  viewOf: (memory: PartitionMemory) => FieldView | undefined,
): Uint8Array {
  const result = new Uint8Array(count * stride)
  let place = 0
  for (const { memory, count: pieceCount, starts, ends } of pieces) {
    const view = viewOf(memory)
    if (!view) {
      place += pieceCount
      continue
    }
    for (let run = 0; run < starts.length; run++) {
      if (view.stride === stride)
        result.set(view.data.subarray(starts[run] * stride, ends[run] * stride), place * stride)
      else {
        for (let row = starts[run]; row < ends[run]; row++) {
          result.set(
            view.data.subarray(row * view.stride, (row + 1) * view.stride),
            (place + row - starts[run]) * stride,
          )
        }
      }
      place += ends[run] - starts[run]
    }
  }
  return result
}

function rowOf(field: FieldColumn, row: number): Uint8Array {
  return field.data.subarray(row * field.stride, row * field.stride + Math.max(0, field.lengths[row]))
}
