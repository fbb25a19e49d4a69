// The owner's work on its partition in one tick: take over the committed state, remove what left,
// add what arrives, create, change and delete, and at the end say which entities leave for where.
// Owns the back side between `begin` and `finish`; never writes a front side, waits or wakes.

import { assert } from '../../../base/assert.ts'
import { IDS_PER_LANE } from '../../entities/ids.ts'
import { type Box, emptyBox } from '../memory/box.ts'
import { rowState } from '../memory/columns.ts'
import { cellOf, type Fabric } from '../memory/fabric.ts'
import { type Interest, publishInterests, Readers } from '../memory/interests.ts'
import { type OutgoingMessage, writeMessages } from '../memory/messages.ts'
import type { FieldView, PartitionMemory } from '../memory/partition-memory.ts'
import { roundUp } from '../memory/placing.ts'
import { grown, RowList } from '../memory/row-list.ts'
import type { Side } from '../memory/side.ts'
import { FIELD_INDEX_MAX } from '../memory/sizes.ts'
import { Departures } from './departures.ts'
import { OwnerFields } from './owner-fields.ts'
import { PeakWatch, type PeakWatchOptions } from './peak-watch.ts'
import { PositionTakeover } from './position-takeover.ts'
import { copyAllRows, copyChanges, copyValues } from './row-takeover.ts'
import { SpatialIndex } from './spatial-index.ts'
import { TickChanges } from './tick-changes.ts'

/** Ticks that all own entities stay in the index after the last question about them. */
const WHOLE_INDEX_TICKS = 64

/** Least number of further entities that a partition claims rows for. */
const AHEAD_MIN = 1024

/** Share of free rows beyond the number of entities, among which new entities are placed. */
const SPARE_ROWS_SHARE = 1 / 64

/** The ownership changes at the begin of a tick. */
interface OwnershipOfTick {
  /** Rows of entities that are owned from this tick on. */
  added: number[]
  /** Entities that left: their previous row and id. */
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
  /** Boxes that this partition's app reads of others; published at `finish`. */
  interests: readonly Interest[] = []
  readonly #fabric: Fabric
  readonly #cell: Box | undefined
  readonly #spatialIndex: SpatialIndex | undefined
  readonly #indexRowsMin: number
  readonly #readers: Readers
  /**
   * True in the process's first tick. The back side and the asked entities are unknown then: an
   * earlier process may have died, or a snapshot may have been restored.
   */
  #fresh = true
  #stamp = 0
  #backIndex = 0
  #rows = 0
  #population = 0
  #idCounter = 0
  /** By lane that this owner gives ids of: the first id that it could give. */
  readonly #firstIds = new Map<number, number>()
  /** The search for the next free row starts here. */
  #nextRow = 0
  readonly #fields: OwnerFields
  #changes = new TickChanges()
  #changesBefore = new TickChanges()
  readonly #positions = new PositionTakeover()
  readonly #departures: Departures
  /** By row: the begin in which it was last listed as changed. */
  #listedIn: Uint32Array = new Uint32Array(0)
  #begins = 0
  /** Up to this tick all entities are in the index, for questions about this app's own. */
  #wholeIndexUntil = -1
  /**
   * Progress of a sweep: the first row of the piece that is being written, or -1, and the end of
   * the last piece.
   */
  #pieceAt = -1
  #sweptTo = 0
  #outgoingMessages: OutgoingMessage[] = []
  #outgoingBytes = 0
  /** Ids of all entities owned at the begin of the process's first tick. */
  #firstAddedIds: number[] | undefined
  /** Rows in which the entities of one group arrive. */
  readonly #arrivals = new RowList()
  readonly #peakWatch: PeakWatch
  /** Most rows that were in use at once in this tick. */
  #rowsMost = 0

