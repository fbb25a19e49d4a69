// One partition's memory: both sides' columns as typed arrays, fields and messages opened when they are first used.
// Owns views and claims; never decides what stands in them.

import { assert } from '../../base/assert.ts'
import { MemoryFullError, type Segment, type Segments } from '../../base/memory.ts'
import type { ControlBlock } from './control-block.ts'
import {
  columns,
  type FabricSizes,
  fieldIndexMax,
  fieldLayout,
  indexLayout,
  interestMax,
  kindBytes,
  messageLayout,
  partitionHeaderRecord,
  partitionLayout,
  roundUp,
  segmentNames,
  sideRecord,
} from './layout.ts'

const sideAt = sideRecord.index
const headerAt = partitionHeaderRecord.index
/** Rows that are claimed at first; doubled from there. */
const claimedRowsMin = 256

type SideNumber =
  | 'rows'
  | 'population'
  | 'strays'
  | 'handoffGroups'
  | 'messageGroups'
  | 'messages'
  | 'interests'
  | 'indexed'
  | 'indexTable'
  | 'indexBins'
  | 'indexChanges'
type SideFloat = 'tick' | 'idLane' | 'idCounter' | 'everyRowChanged' | 'indexTick'

/** One side of a partition: the state of one tick. Arrays are as long as the partition's limit; rows in use are below `rows`. */
export class Side {
  readonly id: Float64Array // one a row
  readonly type: Uint32Array // one a row
  readonly state: Uint8Array // one a row: see rowState
  readonly destination: Uint8Array // one a row: domain index + 1, or 0
  readonly changed: Uint32Array // one a row: low 32 bits of a tick
  readonly position: Float32Array // x, y, z a row
  readonly leavingRow: Uint32Array // row numbers, group by group
  readonly handoffTarget: Uint32Array // one a group, as the next three
  readonly handoffStart: Uint32Array
  readonly handoffCount: Uint32Array
  readonly handoffGranted: Uint32Array
  readonly messageTarget: Uint32Array // one a group, as the next two
  readonly messageStart: Uint32Array
  readonly messageCount: Uint32Array
  readonly interestDomain: Uint32Array // one a box
  readonly interestBox: Float64Array // minX, minY, maxX, maxY a box
  readonly quiet: Float64Array // minX, minY, maxX, maxY
  readonly #words: Uint32Array
  readonly #floats: Float64Array

  constructor(
    { buffer, startBytes: start }: Segment,
    recordOffset: number,
    placed: ReturnType<typeof partitionLayout>['sides'][number],
  ) {
    const { offsetBytes, length } = placed
    this.#words = new Uint32Array(buffer, start + recordOffset, sideRecord.bytes / 4)
    this.#floats = new Float64Array(buffer, start + recordOffset, sideRecord.bytes / 8)
    const record = start + recordOffset
    this.interestDomain = new Uint32Array(buffer, record + sideRecord.offsetBytes.interestDomain, interestMax)
    this.interestBox = new Float64Array(buffer, record + sideRecord.offsetBytes.interestBox, interestMax * 4)
    this.quiet = new Float64Array(buffer, record + sideRecord.offsetBytes.quiet, 4)
    this.id = new Float64Array(buffer, start + offsetBytes.id, length.id)
    this.type = new Uint32Array(buffer, start + offsetBytes.type, length.type)
    this.state = new Uint8Array(buffer, start + offsetBytes.state, length.state)
    this.destination = new Uint8Array(buffer, start + offsetBytes.destination, length.destination)
    this.changed = new Uint32Array(buffer, start + offsetBytes.changed, length.changed)
    this.position = new Float32Array(buffer, start + offsetBytes.position, length.position)
    this.leavingRow = new Uint32Array(buffer, start + offsetBytes.leavingRow, length.leavingRow)
    this.handoffTarget = new Uint32Array(buffer, start + offsetBytes.handoffTarget, length.handoffTarget)
    this.handoffStart = new Uint32Array(buffer, start + offsetBytes.handoffStart, length.handoffStart)
    this.handoffCount = new Uint32Array(buffer, start + offsetBytes.handoffCount, length.handoffCount)
    this.handoffGranted = new Uint32Array(buffer, start + offsetBytes.handoffGranted, length.handoffGranted)
    this.messageTarget = new Uint32Array(buffer, start + offsetBytes.messageTarget, length.messageTarget)
    this.messageStart = new Uint32Array(buffer, start + offsetBytes.messageStart, length.messageStart)
    this.messageCount = new Uint32Array(buffer, start + offsetBytes.messageCount, length.messageCount)
  }

