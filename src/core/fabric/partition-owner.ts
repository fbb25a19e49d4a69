// The owner's work on its partition in one tick: take over the committed state, settle what left, take in what arrives,
// create, change and delete, and at the end say which entities leave for where.
// Owns the back side between `begin` and `finish`; never touches a front side, and never waits or wakes.

import { assert } from '../../base/assert.ts'
import type { Fabric } from './fabric.ts'
import { fieldIndexMax } from './layout.ts'
import { type OutgoingMessage, writeMessages } from './messages.ts'
import { type FieldView, type PartitionMemory, rowState, type Side, strideFor } from './partition-memory.ts'

const idsPerLane = 2 ** 32

/** What happened to the partition's ownership at the begin of a tick. */
export interface OwnershipOfTick {
  /** Rows of entities that are owned from this tick on. */
  added: number[]
  /** Entities that left: their row and id before. */
  removed: { row: number; id: number; type: number }[]
  /** Rows of entities that wanted to leave and could not. */
  rejected: number[]
}

export class PartitionOwner {
  readonly index: number
  readonly memory: PartitionMemory
  readonly domain: number
  tick = -1
  back!: Side
  front!: Side
  ownership: OwnershipOfTick = { added: [], removed: [], rejected: [] }
  /** Entities that others wanted to hand to this partition at the last barrier, and could not. */
  rejectedIncoming = 0
  readonly #fabric: Fabric
  /** In its first tick it knows nothing of the back side, nor of what is asked for: a process before it may have died, or a snapshot been restored. */
  #fresh = true
  #stamp = 0
  #backIndex = 0
  #rows = 0
  #population = 0
  #changedRows = 0
  #idCounter = 0
  #lowestFree = 0
  readonly #fields: (FieldView | undefined)[] = []
  #outgoingMessages: OutgoingMessage[] = []
  #outgoingBytes = 0

  constructor(fabric: Fabric, index: number) {
    this.#fabric = fabric
    this.index = index
    this.memory = fabric.partition(index)
    this.domain = fabric.control.partitionWord(index, 'domain')
  }

  /** Rows in use are below this; free ones have state 0. */
  get rows(): number {
    return this.#rows
  }
  get population(): number {
    return this.#population
  }