  /**
   * Below `indexRowsMin` rows there is no spatial index: it would cost more than it saves. See
   * Departures for `refusesOutside`.
   */
  constructor(
    fabric: Fabric,
    index: number,
    {
      indexRowsMin = 512,
      refusesOutside = false,
      ...peaks
    }: { indexRowsMin?: number; refusesOutside?: boolean } & PeakWatchOptions = {},
  ) {
    this.#fabric = fabric
    this.#indexRowsMin = indexRowsMin
    this.#peakWatch = new PeakWatch(peaks)
    this.index = index
    this.memory = fabric.partition(index)
    this.#fields = new OwnerFields(this.memory)
    this.domain = fabric.control.partitionWord(index, 'domain')
    this.#cell = cellOf(fabric, this.memory)
    this.#spatialIndex = this.#cell && new SpatialIndex(this.memory, this.#cell)
    const place = { partition: index, domain: this.domain, cell: this.#cell }
    this.#departures = new Departures(fabric.world, { ...place, refusesOutside })
    this.#readers = new Readers(fabric, index, this.#cell)
  }

  /** Rows in use are below this; free ones have state 0. */
  get rows(): number {
    return this.#rows
  }
  get population(): number {
    return this.#population
  }
  /** All positions on the back side, in their present state. */
  get position(): Float32Array {
    this.#positions.take(this.#rows)
    return this.back.position
  }

  /** Opens the back side for `tick`, whose predecessor is committed. */
  begin(tick: number): void {
    const { memory } = this
    assert(
      tick === this.#fabric.control.committedTick + 1,
      'the tick does not follow on the committed one',
    )
    assert(tick !== this.tick, 'a partition begins no tick twice')
    this.tick = tick
    this.#stamp = tick >>> 0
    this.#backIndex = tick % 2
    this.back = memory.side(tick)
    this.front = memory.side(tick + 1)
    this.ownership = { added: [], removed: [], rejected: [] }
    this.#outgoingMessages = []
    this.#outgoingBytes = 0
    this.#rowsMost = 0
    if (this.#fresh) memory.recount()
    this.#departures.begin(this.back)
    this.#takeOverFront(tick)
    this.#beginIndex()
    this.#settleLeavers()
    this.#takeInArrivals()
    assert(
      this.#population <= memory.sizes.entityLimit,
      `partition ${this.index} has ${this.#population} entities`,
    )
    this.#firstAddedIds = undefined
    if (this.#fresh) {
      const { ownership, back } = this
      ownership.added = []
      for (let row = 0; row < this.#rows; row++)
        if (back.state[row] !== rowState.free) ownership.added.push(row)
      this.#firstAddedIds = ownership.added.map((row) => back.id[row])
    }
  }

  /**
   * Closes the back side, which all programs read after the barrier. Call `commits.commit` next.
   * Throws OutsideError, and then closes nothing.
   */
  finish(): void {
    const { back } = this
    if (this.#sweptTo > 0) this.endSweep()
    this.#rowsMost = Math.max(this.#rowsMost, this.#rows)
    while (this.#rows > 0 && back.state[this.#rows - 1] === rowState.free) this.#rows--
    this.#positions.take(this.#rows)
    this.#departures.write({
      rows: this.#rows,
      all: this.#fresh || this.front.get('strays') !== 0,
      changed: this.#changes.rows,
      rejected: this.ownership.rejected,
    })
    const { app } = this.memory
    if (publishInterests(back, this.front, this.interests) || this.#fresh)
      app.setTick('interestsTick', this.tick)
    writeMessages(this.memory, this.#backIndex, back, this.#outgoingMessages)
    back.set('rows', this.#rows)
    back.set('nextRow', this.#nextRow)
    back.set('population', this.#population)
    back.set('capacity', this.#claimAhead())
    if (this.#fields.hasGrown || this.#fresh) app.setTick('fieldsTick', this.tick)
    this.#finishIndex()
    back.setFloat('idCounter', this.#idCounter)
    back.setFloat('tick', this.tick)
    this.#fresh = false
    this.#peakWatch.endTick(this.memory, {
      rows: this.#rowsMost,
      messages: this.#outgoingMessages.length,
      heapBytes: this.#outgoingBytes,
      isIndexed: back.get('indexed') === 1,
    })
  }

  /** Whether this owner has given the id, even if the entity is elsewhere. */
  hasMade(id: number): boolean {
    const lane = Math.floor(id / IDS_PER_LANE)
    const from = this.#firstIds.get(lane)
    return from !== undefined && id >= from
  }

  /**
   * Creates an entity at 0, 0, 0 and returns its row; -1 if the partition is at its limit or the
   * machine has no room.
   */
  create(type: number): number {
    const row = this.#allocateRow()
    if (row < 0) return -1
    this.back.id[row] = this.back.float('idLane') * IDS_PER_LANE + this.#idCounter++
    this.back.type[row] = type
    this.setPosition(row, 0, 0, 0)
    return row
  }

  delete(row: number): void {
    assert(row < this.#rows && this.back.state[row] !== rowState.free, `row ${row} holds no entity`)
    this.#freeRow(row)
  }

  /** Records that a row's entity changed in this tick. */
  touch(row: number): void {
    if (this.#listedIn[row] === this.#begins) return
    if (row >= this.#listedIn.length) this.#listedIn = grown(this.#listedIn, row + 1)
    this.#listedIn[row] = this.#begins
    this.back.changed[row] = this.#stamp
    this.#changes.rows.push(row)
  }

  setPosition(row: number, x: number, y: number, z: number): void {
    this.#positions.take(Math.max(this.#rows, row + 1))
    const { position } = this.back
    const start = row * 3
    position[start] = x
    position[start + 1] = y
    position[start + 2] = z
    this.touch(row)
  }

  /**
   * Records that the positions of the rows from `from` up to `to` were written. Free rows among
   * them do not matter. Finds the entities outside of the cell here, while the positions are in the
   * cache.
   */
  moved(from: number, to: number): void {
    if (from >= to) return
    this.#positions.take(to)
    this.#changes.position.add(from, to)
    this.#markChanged(from, to)
    this.#departures.lookAround(from, to, this.#spatialIndex?.quiet)
  }

  /**
   * Prepares the positions of a piece, for an app that moves its rows in order, piece by piece. If
   * no `endPiece` follows, `finish` treats the piece as written.
   */
  beginPiece(from: number, to: number): void {
    this.#positions.take(to)
    this.#pieceAt = from
    this.#sweptTo = to
  }

  /** Ends a piece that was written. `endSweep` follows after the last one. */
  endPiece(from: number, to: number): void {
    this.#pieceAt = -1
    this.#changes.position.add(from, to)
    this.#changes.sweeps = true
    this.#departures.lookAround(from, to, this.#spatialIndex?.quiet)
  }

  endSweep(): void {
    if (this.#pieceAt >= 0) this.endPiece(this.#pieceAt, this.#sweptTo)
    this.#markChanged(0, this.#sweptTo)
    this.#sweptTo = 0
  }

  /** Whether the row's entity belongs to a domain with an area, and is not in it. */
  isOutside(row: number): boolean {
    this.#positions.take(this.#rows)
    return this.#departures.isOutside(row)
  }

  /**
   * Hands the entity to a domain. It leaves at the end of this tick, or of a later one while its
   * target is full.
   */
  setDestination(row: number, domain: number): void {
    this.back.destination[row] = domain + 1
    this.touch(row)
  }

  /**
   * Returns false if the machine has no room for the field, or the entity may have no further one.
   */
  storeField(row: number, field: number, typeId: number, bytes: Uint8Array): boolean {
    if (!this.#fields.mayHave(row, field) || !this.#fields.reserve(field, bytes.length, this.#rows))
      return false
    const view = this.#fields.view(field)!
    const start = row * view.stride
    const { length } = bytes
    if (length > 64) view.data.set(bytes, start)
    else for (let byte = 0; byte < length; byte++) view.data[start + byte] = bytes[byte]
    view.length[row] = length + 1
    view.typeId[row] = typeId
    this.touch(row)
    return true
  }

  /**
   * Opens a field for values of one size, at a stride that is a multiple of `alignBytes`. Returns
   * undefined if the machine has no room.
   */
  shapedField(field: number, bytes: number, alignBytes: number): FieldView | undefined {
    return this.#fields.reserve(field, bytes, this.#rows, alignBytes)
      ? this.#fields.view(field)
      : undefined
  }

  /**
   * Records that the values of a shaped field were written for the entities in the rows from `from`
   * up to `to`: they now have it, `bytes` long. Returns -1; or the first row that may not have a
   * further field, and then changes nothing.
   */
  storedField(field: number, typeId: number, bytes: number, from: number, to: number): number {
    const { length, typeId: typeIds } = this.#fields.view(field)!
    const { state } = this.back
    const change = this.#changes.field(field)
    for (let row = from; row < to; row++)
      if (length[row] === 0 && state[row] !== rowState.free && !this.#fields.mayHave(row, field))
        return row
    for (let row = from; row < to; row++) {
      if ((length[row] === bytes + 1 && typeIds[row] === typeId) || state[row] === rowState.free)
        continue
      length[row] = bytes + 1
      typeIds[row] = typeId
      change.heads.add(row, row + 1)
    }
    change.data.add(from, to)
    this.#markChanged(from, to)
    return -1
  }

  /** Whether the entity has the field, or may have it in addition to its others. */
  mayHaveField(row: number, field: number): boolean {
    return this.#fields.mayHave(row, field)
  }

  /** Removes a field of an entity. Returns false if it had none. */
  removeField(row: number, field: number): boolean {
    const view = this.#fields.view(field)
    if (!view || view.length[row] === 0) return false
    view.length[row] = 0
    this.touch(row)
    return true
  }

  /** The field's columns on the back side, if it is in use. */
  field(field: number): FieldView | undefined {
    return this.#fields.view(field)
  }

  /**
   * The groups that were to come here from the tick before: the source's granted rows, as they are
   * on its front side, and the number of entities that were not granted.
   */
  *arrivals(): Generator<{ memory: PartitionMemory; rows: Uint32Array; rejected: number }> {
    const { front } = this
    const groups = front.get('incomingGroups')
    for (let place = 0; place < groups; place++) {
      const source = front.incomingSource[place]
      // A partition that was removed since was granted nothing.
      if (!this.#fabric.control.partitionInUse(source)) continue
      const memory = this.#fabric.partition(source)
      const from = memory.side(this.tick - 1)
      const group = front.incomingGroup[place]
      const start = from.handoffStart[group]
      const granted = from.handoffGranted[group]
      const rows = rowsBelow(from.rows, from.leavingRow.subarray(start, start + granted))
      yield { memory, rows, rejected: from.handoffCount[group] - granted }
    }
  }

  /** The ids of `ownership.added`, in its order: a row may hold another entity by now. */
  addedIds(): number[] {
    if (this.#firstAddedIds) return this.#firstAddedIds
    const ids: number[] = []
    for (const { memory, rows } of this.arrivals()) {
      const { id } = memory.side(this.tick - 1)
      for (const row of rows) ids.push(id[row])
    }
    return ids
  }

  /**
   * Keeps all own entities in the index, as of each committed tick, for as long as this is called
   * now and then.
   */
  keepWholeIndex(): void {
    this.#wholeIndexUntil = this.tick + WHOLE_INDEX_TICKS
  }

  /**
   * Queues a message, which is written at `finish`. Returns false if the tick's limit of messages
   * or bytes is reached, or the machine has no room.
   */
  send(message: OutgoingMessage): boolean {
    if (!this.maySend(message.payload.length)) return false
    const count = this.#outgoingMessages.length + 1
    const heapBytes = this.#outgoingBytes + message.payload.length
    if (!this.memory.ensureMessages(this.#backIndex, count, heapBytes)) return false
    this.#outgoingMessages.push(message)
    this.#outgoingBytes = heapBytes
    return true
  }

  /** Whether the tick's limits allow one more message of `bytes` bytes. */
  maySend(bytes: number): boolean {
    const { messageLimit, messageHeapBytes } = this.memory.sizes
    return (
      this.#outgoingMessages.length < messageLimit &&
      this.#outgoingBytes + bytes <= messageHeapBytes
    )
  }

  // --- begin

  #takeOverFront(tick: number): void {
    const { back, front } = this
    const before = this.#changes
    this.#changes = this.#changesBefore
    this.#changesBefore = before
    this.#changes.clear()
    this.#begins++
    const rows = front.rows
    const follows = !this.#fresh && back.float('tick') === tick - 2
    const strideChanged = this.#fields.begin(tick, follows)
    const copiesAll = !follows || strideChanged || before.rows.count * 3 > rows
    if (copiesAll) copyAllRows(front, back, this.#fields.onBothSides())
    else copyChanges(front, back, this.#fields.onBothSides(), before)
    this.#positions.begin(front, back, !copiesAll && before.sweeps ? 0 : rows)
    this.#rows = rows
    this.#population = front.get('population')
    this.#nextRow = front.get('nextRow')
    this.#idCounter = front.float('idCounter')
    const idLane = front.float('idLane')
    if (!this.#firstIds.has(idLane))
      this.#firstIds.set(idLane, idLane * IDS_PER_LANE + this.#idCounter)
    back.setFloat('idLane', idLane)
    back.setFloat('everyRowChanged', front.float('everyRowChanged'))
    back.set('handoffGroups', 0)
    back.set('incomingGroups', 0)
    back.set('messageGroups', 0)
    back.set('messages', 0)
  }

  /** Says what the index must hold at the end of this tick. */
  #beginIndex(): void {
    const index = this.#spatialIndex
    if (!index) return
    if (this.#rows < this.#indexRowsMin || this.#peakWatch.isEnding) index.quiet = undefined
    else if (this.#wholeIndexUntil >= this.tick) {
      index.quiet = emptyBox
      index.boxArea = 0
    } else {
      index.quiet = this.#readers.quiet(this.tick - 1, index.quiet)
      index.boxArea = this.#readers.boxArea
    }
  }

  #finishIndex(): void {
    // A process that died may have left anything there.
    if (!this.#spatialIndex) this.back.set('indexed', 0)
    this.#spatialIndex?.finish(this.tick, this.#rows, {
      rows: this.#changes.rows,
      inBulk: !this.#changes.position.isEmpty,
      outside: this.#departures.scanned(this.#rows),
    })
  }

  /** Removes what the barrier granted; the rest stays, and is tried again. */
  #settleLeavers(): void {
    const { back, front, ownership } = this
    for (let group = 0; group < front.get('handoffGroups'); group++) {
      const start = front.handoffStart[group]
      const granted = front.handoffGranted[group]
      const count = Math.min(front.handoffCount[group], front.rows)
      for (let place = 0; place < count; place++) {
        const row = front.leavingRow[start + place]
        if (place < granted) {
          ownership.removed.push({ row, id: back.id[row], type: back.type[row] })
          this.#freeRow(row)
        } else {
          back.state[row] = rowState.here
          this.#changes.rows.push(row)
          ownership.rejected.push(row)
        }
      }
    }
  }

  /**
   * Copies what was granted to this partition straight from the sources' fronts: by source, then in
   * the source's order.
   */
  #takeInArrivals(): void {
    this.rejectedIncoming = 0
    if (this.front.get('incomingGroups') === 0) return
    // The barrier granted no more. An app that wrote over its grants has lost entities of its own.
    let room = Math.max(0, this.front.get('capacity') - this.#population)
    for (const { memory, rows, rejected } of this.arrivals()) {
      this.rejectedIncoming += rejected
      const sources = rows.subarray(0, room)
      room -= sources.length
      if (sources.length > 0) this.#takeInRows(memory, sources)
    }
  }

  /** Uses a loop for each column, as in row-takeover.ts. */
  #takeInRows(memory: PartitionMemory, sources: Uint32Array): void {
    const { back } = this
    const from = memory.side(this.tick - 1)
    const count = sources.length
    const list = this.#arrivals
    list.clear()
    for (let place = 0; place < count; place++) {
      const row = this.#allocateRow()
      assert(row >= 0, 'the barrier grants no more than there is room for')
      list.push(row)
      this.ownership.added.push(row)
    }
    const rows = list.view()
    for (let place = 0; place < count; place++) back.id[rows[place]] = from.id[sources[place]]
    for (let place = 0; place < count; place++) back.type[rows[place]] = from.type[sources[place]]
    const { position } = from
    for (let place = 0; place < count; place++) {
      const start = sources[place] * 3
      const x = position[start]
      const y = position[start + 1]
      const z = position[start + 2]
      // The source's app has overwritten a position from which no entity could be sent.
      if (this.#departures.isInDomain(x, y, z)) this.#positions.arrive(rows[place], x, y, z)
      else this.#positions.arrive(rows[place], ...this.#departures.middle)
    }
    for (let field = 1; field <= FIELD_INDEX_MAX; field++) {
      const view = memory.field((this.tick - 1) % 2, field)
      // The barrier has ensured that no granted entity has a wider field.
      if (!view || view.stride > this.memory.claimedStride(field)) continue
      assert(
        this.#fields.widen(field, view.stride, this.#rows),
        'the barrier grants what there are fields for',
      )
      copyValues(view, sources, this.#fields.view(field)!, rows)
    }
  }

  // --- what comes next

  /**
   * Claims memory for the arrivals of the next tick, so that the barrier need not, and taking them
   * in cannot fail: rows for some, and for as many as the last barrier refused, with the fields
   * that these have. Returns the number of entities that there are rows for.
   */
  #claimAhead(): number {
    const { memory } = this
    const { entityLimit } = memory.sizes
    // No entity moves to a partition without a cell by its position.
    if (!this.#cell) return this.#population
    this.#claimFields()
    const { transfersPerTick = entityLimit } = this.#fabric.world.description
    const refused = Math.min(this.rejectedIncoming, transfersPerTick)
    const wanted = Math.min(
      entityLimit,
      Math.max(capacityFor(this.#population), this.#population + refused),
    )
    this.#rowsMost = Math.max(this.#rowsMost, wanted)
    return memory.ensureRows(wanted) ? wanted : Math.min(entityLimit, memory.claimedRows)
  }

  /**
   * Claims the fields of refused entities and, if something is new among them, of likely sources:
   * cells of the own domain, and apps without a cell.
   */
  #claimFields(): void {
    const { control } = this.#fabric
    const committed = this.tick - 1
    if (this.rejectedIncoming > 0)
      for (const { memory, rejected } of this.arrivals())
        if (rejected > 0) this.#claimFieldsAs(memory.side(committed))
    if (!this.#fresh && control.fieldsTick < committed) return
    for (const partition of this.#fabric.partitions()) {
      const isLikely =
        control.partitionWord(partition, 'domain') === this.domain ||
        control.partitionWord(partition, 'cell') < 0
      if (isLikely) this.#claimFieldsAs(this.#fabric.partition(partition).side(committed))
    }
  }

  #claimFieldsAs(side: Side): void {
    for (let field = 1; field <= FIELD_INDEX_MAX; field++) {
      const stride = side.fieldStride(field)
      if (stride !== 0) this.#fields.widen(field, stride, this.#rows)
    }
  }

  // --- rows

  /**
   * Takes free rows in order, from the first one to a little beyond the number of entities, and
   * then from the first one again. So entities of one tick get rows near each other, even if those
   * that left had rows anywhere.
   */
  #allocateRow(): number {
    const { back, memory } = this
    const { entityLimit } = memory.sizes
    if (this.#population >= entityLimit) return -1
    const end = Math.min(
      entityLimit,
      this.#population + 1 + Math.floor(this.#population * SPARE_ROWS_SHARE),
    )
    let row = this.#freeRowFrom(this.#nextRow)
    if (row >= end || !memory.ensureRows(row + 1)) row = this.#freeRowFrom(0)
    if (!memory.ensureRows(row + 1)) return -1
    this.#rows = Math.max(this.#rows, row + 1)
    this.#nextRow = row + 1
    this.touch(row)
    this.#population++
    back.state[row] = rowState.here
    back.destination[row] = 0
    this.#fields.clear(row)
    return row
  }

  /** The first free row from `start` on; the one behind the last row if there is none. */
  #freeRowFrom(start: number): number {
    const { state, stateWords } = this.back
    const rows = this.#rows
    let row = Math.min(start, rows)
    while (row < rows && state[row] !== rowState.free) {
      row++
      // Compares four rows at once: a word has a byte that is 0 if this is not 0.
      if ((row & 3) === 0)
        for (let word = stateWords[row >>> 2]; row + 4 <= rows; word = stateWords[row >>> 2]) {
          if (((word - 0x0101_0101) & ~word & 0x8080_8080) !== 0) break
          row += 4
        }
    }
    return row
  }

  #freeRow(row: number): void {
    this.back.state[row] = rowState.free
    this.touch(row)
    this.#population--
  }

  /** Records that all rows from `from` up to `to` changed in this tick. */
  #markChanged(from: number, to: number): void {
    if (from === 0 && to >= this.#rows) this.back.setFloat('everyRowChanged', this.tick)
    else if (from < to) {
      this.back.changed.fill(this.#stamp, from, to)
      this.#changes.stamps.add(from, to)
    }
  }
}

/** The rows up to the first invalid one: an app may have overwritten the list. */
function rowsBelow(end: number, rows: Uint32Array): Uint32Array {
  let count = 0
  while (count < rows.length && rows[count] < end) count++
  return rows.subarray(0, count)
}

/**
 * Entities that a partition of this population claims rows for: a sixteenth more, and at least
 * AHEAD_MIN more, in whole steps.
 */
function capacityFor(population: number): number {
  return roundUp(population + Math.max(AHEAD_MIN, population >>> 4), 256)
}