  get(name: SideNumber): number {
    return this.#words[sideAt[name]]
  }
  set(name: SideNumber, value: number): void {
    this.#words[sideAt[name]] = value
  }
  float(name: SideFloat): number {
    return this.#floats[sideAt[name]]
  }
  setFloat(name: SideFloat, value: number): void {
    this.#floats[sideAt[name]] = value
  }
  /** Bytes a row of the field has on this side; 0 where the field isn't in use. */
  fieldStride(field: number): number {
    return this.#words[sideAt.fieldStride + field]
  }
  setFieldStride(field: number, stride: number): void {
    this.#words[sideAt.fieldStride + field] = stride
  }
  get rows(): number {
    return this.#words[sideAt.rows]
  }
}

/** What the state column holds. */
export const rowState = { free: 0, here: 1, leaving: 2 } as const

/** Whether the row's entity was written in a tick after `tick`. */
export function changedSince(side: Side, row: number, tick: number): boolean {
  return side.float('everyRowChanged') > tick || ((side.changed[row] - tick) | 0) > 0
}

export interface FieldView {
  length: Int32Array // one a row: bytes + 1, 0 for no such field
  typeId: Uint32Array // one a row
  data: Uint8Array // `stride` bytes a row
  words: Uint32Array // the same bytes, `stride` / 4 words a row
  stride: number
}

/** A segment of the spatial index. */
export interface IndexView {
  start: Uint32Array // one a bin, and one more
  row: Uint32Array // one an entry
  x: Float32Array // one an entry
  y: Float32Array // one an entry
  changedRow: Uint32Array // not by row
  changedSince: Uint32Array // one a row
}

export interface MessagesView {
  start: Uint32Array // one a message
  bytes: Uint32Array // one a message
  heap: Uint8Array
}

export class PartitionMemory {
  readonly index: number
  readonly epoch: number
  readonly sizes: FabricSizes
  readonly sides: readonly [Side, Side]
  readonly #segments: Segments
  readonly #segment: Segment
  readonly #writable: boolean
  readonly #header: Uint32Array
  readonly #layout: ReturnType<typeof partitionLayout>
  readonly #fields: [Map<number, OpenField>, Map<number, OpenField>] = [new Map(), new Map()]
  readonly #messages: (OpenMessages | undefined)[] = [undefined, undefined]
  readonly #indexes: (OpenIndex | undefined)[] = [undefined, undefined]