  /** Opens the back side for `tick`, whose predecessor is committed. */
  begin(tick: number): void {
    const { memory } = this
    this.tick = tick
    this.#stamp = tick >>> 0
    this.#backIndex = tick % 2
    this.back = memory.side(tick)
    this.front = memory.side(tick + 1)
    this.ownership = { added: [], removed: [], rejected: [] }
    this.#outgoingMessages = []
    this.#outgoingBytes = 0
    this.#takeOverFront(tick)
    this.#settleLeavers()
    this.#takeInArrivals()
    if (this.#fresh) {
      this.ownership.added = []
      for (let row = 0; row < this.#rows; row++)
        if (this.back.state[row] !== rowState.free) this.ownership.added.push(row)
    }
  }

  /** Closes the back side: after the barrier it is what everybody reads. Call `control.clearPending` next. */
  finish(): void {
    const { back } = this
    while (this.#rows > 0 && back.state[this.#rows - 1] === rowState.free) this.#rows--
    this.#groupLeavers()
    writeMessages(this.memory, this.#backIndex, back, this.#outgoingMessages)
    back.set('rows', this.#rows)
    back.set('population', this.#population)
    back.set('changedRows', this.#changedRows)
    back.setFloat('idCounter', this.#idCounter)
    back.setFloat('tick', this.tick)
    this.#fresh = false
  }

  /** The row of a new entity at 0, 0, 0; -1 where the partition is at its limit or the machine has no room. */
  create(type: number): number {
    const row = this.#allocateRow()
    if (row < 0) return -1
    this.back.id[row] = this.back.float('idLane') * idsPerLane + this.#idCounter++
    this.back.type[row] = type
    this.back.position.fill(0, row * 3, row * 3 + 3)
    return row
  }

  delete(row: number): void {
    assert(row < this.#rows && this.back.state[row] !== rowState.free, `row ${row} holds no entity`)
    this.#freeRow(row)
  }

  /** Says that a row's entity changed in this tick. */
  touch(row: number): void {
    const { changed } = this.back
    if (changed[row] === this.#stamp) return
    changed[row] = this.#stamp
    this.#changedRows++
  }

  setPosition(row: number, x: number, y: number, z: number): void {
    const { position } = this.back
    position[row * 3] = x
    position[row * 3 + 1] = y
    position[row * 3 + 2] = z
    this.touch(row)
  }

  /** Hands the entity to a domain: it leaves at the end of this tick, or of a later one while its target is full. */
  setDestination(row: number, domain: number): void {
    this.back.destination[row] = domain + 1
    this.touch(row)
  }

  /** False where the machine has no room for the field, or the entity may have no further one. */
  storeField(row: number, field: number, typeId: number, bytes: Uint8Array): boolean {
    if (!this.mayHaveField(row, field)) return false
    if (!this.#reserveField(field, bytes.length)) return false
    const view = this.#fields[field]!
    view.data.set(bytes, row * view.stride)
    view.length[row] = bytes.length + 1
    view.typeId[row] = typeId
    this.touch(row)
    return true
  }

  /** Whether the entity has the field, or may have it beside those that it has. */
  mayHaveField(row: number, field: number): boolean {
    const { fieldsPerEntity = fieldIndexMax } = this.memory.sizes
    if (fieldsPerEntity >= fieldIndexMax || (this.#fields[field]?.length[row] ?? 0) !== 0) return true
    let count = 0
    for (const view of this.#fields) if (view && view.length[row] !== 0) count++
    return count < fieldsPerEntity
  }

  /** Takes a field away from an entity. False where it had none. */
  removeField(row: number, field: number): boolean {
    const view = this.#fields[field]
    if (!view || view.length[row] === 0) return false
    view.length[row] = 0
    this.touch(row)
    return true
  }

  /** The field's columns on the back side, where it is in use. */
  field(field: number): FieldView | undefined {
    return this.#fields[field]
  }

  /** Queues a message; it is written at `finish`. False where the tick's limit of messages or bytes is reached, or the machine has no room. */
  send(message: OutgoingMessage): boolean {
    const { messageLimit, messageHeapBytes } = this.memory.sizes
    const count = this.#outgoingMessages.length + 1
    const heapBytes = this.#outgoingBytes + message.payload.length
    if (count > messageLimit || heapBytes > messageHeapBytes) return false
    if (!this.memory.ensureMessages(this.#backIndex, count, heapBytes)) return false
    this.#outgoingMessages.push(message)
    this.#outgoingBytes = heapBytes
    return true
  }

  #takeOverFront(tick: number): void {
    const { back, front } = this
    const followsOwn = !this.#fresh && back.float('tick') === tick - 2
    const strideChanged = this.#takeOverFieldStrides()
    const changedRows = front.get('changedRows')
    if (!followsOwn || strideChanged || changedRows * 3 > front.rows) this.#copyAllRows()
    else if (changedRows > 0) this.#copyRowsChangedIn((tick - 1) >>> 0)
    this.#rows = front.rows
    this.#population = front.get('population')
    this.#changedRows = 0
    this.#lowestFree = 0
    this.#idCounter = front.float('idCounter')
    back.setFloat('idLane', front.float('idLane'))
    back.set('handoffGroups', 0)
    back.set('messageGroups', 0)
    back.set('messages', 0)
  }

  /** Opens the fields on the back side at the front's strides. True where one differs: all rows have to be copied then. */
  #takeOverFieldStrides(): boolean {
    let changed = false
    for (let field = 1; field <= fieldIndexMax; field++) {
      const stride = this.front.fieldStride(field)
      if (this.back.fieldStride(field) !== stride) {
        changed = true
        this.back.setFieldStride(field, stride)
      }
      this.#fields[field] = this.memory.field(this.#backIndex, field)
    }
    return changed
  }

  #copyAllRows(): void {
    const { back, front } = this
    const rows = front.rows
    back.id.set(front.id.subarray(0, rows))
    back.type.set(front.type.subarray(0, rows))
    back.state.set(front.state.subarray(0, rows))
    back.destination.set(front.destination.subarray(0, rows))
    back.changed.set(front.changed.subarray(0, rows))
    back.position.set(front.position.subarray(0, rows * 3))
    this.#forEachFieldOf(front, this.memory, 1 - this.#backIndex, (field, from) => {
      const to = this.#fields[field]!
      to.length.set(from.length.subarray(0, rows))
      to.typeId.set(from.typeId.subarray(0, rows))
      to.data.set(from.data.subarray(0, rows * from.stride))
    })
  }

  #copyRowsChangedIn(stamp: number): void {
    const { back, front } = this
    const rows = front.rows
    const changed = front.changed.subarray(0, rows)
    for (let row = changed.indexOf(stamp); row >= 0; row = changed.indexOf(stamp, row + 1)) {
      back.id[row] = front.id[row]
      back.type[row] = front.type[row]
      back.state[row] = front.state[row]
      back.destination[row] = front.destination[row]
      back.changed[row] = stamp
      for (let axis = row * 3; axis < row * 3 + 3; axis++) back.position[axis] = front.position[axis]
    }
    this.#forEachFieldOf(front, this.memory, 1 - this.#backIndex, (field, from) => {
      const to = this.#fields[field]!
      for (let row = changed.indexOf(stamp); row >= 0; row = changed.indexOf(stamp, row + 1))
        copyFieldRow(from, row, to, row)
    })
  }

  #forEachFieldOf(
    side: Side,
    memory: PartitionMemory,
    sideIndex: number,
    visit: (field: number, view: FieldView) => void,
  ): void {
    for (let field = 1; field <= fieldIndexMax; field++) {
      if (side.fieldStride(field) !== 0) visit(field, memory.field(sideIndex, field)!)
    }
  }

  /** What was granted at the barrier is gone from here; the rest stays, and is tried again. */
  #settleLeavers(): void {
    const { back, front, ownership } = this
    for (let group = 0; group < front.get('handoffGroups'); group++) {
      const start = front.handoffStart[group]
      const granted = front.handoffGranted[group]
      for (let place = 0; place < front.handoffCount[group]; place++) {
        const row = front.leavingRow[start + place]
        if (place < granted) {
          ownership.removed.push({ row, id: back.id[row], type: back.type[row] })
          this.#freeRow(row)
        } else {
          back.state[row] = rowState.here
          ownership.rejected.push(row)
        }
      }
    }
  }

  /** Copies what was granted to this partition straight from the sources' fronts: by source, then in the source's order. */
  #takeInArrivals(): void {
    this.rejectedIncoming = 0
    for (const source of this.#fabric.partitions()) {
      if (source === this.index) continue
      const memory = this.#fabric.partition(source)
      const sourceIndex = 1 - this.#backIndex
      const from = memory.sides[sourceIndex]
      for (let group = 0; group < from.get('handoffGroups'); group++) {
        if (from.handoffTarget[group] !== this.index) continue
        this.rejectedIncoming += from.handoffCount[group] - from.handoffGranted[group]
        this.#takeInGroup(memory, sourceIndex, group)
      }
    }
  }

  #takeInGroup(memory: PartitionMemory, sourceIndex: number, group: number): void {
    const { back } = this
    const from = memory.sides[sourceIndex]
    const start = from.handoffStart[group]
    const granted = from.handoffGranted[group]
    const firstArrival = this.ownership.added.length
    for (let place = start; place < start + granted; place++) {
      const source = from.leavingRow[place]
      const row = this.#allocateRow()
      assert(row >= 0, 'the barrier grants no more than there is room for')
      back.id[row] = from.id[source]
      back.type[row] = from.type[source]
      for (let axis = 0; axis < 3; axis++) back.position[row * 3 + axis] = from.position[source * 3 + axis]
      this.ownership.added.push(row)
    }
    this.#forEachFieldOf(from, memory, sourceIndex, (field, view) => {
      if (granted > 0) assert(this.#widenField(field, view.stride), 'the barrier claims the fields of what it grants')
      for (let place = 0; place < granted; place++) {
        const source = from.leavingRow[start + place]
        if (view.length[source] === 0) continue
        copyFieldRow(view, source, this.#fields[field]!, this.ownership.added[firstArrival + place])
      }
    })
  }

  #allocateRow(): number {
    const { back, memory } = this
    if (this.#population >= memory.sizes.entityLimit) return -1
    let row = this.#lowestFree
    while (row < this.#rows && back.state[row] !== rowState.free) row++
    this.#lowestFree = row
    if (row === this.#rows) {
      if (!memory.ensureRows(row + 1)) return -1
      this.#rows++
      back.changed[row] = this.#stamp
      this.#changedRows++
    } else {
      this.touch(row)
    }
    this.#lowestFree = row + 1
    this.#population++
    back.state[row] = rowState.here
    back.destination[row] = 0
    for (let field = 1; field <= fieldIndexMax; field++) {
      const view = this.#fields[field]
      if (view) view.length[row] = 0
    }
    return row
  }

  #freeRow(row: number): void {
    this.back.state[row] = rowState.free
    this.touch(row)
    this.#population--
    if (row < this.#lowestFree) this.#lowestFree = row
  }

  /** Opens or widens a field on the back side so that `bytes` fit. False where the machine has no room. */
  #reserveField(field: number, bytes: number): boolean {
    const strideBefore = this.#fields[field]?.stride ?? 0
    return (
      (strideBefore > 0 && bytes <= strideBefore) ||
      this.#widenField(field, strideFor(bytes, strideBefore, this.memory.sizes))
    )
  }

  #widenField(field: number, stride: number): boolean {
    const strideBefore = this.#fields[field]?.stride ?? 0
    if (stride <= strideBefore) return true
    if (!this.memory.ensureField(field, stride)) return false
    const view = this.memory.openField(this.#backIndex, field, stride)
    this.#fields[field] = view
    if (strideBefore === 0) view.length.fill(0, 0, this.#rows)
    // The same memory at a wider stride: from the last row down, nothing is overwritten before it has moved.
    else
      for (let row = this.#rows - 1; row > 0; row--)
        view.data.copyWithin(row * stride, row * strideBefore, (row + 1) * strideBefore)
    return true
  }

  /** Finds the entities whose place is elsewhere, and lists them by target, each target's in the order of their rows. */
  #groupLeavers(): void {
    const { back } = this
    const rowsByTarget = new Map<number, number[]>()
    let strays = 0
    const consider = (row: number) => {
      if (back.state[row] !== rowState.here) return
      const target = this.#targetOf(row)
      if (target < 0) strays = 1
      if (target < 0 || target === this.index) return
      const rows = rowsByTarget.get(target)
      if (rows) rows.push(row)
      else rowsByTarget.set(target, [row])
      back.state[row] = rowState.leaving
    }
    if (this.#fresh || this.front.get('strays') !== 0) {
      for (let row = 0; row < this.#rows; row++) consider(row)
    } else {
      const changed = back.changed.subarray(0, this.#changedRows > 0 ? this.#rows : 0)
      for (let row = changed.indexOf(this.#stamp); row >= 0; row = changed.indexOf(this.#stamp, row + 1)) consider(row)
      for (const row of this.ownership.rejected) if (row < this.#rows) consider(row)
    }
    back.set('strays', strays)

    let group = 0
    let place = 0
    for (const target of [...rowsByTarget.keys()].sort((a, b) => a - b)) {
      const rows = rowsByTarget.get(target)!.sort((a, b) => a - b)
      back.handoffTarget[group] = target
      back.handoffStart[group] = place
      back.handoffCount[group] = rows.length
      back.handoffGranted[group] = 0
      back.leavingRow.set(rows, place)
      place += rows.length
      group++
    }
    back.set('handoffGroups', group)
  }

  /** The partition that should own the row's entity from the next tick on; -1 where no partition owns its position, and it stays. */
  #targetOf(row: number): number {
    const { back } = this
    const { world } = this.#fabric
    const destination = back.destination[row]
    if (destination === 0 && !world.grids[this.domain]) return this.index
    const domain = destination === 0 ? this.domain : destination - 1
    const target = world.partitionAt(domain, back.position[row * 3], back.position[row * 3 + 1])
    if (target === this.index) back.destination[row] = 0
    return target
  }
}

function copyFieldRow(from: FieldView, fromRow: number, to: FieldView, toRow: number): void {
  const length = from.length[fromRow]
  to.length[toRow] = length
  to.typeId[toRow] = from.typeId[fromRow]
  const fromStart = fromRow * from.stride
  const toStart = toRow * to.stride
  for (let byte = 0; byte < length - 1; byte++) to.data[toStart + byte] = from.data[fromStart + byte]
}
