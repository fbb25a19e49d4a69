// One partition's memory: its two sides, and fields, messages and indexes, opened when they are
// first used.
// Owns views on files and claims; never decides what is stored in them.

import { assert } from '../../../base/assert.ts'
import { MemoryFullError, PAGE_BYTES, type Segment, type Segments } from '../../../base/memory.ts'
import { type DeclaredShape, declarationText, parseDeclaration } from '../../entities/shape.ts'
import { AppBlock } from './app-block.ts'
import { columns, fieldColumns, indexColumns, messageColumns } from './columns.ts'
import { type ControlBlock, MACHINE_IS_FULL } from './control-block.ts'
import {
  fieldLayout,
  fieldOffset,
  indexLayout,
  messageLayout,
  type PartitionFile,
  partitionFile,
  partitionFileBytes,
  partitionFolder,
  partitionLayout,
} from './layout.ts'
import { appMeterRecord, declarationRecord, partitionHeaderRecord } from './partition-records.ts'
import { kindBytes, roundUp } from './placing.ts'
import { Side } from './side.ts'
import { DECLARATION_BYTES_MAX, type FabricSizes, FIELD_INDEX_MAX, strideMax } from './sizes.ts'

const headerAt = partitionHeaderRecord.index
/** Least numbers of rows, messages and bytes that a claim adds: no claim is for only a few. */
const ROWS_STEP = 256
const MESSAGES_STEP = 1024
const HEAP_STEP = 16_384