  constructor(segments: Segments, control: ControlBlock, index: number, writable: boolean) {
    this.index = index
    this.epoch = control.partitionWord(index, 'epoch')
    this.sizes = control.sizes
    this.#segments = segments
    this.#writable = writable
    this.#layout = partitionLayout(this.sizes)
    this.#segment = segments.open(segmentNames.partition(index, this.epoch), this.#layout.bytes, writable)
    const { buffer, startBytes } = this.#segment
    this.#header = new Uint32Array(buffer, startBytes, partitionHeaderRecord.bytes / 4)
    this.sides = [
      new Side(this.#segment, this.#layout.sideOffsets[0], this.#layout.sides[0]),
      new Side(this.#segment, this.#layout.sideOffsets[1], this.#layout.sides[1]),
    ]
  }

  /** Claims what a new partition needs before anybody looks at it. Throws MemoryFullError. */
  static create(segments: Segments, control: ControlBlock, index: number, idLane: number): PartitionMemory {
    const memory = new PartitionMemory(segments, control, index, true)
    const groupColumns = columns.filter((column) => column.rows === 'partition')
    let claimed = memory.#segment.claim(0, memory.#layout.headBytes)
    for (const { offsetBytes, length } of memory.#layout.sides) {
      for (const column of groupColumns)
        claimed &&= memory.#segment.claim(offsetBytes[column.name], length[column.name] * kindBytes[column.kind])
    }
    if (!claimed || !memory.ensureRows(1))
      throw new MemoryFullError(`no room in the fabric for partition '${control.partitionName(index)}'`)
    for (const side of memory.sides) {
      side.setFloat('idLane', idLane)
      side.setFloat('idCounter', 0)
    }
    return memory
  }

  /** Frees all its segments, once nobody has them open: also those of fields that were opened, and then not claimed in full. */
  remove(): void {
    for (let field = 1; field <= fieldIndexMax; field++) {
      for (const side of [0, 1]) this.#segments.remove(segmentNames.field(this.index, this.epoch, field, side))
    }
    for (const side of [0, 1]) this.#segments.remove(segmentNames.messages(this.index, this.epoch, side))
    for (const side of [0, 1]) this.#segments.remove(segmentNames.index(this.index, this.epoch, side))
    this.#segments.remove(segmentNames.partition(this.index, this.epoch))
  }

  side(tick: number): Side {
    return this.sides[tick % 2]
  }

  /** Makes sure that `rows` rows can be written on both sides, all fields in use included. False: no room, nothing changed for the caller. */
  ensureRows(rows: number): boolean {
    const claimedRows = this.#header[headerAt.claimedRows]
    if (rows <= claimedRows) return true
    if (rows > this.sizes.entityLimit) return false
    const target = Math.min(this.sizes.entityLimit, Math.max(rows, claimedRows * 2, claimedRowsMin))
    return this.#claimRows(claimedRows, target) || (rows < target && this.#claimRows(claimedRows, rows))
  }

  /** Makes sure that a field can be written with that stride, a multiple of 4, on both sides. */
  ensureField(field: number, stride: number): boolean {
    assert(stride % 4 === 0, `stride ${stride} of field ${field}`)
    assert(field >= 1 && field <= fieldIndexMax, `field index ${field}`)
    if (stride <= this.#header[headerAt.claimedFieldStride + field]) return true
    if (!this.#claimField(field, stride, this.#header[headerAt.claimedRows])) return false
    this.#header[headerAt.claimedFieldStride + field] = stride
    return true
  }

  /** The field's columns on a side, at that side's stride. Undefined where the field isn't in use there. */
  field(sideIndex: number, field: number): FieldView | undefined {
    const stride = this.sides[sideIndex].fieldStride(field)
    return stride === 0 ? undefined : this.#openField(sideIndex, field, stride).view
  }

  /** The same for the owner, who sets the side's stride first. */
  openField(sideIndex: number, field: number, stride: number): FieldView {
    this.sides[sideIndex].setFieldStride(field, stride)
    return this.#openField(sideIndex, field, stride).view
  }

  /** One of the two segments of the spatial index: a table, and the changes of the side of that number. What is in them is said by the sides. */
  indexSegment(segment: number): IndexView {
    return this.#openIndex(segment).view
  }

  /** Makes sure that tables of so many entries can be written. */
  ensureIndexTable(entries: number): boolean {
    return this.#claimIndex('claimedIndexRows', ['row', 'x', 'y', 'start'], entries)
  }

  /** Makes sure that rows below `rows` can be noted as changed. */
  ensureIndexChanges(rows: number): boolean {
    return this.#claimIndex('claimedIndexChanges', ['changedRow', 'changedSince'], rows)
  }

  messages(sideIndex: number): MessagesView {
    return this.#openMessages(sideIndex).view
  }

  /** Makes sure that so many messages and bytes of payload can be written on a side. */
  ensureMessages(sideIndex: number, count: number, heapBytes: number): boolean {
    const open = this.#openMessages(sideIndex)
    const { segment, layout } = open
    const { messageLimit, messageHeapBytes } = this.sizes
    if (count > open.claimedMessages) {
      const target = Math.min(messageLimit, Math.max(count, open.claimedMessages * 2, 1024))
      if (!segment.claim(layout.offsetBytes.start, target * 4) || !segment.claim(layout.offsetBytes.bytes, target * 4))
        return false
      open.claimedMessages = target
    }
    if (heapBytes > open.claimedHeapBytes) {
      const target = Math.min(messageHeapBytes, Math.max(heapBytes, open.claimedHeapBytes * 2, 65_536))
      if (!segment.claim(layout.heapOffset, target)) return false
      open.claimedHeapBytes = target
    }
    return true
  }

  #claimRows(from: number, to: number): boolean {
    for (const { offsetBytes } of this.#layout.sides) {
      for (const column of columns) {
        if (column.rows !== 'entity') continue
        const rowBytes = column.width * kindBytes[column.kind]
        if (!this.#segment.claim(offsetBytes[column.name] + from * rowBytes, (to - from) * rowBytes)) return false
      }
    }
    for (let field = 1; field <= fieldIndexMax; field++) {
      const stride = this.#header[headerAt.claimedFieldStride + field]
      if (stride !== 0 && !this.#claimField(field, stride, to)) return false
    }
    this.#header[headerAt.claimedRows] = to
    return true
  }

  #claimField(field: number, stride: number, rows: number): boolean {
    for (const side of [0, 1]) {
      const { segment, layout } = this.#openField(side, field, stride)
      const claimed =
        segment.claim(layout.offsetBytes.length, rows * 4) &&
        segment.claim(layout.offsetBytes.typeId, rows * 4) &&
        segment.claim(layout.dataOffset, rows * stride)
      if (!claimed) return false
    }
    return true
  }

  #openField(sideIndex: number, field: number, stride: number): OpenField {
    const open = this.#fields[sideIndex].get(field)
    if (open && open.view.stride === stride) return open
    // The reservation grows by doubling, so that a stride that widens step by step is mapped a few times only.
    const reservedStride = Math.max(open?.reservedStride ?? 64, 2 ** Math.ceil(Math.log2(stride)))
    const layout = fieldLayout(this.sizes, reservedStride)
    const name = segmentNames.field(this.index, this.epoch, field, sideIndex)
    const segment =
      open && open.reservedStride >= stride ? open.segment : this.#segments.open(name, layout.bytes, this.#writable)
    const { entityLimit } = this.sizes
    const view: FieldView = {
      length: new Int32Array(segment.buffer, segment.startBytes + layout.offsetBytes.length, entityLimit),
      typeId: new Uint32Array(segment.buffer, segment.startBytes + layout.offsetBytes.typeId, entityLimit),
      data: new Uint8Array(segment.buffer, segment.startBytes + layout.dataOffset, entityLimit * stride),
      words: new Uint32Array(segment.buffer, segment.startBytes + layout.dataOffset, (entityLimit * stride) / 4),
      stride,
    }
    const opened = { segment, layout, reservedStride, view }
    this.#fields[sideIndex].set(field, opened)
    return opened
  }

  #claimIndex(
    name: 'claimedIndexRows' | 'claimedIndexChanges',
    columnNames: readonly (keyof IndexView)[],
    count: number,
  ): boolean {
    const claimed = this.#header[headerAt[name]]
    if (count <= claimed) return true
    const target = Math.min(this.sizes.entityLimit, Math.max(count, claimed * 2, claimedRowsMin))
    for (const number of [0, 1]) {
      const { segment, layout } = this.#openIndex(number)
      for (const column of columnNames) {
        const length = column === 'start' ? layout.length.start : target
        if (!segment.claim(layout.offsetBytes[column], length * 4)) return false
      }
    }
    this.#header[headerAt[name]] = target
    return true
  }

  #openIndex(number: number): OpenIndex {
    const open = this.#indexes[number]
    if (open) return open
    const layout = indexLayout(this.sizes)
    const name = segmentNames.index(this.index, this.epoch, number)
    const segment = this.#segments.open(name, layout.bytes, this.#writable)
    const { buffer, startBytes } = segment
    const { offsetBytes, length } = layout
    const opened = {
      segment,
      layout,
      view: {
        start: new Uint32Array(buffer, startBytes + offsetBytes.start, length.start),
        row: new Uint32Array(buffer, startBytes + offsetBytes.row, length.row),
        x: new Float32Array(buffer, startBytes + offsetBytes.x, length.x),
        y: new Float32Array(buffer, startBytes + offsetBytes.y, length.y),
        changedRow: new Uint32Array(buffer, startBytes + offsetBytes.changedRow, length.changedRow),
        changedSince: new Uint32Array(buffer, startBytes + offsetBytes.changedSince, length.changedSince),
      },
    }
    this.#indexes[number] = opened
    return opened
  }

  #openMessages(sideIndex: number): OpenMessages {
    const open = this.#messages[sideIndex]
    if (open) return open
    const layout = messageLayout(this.sizes)
    const segment = this.#segments.open(
      segmentNames.messages(this.index, this.epoch, sideIndex),
      layout.bytes,
      this.#writable,
    )
    const opened: OpenMessages = {
      segment,
      layout,
      claimedMessages: 0,
      claimedHeapBytes: 0,
      view: {
        start: new Uint32Array(segment.buffer, segment.startBytes + layout.offsetBytes.start, this.sizes.messageLimit),
        bytes: new Uint32Array(segment.buffer, segment.startBytes + layout.offsetBytes.bytes, this.sizes.messageLimit),
        heap: new Uint8Array(segment.buffer, segment.startBytes + layout.heapOffset, this.sizes.messageHeapBytes),
      },
    }
    this.#messages[sideIndex] = opened
    return opened
  }
}

interface OpenField {
  segment: Segment
  layout: ReturnType<typeof fieldLayout>
  /** The stride that the segment's length allows for; at least the view's. */
  reservedStride: number
  view: FieldView
}

interface OpenIndex {
  segment: Segment
  layout: ReturnType<typeof indexLayout>
  view: IndexView
}

interface OpenMessages {
  segment: Segment
  layout: ReturnType<typeof messageLayout>
  claimedMessages: number
  claimedHeapBytes: number
  view: MessagesView
}

/** The stride for a field that has to hold `bytes`: whole 4 bytes, and half as much again when it widens, so that it widens rarely. */
export function strideFor(bytes: number, strideBefore: number, sizes: FabricSizes): number {
  const needed = Math.max(4, roundUp(bytes, 4))
  if (needed <= strideBefore) return strideBefore
  return strideBefore === 0
    ? needed
    : Math.min(roundUp(sizes.fieldBytesMax, 4), Math.max(needed, roundUp(strideBefore * 1.5, 4)))
}