type ClaimNumber = Exclude<keyof typeof headerAt, 'claimedPages'>
/** How many numbers there are of each claim that has several. */
const CLAIM_COUNTS: Partial<Record<ClaimNumber, number>> = {
  claimedFieldStride: FIELD_INDEX_MAX + 1,
  claimedMessages: 2,
  claimedHeapBytes: 2,
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

interface MessagesView {
  start: Uint32Array // one a message
  bytes: Uint32Array // one a message
  heap: Uint8Array
}

export class PartitionMemory {
  readonly index: number
  readonly epoch: number
  readonly sizes: FabricSizes
  readonly sides: readonly [Side, Side]
  readonly app: AppBlock
  /** What its app counts of its ticks; see meters.ts. */
  readonly appMeter: Float64Array
  readonly #segments: Segments
  readonly #control: ControlBlock
  readonly #segment: Segment
  readonly #writable: boolean
  readonly #header: Uint32Array
  readonly #layout: ReturnType<typeof partitionLayout>
  readonly #fields: [Map<number, OpenField>, Map<number, OpenField>] = [new Map(), new Map()]
  readonly #messages: (OpenMessages | undefined)[] = [undefined, undefined]
  readonly #indexes: (OpenIndex | undefined)[] = [undefined, undefined]
  /** By field index: the last declaration that was made through this object. */
  readonly #declared: (DeclaredShape | undefined)[] = []
  #refusal = MACHINE_IS_FULL
  readonly #pagesOfOthers: () => number
  /** Whether the head's memory can be written. */
  #isClaimed = true

  /** `pagesOfOthers` returns what all other partitions have claimed. */
  constructor(
    segments: Segments,
    control: ControlBlock,
    index: number,
    { writable, pagesOfOthers }: { writable: boolean; pagesOfOthers: () => number },
  ) {
    this.#pagesOfOthers = pagesOfOthers
    this.index = index
    this.epoch = control.partitionEpoch(index)
    this.sizes = control.sizes
    this.#segments = segments
    this.#control = control
    this.#writable = writable
    this.#layout = partitionLayout(this.sizes)
    this.#segment = this.#open('state', 0, this.#layout.bytes)
    const { buffer, startBytes } = this.#segment
    const { appMeterOffset, headerOffset } = this.#layout
    this.app = new AppBlock(this.#segment)
    this.appMeter = new Float64Array(buffer, startBytes + appMeterOffset, appMeterRecord.bytes / 8)
    this.#header = new Uint32Array(
      buffer,
      startBytes + headerOffset,
      partitionHeaderRecord.bytes / 4,
    )
    this.sides = [
      new Side(this.#segment, this.#layout, { number: 0, sizes: this.sizes }),
      new Side(this.#segment, this.#layout, { number: 1, sizes: this.sizes }),
    ]
  }

  /**
   * Creates a new partition's files, and claims what it needs before any program opens it. Throws
   * MemoryFullError.
   */
  static create(
    segments: Segments,
    control: ControlBlock,
    index: number,
    { idLane, pagesOfOthers }: { idLane: number; pagesOfOthers: () => number },
  ): PartitionMemory {
    const epoch = control.partitionEpoch(index)
    for (const [file, bytes] of Object.entries(partitionFileBytes(control.sizes)))
      segments.create(partitionFile(index, epoch, file as PartitionFile), bytes)
    const memory = new PartitionMemory(segments, control, index, { writable: true, pagesOfOthers })
    if (!memory.#claimHead() || !memory.ensureRows(1))
      throw new MemoryFullError(
        `no room for partition '${control.partitionName(index)}': ${memory.refusal}`,
      )
    memory.app.store('committed', control.asked[index])
    for (const side of memory.sides) {
      side.setFloat('idLane', idLane)
      side.setFloat('idCounter', 0)
    }
    return memory
  }

  /** Frees the files of a partition, once no program has them open. */
  static remove(segments: Segments, control: ControlBlock, index: number): void {
    segments.remove(partitionFolder(index, control.partitionEpoch(index)))
  }

  side(tick: number): Side {
    return this.sides[tick % 2]
  }

  /** Why the last claim was refused. */
  get refusal(): string {
    return this.#refusal
  }

  /** Rows of every column that are claimed on both sides. */
  get claimedRows(): number {
    return this.#header[headerAt.claimedRows]
  }

  /** The stride of a field that is claimed on both sides. */
  claimedStride(field: number): number {
    return this.#header[headerAt.claimedFieldStride + field]
  }

  /** Pages that are claimed for this partition. */
  get claimedPages(): number {
    return Atomics.load(this.#header, headerAt.claimedPages)
  }

  /**
   * Returns the fault in the numbers of claimed memory; undefined if there is none. Numbers equal
   * to those of `known` are trusted. Afterwards `known` has all numbers.
   */
  claimFault(known: Uint32Array): string | undefined {
    const header = this.#header
    let at = 0
    while (at < header.length && header[at] === known[at]) at++
    if (at === header.length) return undefined
    const claims = header.slice()
    for (const [name, most] of Object.entries(this.#claimLimits()) as [ClaimNumber, number][])
      for (let place = headerAt[name]; place < headerAt[name] + (CLAIM_COUNTS[name] ?? 1); place++)
        if (claims[place] > most) return `${name} is ${claims[place]}, and ${most} is the most`
    const strides = claims.subarray(
      headerAt.claimedFieldStride,
      headerAt.claimedFieldStride + FIELD_INDEX_MAX + 1,
    )
    const odd = strides.findIndex((stride) => stride % 4 !== 0)
    if (odd >= 0)
      return `claimedFieldStride of field ${odd} is ${strides[odd]}, which is no multiple of 4`
    const pages = this.#pagesFor(claims)
    if (claims[headerAt.claimedPages] !== pages)
      return `claimedPages is ${claims[headerAt.claimedPages]}, and ${pages} are claimed`
    known.set(claims)
    return undefined
  }

  /** Restores the last correct numbers of claimed memory. */
  restoreClaims(known: Uint32Array): void {
    if (known[headerAt.claimedPages] !== 0) this.#header.set(known)
  }

  /**
   * Recounts the claimed pages: a process that died while it claimed may have left a wrong number.
   */
  recount(): void {
    this.#header[headerAt.claimedPages] = this.#pagesFor(this.#header)
  }

  #pagesFor(claims: Uint32Array): number {
    let pages = pagesOf(this.#layout.headBytes)
    for (const { after } of this.#columns(claims, claims)) pages += after
    return pages
  }

  #claimLimits(): Record<ClaimNumber, number> {
    const { entityLimit, messageLimit, messageHeapBytes } = this.sizes
    return {
      claimedRows: entityLimit,
      claimedFieldStride: strideMax(this.sizes),
      claimedIndexRows: entityLimit,
      claimedIndexChanges: entityLimit,
      claimedMessages: messageLimit,
      claimedHeapBytes: messageHeapBytes,
      claimedShapes: FIELD_INDEX_MAX + 1,
    }
  }

  /** A number of the header that says how much is claimed. */
  claimed(name: ClaimNumber, place = 0): number {
    return this.#header[headerAt[name] + place]
  }

  /**
   * Ensures that `rows` rows can be written on both sides, including all fields in use. Returns
   * false if there is no room, and then changes nothing for the caller.
   */
  ensureRows(rows: number): boolean {
    return this.#raise(headerAt.claimedRows, rows, this.sizes.entityLimit, ROWS_STEP)
  }

  /** Ensures that a field can be written with that stride, a multiple of 4, on both sides. */
  ensureField(field: number, stride: number): boolean {
    assert(stride % 4 === 0, `stride ${stride} of field ${field}`)
    assert(field >= 1 && field <= FIELD_INDEX_MAX, `field index ${field}`)
    const most = strideMax(this.sizes)
    if (stride > most) {
      this.#refusal = `a field has ${most} bytes at most, and ${stride} are wanted`
      return false
    }
    const at = headerAt.claimedFieldStride + field
    return stride <= this.#header[at] || this.#claim(at, stride)
  }

  /**
   * The field's columns on a side, at that side's stride. Undefined if the field is not in use
   * there.
   */
  field(sideIndex: number, field: number): FieldView | undefined {
    const stride = this.sides[sideIndex].fieldStride(field)
    return stride === 0 ? undefined : this.#openField(sideIndex, field, stride).view
  }

  /** The field's columns for the owner, which sets the side's stride first. */
  openField(sideIndex: number, field: number, stride: number): FieldView {
    this.sides[sideIndex].setFieldStride(field, stride)
    return this.#openField(sideIndex, field, stride).view
  }

  /**
   * Declares the shape of a field's values with that type id. Only the owner calls this. Without
   * room for the declaration, values stay plain bytes.
   */
  declareShape(field: number, declared: DeclaredShape): void {
    if (this.#declared[field] === declared) return
    this.#declared[field] = declared
    const text = new TextEncoder().encode(declarationText(declared))
    const isClaimed =
      this.#header[headerAt.claimedShapes] > 0 ||
      this.#claim(headerAt.claimedShapes, FIELD_INDEX_MAX + 1)
    if (!isClaimed || text.length > DECLARATION_BYTES_MAX) return
    const { bytes, text: place } = this.#declaration(field)
    bytes[0] = 0
    place.set(text)
    bytes[0] = text.length
  }

  /**
   * The declaration of a field. It may be incomplete or wrong: a value that does not fit it is
   * plain bytes.
   */
  declaredShape(field: number): DeclaredShape | undefined {
    if (this.#header[headerAt.claimedShapes] === 0) return undefined
    const { bytes, text } = this.#declaration(field)
    return parseDeclaration(
      new TextDecoder().decode(text.slice(0, Math.min(bytes[0], text.length))),
    )
  }

  #declaration(field: number): { bytes: Uint32Array; text: Uint8Array } {
    const { buffer, startBytes } = this.#segment
    const start = startBytes + this.#layout.declarationsOffset + field * declarationRecord.bytes
    return {
      bytes: new Uint32Array(buffer, start + declarationRecord.offsetBytes.bytes, 1),
      text: new Uint8Array(
        buffer,
        start + declarationRecord.offsetBytes.text,
        DECLARATION_BYTES_MAX,
      ),
    }
  }

  /**
   * One of the two segments of the spatial index: a table, and the changes of the side of that
   * number. The sides say what is in them.
   */
  indexSegment(segment: number): IndexView {
    return this.#openIndex(segment).view
  }

  /** Ensures that tables of `entries` entries can be written. */
  ensureIndexTable(entries: number): boolean {
    return this.#raise(headerAt.claimedIndexRows, entries, this.sizes.entityLimit, ROWS_STEP)
  }

  /** Ensures that rows below `rows` can be noted as changed. */
  ensureIndexChanges(rows: number): boolean {
    return this.#raise(headerAt.claimedIndexChanges, rows, this.sizes.entityLimit, ROWS_STEP)
  }

  messages(sideIndex: number): MessagesView {
    return this.#openMessages(sideIndex).view
  }

  /** Ensures that `count` messages and `heapBytes` of payload can be written on a side. */
  ensureMessages(sideIndex: number, count: number, heapBytes: number): boolean {
    const { messageLimit, messageHeapBytes } = this.sizes
    return (
      this.#raise(headerAt.claimedMessages + sideIndex, count, messageLimit, MESSAGES_STEP) &&
      this.#raise(headerAt.claimedHeapBytes + sideIndex, heapBytes, messageHeapBytes, HEAP_STEP)
    )
  }

  /** The share, below 1, of the claimed memory that a partition with this use does not need. */
  spareShare(use: MemoryUse): number {
    let spare = 0
    for (const { before, after } of this.#columns(this.#header, this.#claimsFor(use)))
      spare += before - after
    return spare / this.claimedPages
  }

  /**
   * Frees the memory that a partition with this use does not need. Only its owner calls this,
   * between begin and finish, in a tick in which no program reads or writes more than that on
   * either side.
   */
  shrink(use: MemoryUse): void {
    const before = this.#header.slice()
    const columns = [...this.#columns(before, this.#claimsFor(use))]
    const spare = columns.reduce((sum, column) => sum + column.before - column.after, 0)
    // The numbers change before the memory is freed. If the process dies in between, memory stays
    // claimed for nothing, never the opposite.
    this.#header.set(this.#claimsFor(use))
    this.#header[headerAt.claimedPages] = before[headerAt.claimedPages] - spare
    for (const column of columns) giveBack(column, column.after, column.before)
  }

  #claimHead(): boolean {
    const claims = [
      { segment: this.#segment, offsetBytes: 0, before: 0, after: pagesOf(this.#layout.headBytes) },
    ]
    this.#isClaimed = false
    const pages = this.#claimAll(claims)
    this.#isClaimed = true
    if (pages >= 0) this.#header[headerAt.claimedPages] = pages
    return pages >= 0
  }

  /**
   * Raises a number of the header to at least `count`, and a little more if there is room, for the
   * next time.
   */
  #raise(at: number, count: number, max: number, step: number): boolean {
    if (count <= this.#header[at]) return true
    if (count > max) return false
    const roomy = withRoom(count, max, step)
    return this.#claim(at, roomy) || (roomy > count && this.#claim(at, count))
  }

  #claim(at: number, count: number): boolean {
    const claims = this.#header.slice()
    claims[at] = count
    const pages = this.#claimAll([...this.#columns(this.#header, claims)])
    if (pages < 0) return false
    claims[headerAt.claimedPages] += pages
    this.#header.set(claims)
    return true
  }

  /**
   * Claims all columns, counted against the simulation's limit, and returns the number of pages. If
   * that fails, claims nothing and returns -1.
   */
  #claimAll(columns: readonly ColumnClaim[]): number {
    const pages = columns.reduce((sum, { before, after }) => sum + after - before, 0)
    const { memoryPagesMax, ownPages } = this.#control
    const said = this.#isClaimed ? this.claimedPages : 0
    // The claim is recorded before others' claims are read: of two simultaneous claims, each sees
    // the other or is seen. A processor may swap a plain store and a later load, but not these.
    // A claim that is refused whatever others have is not recorded.
    const isPossible = pages <= memoryPagesMax - ownPages - said
    if (this.#isClaimed && isPossible)
      Atomics.store(this.#header, headerAt.claimedPages, said + pages)
    const taken = ownPages + this.#pagesOfOthers() + said
    if (pages > memoryPagesMax - taken) {
      if (this.#isClaimed) this.#header[headerAt.claimedPages] = said
      const counts = [taken, memoryPagesMax, pages]
      const [used, most, wanted] = counts.map((count) => (count * PAGE_BYTES) / 1024 ** 2)
      this.#refusal =
        `the simulation uses ${used.toFixed(1)} of the ${most.toFixed(0)} MiB ` +
        `of shared memory that it may have, and ${wanted.toFixed(1)} MiB more are wanted`
      return -1
    }
    for (const { segment, offsetBytes, before, after } of columns) {
      if (
        before >= after ||
        segment.claim(offsetBytes + before * PAGE_BYTES, (after - before) * PAGE_BYTES)
      )
        continue
      for (const column of columns) giveBack(column, column.before, column.after)
      if (this.#isClaimed) this.#header[headerAt.claimedPages] = said
      this.#refusal = MACHINE_IS_FULL
      return -1
    }
    return pages
  }

  /** The header's numbers for a partition that uses no more than this; none is higher than now. */
  #claimsFor({ rows, messages, heapBytes, isIndexed }: MemoryUse): Uint32Array {
    const { entityLimit, messageLimit, messageHeapBytes } = this.sizes
    const claims = this.#header.slice()
    const lower = (at: number, count: number) => {
      claims[at] = Math.min(claims[at], count)
    }
    lower(headerAt.claimedRows, withRoom(Math.max(1, rows), entityLimit, ROWS_STEP))
    for (const side of [0, 1]) {
      lower(
        headerAt.claimedMessages + side,
        messages && withRoom(messages, messageLimit, MESSAGES_STEP),
      )
      lower(
        headerAt.claimedHeapBytes + side,
        heapBytes && withRoom(heapBytes, messageHeapBytes, HEAP_STEP),
      )
    }
    if (!isIndexed)
      for (const at of [headerAt.claimedIndexRows, headerAt.claimedIndexChanges]) claims[at] = 0
    return claims
  }

  /** All columns that are claimed by the numbers of either header. */
  *#columns(before: Uint32Array, after: Uint32Array): Generator<ColumnClaim> {
    const claimOf = (
      segment: Segment,
      offsetBytes: number,
      bytes: (header: Uint32Array) => number,
    ): ColumnClaim => ({
      segment,
      offsetBytes,
      before: pagesOf(bytes(before)),
      after: pagesOf(bytes(after)),
    })
    const isUsed = (at: number) => before[at] > 0 || after[at] > 0
    const rowsAt = headerAt.claimedRows
    const shapesBytes = (header: Uint32Array) =>
      header[headerAt.claimedShapes] * declarationRecord.bytes
    yield claimOf(this.#segment, this.#layout.declarationsOffset, shapesBytes)
    for (const { offsetBytes } of this.#layout.sides) {
      for (const { name, kind, width } of columns)
        yield claimOf(
          this.#segment,
          offsetBytes[name],
          (header) => header[rowsAt] * width * kindBytes[kind],
        )
    }
    for (let field = 1; field <= FIELD_INDEX_MAX; field++) {
      const at = headerAt.claimedFieldStride + field
      if (!isUsed(at)) continue
      for (const side of [0, 1]) {
        const { segment, layout } = this.#openField(side, field, Math.max(before[at], after[at]))
        for (const { name, kind } of fieldColumns) {
          const rowsOf = (header: Uint32Array) => (header[at] > 0 ? header[rowsAt] : 0)
          yield claimOf(
            segment,
            layout.offsetBytes[name],
            (header) => rowsOf(header) * kindBytes[kind],
          )
        }
        yield claimOf(segment, layout.dataOffset, (header) => header[rowsAt] * header[at])
      }
    }
    for (const number of [0, 1]) {
      if (!isUsed(headerAt.claimedIndexRows) && !isUsed(headerAt.claimedIndexChanges)) break
      const { segment, layout } = this.#openIndex(number)
      for (const { name, kind, rows } of indexColumns) {
        const at =
          headerAt[
            name === 'changedRow' || name === 'changedSince'
              ? 'claimedIndexChanges'
              : 'claimedIndexRows'
          ]
        const countOf = (count: number) =>
          rows === 'bin' && count > 0 ? layout.length[name] : count
        yield claimOf(
          segment,
          layout.offsetBytes[name],
          (header) => countOf(header[at]) * kindBytes[kind],
        )
      }
    }
    for (const side of [0, 1]) {
      const countAt = headerAt.claimedMessages + side
      const heapAt = headerAt.claimedHeapBytes + side
      if (!isUsed(countAt) && !isUsed(heapAt)) continue
      const { segment, layout } = this.#openMessages(side)
      for (const { name, kind } of messageColumns)
        yield claimOf(
          segment,
          layout.offsetBytes[name],
          (header) => header[countAt] * kindBytes[kind],
        )
      yield claimOf(segment, layout.heapOffset, (header) => header[heapAt])
    }
  }

  #open(file: PartitionFile, offsetBytes: number, bytes: number): Segment {
    return this.#segments.open(
      partitionFile(this.index, this.epoch, file),
      { offsetBytes, bytes },
      this.#writable,
    )
  }

  #openField(sideIndex: number, field: number, stride: number): OpenField {
    const open = this.#fields[sideIndex].get(field)
    if (open && open.view.stride === stride) return open
    // The mapping grows by doubling, so that a stride that widens step by step is rarely mapped
    // again.
    const roomy = Math.max(open?.reservedStride ?? 64, 2 ** Math.ceil(Math.log2(stride)))
    const reservedStride = Math.max(stride, Math.min(strideMax(this.sizes), roomy))
    const layout = fieldLayout(this.sizes, reservedStride)
    const offsetBytes = fieldOffset(this.sizes, field, sideIndex)
    const segment =
      open && open.reservedStride >= stride
        ? open.segment
        : this.#open('fields', offsetBytes, layout.bytes)
    const { entityLimit } = this.sizes
    const view: FieldView = {
      length: new Int32Array(
        segment.buffer,
        segment.startBytes + layout.offsetBytes.length,
        entityLimit,
      ),
      typeId: new Uint32Array(
        segment.buffer,
        segment.startBytes + layout.offsetBytes.typeId,
        entityLimit,
      ),
      data: new Uint8Array(
        segment.buffer,
        segment.startBytes + layout.dataOffset,
        entityLimit * stride,
      ),
      words: new Uint32Array(
        segment.buffer,
        segment.startBytes + layout.dataOffset,
        (entityLimit * stride) / 4,
      ),
      stride,
    }
    const opened = { segment, layout, reservedStride, view }
    this.#fields[sideIndex].set(field, opened)
    return opened
  }

  #openIndex(number: number): OpenIndex {
    const open = this.#indexes[number]
    if (open) return open
    const layout = indexLayout(this.sizes)
    const segment = this.#open('index', number * layout.bytes, layout.bytes)
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
        changedSince: new Uint32Array(
          buffer,
          startBytes + offsetBytes.changedSince,
          length.changedSince,
        ),
      },
    }
    this.#indexes[number] = opened
    return opened
  }

  #openMessages(sideIndex: number): OpenMessages {
    const open = this.#messages[sideIndex]
    if (open) return open
    const layout = messageLayout(this.sizes)
    const segment = this.#open('messages', sideIndex * layout.bytes, layout.bytes)
    const opened: OpenMessages = {
      segment,
      layout,
      view: {
        start: new Uint32Array(
          segment.buffer,
          segment.startBytes + layout.offsetBytes.start,
          this.sizes.messageLimit,
        ),
        bytes: new Uint32Array(
          segment.buffer,
          segment.startBytes + layout.offsetBytes.bytes,
          this.sizes.messageLimit,
        ),
        heap: new Uint8Array(
          segment.buffer,
          segment.startBytes + layout.heapOffset,
          this.sizes.messageHeapBytes,
        ),
      },
    }
    this.#messages[sideIndex] = opened
    return opened
  }
}

/** The most that a partition uses of memory that grows. */
export interface MemoryUse {
  rows: number
  messages: number
  heapBytes: number
  /** Whether a side's spatial index holds anything. */
  isIndexed: boolean
}

/** Pages of a column, from its start, that are claimed before and after a change. */
interface ColumnClaim {
  segment: Segment
  offsetBytes: number
  before: number
  after: number
}

function giveBack({ segment, offsetBytes }: ColumnClaim, fromPage: number, toPage: number): void {
  if (fromPage < toPage)
    segment.release(offsetBytes + fromPage * PAGE_BYTES, (toPage - fromPage) * PAGE_BYTES)
}

function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES)
}

/** An eighth more than `count`, in whole steps; steps are small if the limit is small. */
function withRoom(count: number, max: number, step: number): number {
  return Math.min(
    max,
    roundUp(count + Math.floor(count / 8), Math.max(1, Math.min(step, max >>> 3))),
  )
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
  view: MessagesView
}
