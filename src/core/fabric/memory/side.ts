// One side of a partition: the columns of one tick as typed arrays, and the side's numbers.
// Owns views, and the bounds within which a stored number is believed; never claims memory, and
// never decides what is stored.

import type { Segment } from '../../../base/memory.ts'
import type { partitionLayout } from './layout.ts'
import { sideRecord } from './partition-records.ts'
import {
  BINS_PER_AXIS_MAX,
  type FabricSizes,
  FIELD_INDEX_MAX,
  INTEREST_MAX,
  strideMax,
} from './sizes.ts'

const sideAt = sideRecord.index

type SideNumber =
  | 'rows'
  | 'nextRow'
  | 'population'
  | 'capacity'
  | 'strays'
  | 'handoffGroups'
  | 'incomingGroups'
  | 'messageGroups'
  | 'messages'
  | 'interests'
  | 'indexed'
  | 'indexTable'
  | 'indexBins'
  | 'indexChanges'
type SideFloat = 'tick' | 'idLane' | 'idCounter' | 'everyRowChanged' | 'indexTick'

/** The numbers that every side has; those of an index are there only with an index. */
const BOUNDED_NAMES = [
  'rows',
  'nextRow',
  'population',
  'capacity',
  'strays',
  'handoffGroups',
  'incomingGroups',
  'messageGroups',
  'messages',
  'interests',
  'indexed',
] as const satisfies SideNumber[]
const BOUNDED_PLACES = BOUNDED_NAMES.map((name) => sideAt[name])

/**
 * One side of a partition: the state of one tick. Arrays are as long as the partition's limit; rows
 * in use are below `rows`.
 */
export class Side {
  readonly id: Float64Array // one a row
  readonly type: Uint32Array // one a row
  readonly state: Uint8Array // one a row: see rowState
  readonly stateWords: Uint32Array // the same bytes, four rows a word, whole words only
  readonly destination: Uint8Array // one a row: domain index + 1, or 0
  readonly changed: Uint32Array // one a row: low 32 bits of a tick
  readonly position: Float32Array // x, y, z a row
  readonly leavingRow: Uint32Array // row numbers, group by group
  readonly handoffTarget: Uint32Array // one a group, as the next three
  readonly handoffStart: Uint32Array
  readonly handoffCount: Uint32Array
  readonly handoffGranted: Uint32Array
  readonly incomingSource: Uint32Array // one a group that comes, as the next
  readonly incomingGroup: Uint32Array
  readonly messageTarget: Uint32Array // one a group, as the next two
  readonly messageStart: Uint32Array
  readonly messageCount: Uint32Array
  readonly interestDomain: Uint32Array // one a box
  readonly interestBox: Float64Array // minX, minY, maxX, maxY a box
  readonly quiet: Float64Array // minX, minY, maxX, maxY
  readonly fieldStrides: Uint32Array // one a field index
  readonly #words: Uint32Array
  readonly #floats: Float64Array
  /** By place in the record: the most that can stand there. */
  readonly #most: Uint32Array
  readonly #strideMax: number

  constructor(
    { buffer, startBytes: start }: Segment,
    layout: ReturnType<typeof partitionLayout>,
    { number, sizes }: { number: 0 | 1; sizes: FabricSizes },
  ) {
    this.#most = sideNumbersMost(sizes)
    this.#strideMax = strideMax(sizes)
    const record = start + layout.sideOffsets[number]
    this.#words = new Uint32Array(buffer, record, sideRecord.bytes / 4)
    this.#floats = new Float64Array(buffer, record, sideRecord.bytes / 8)
    this.interestDomain = new Uint32Array(
      buffer,
      record + sideRecord.offsetBytes.interestDomain,
      INTEREST_MAX,
    )
    this.interestBox = new Float64Array(
      buffer,
      record + sideRecord.offsetBytes.interestBox,
      INTEREST_MAX * 4,
    )
    this.fieldStrides = new Uint32Array(
      buffer,
      record + sideRecord.offsetBytes.fieldStride,
      FIELD_INDEX_MAX + 1,
    )
    this.quiet = new Float64Array(buffer, record + sideRecord.offsetBytes.quiet, 4)
    const { offsetBytes, length } = layout.sides[number]
    this.id = new Float64Array(buffer, start + offsetBytes.id, length.id)
    this.type = new Uint32Array(buffer, start + offsetBytes.type, length.type)
    this.state = new Uint8Array(buffer, start + offsetBytes.state, length.state)
    this.stateWords = new Uint32Array(buffer, start + offsetBytes.state, length.state >>> 2)
    this.destination = new Uint8Array(buffer, start + offsetBytes.destination, length.destination)
    this.changed = new Uint32Array(buffer, start + offsetBytes.changed, length.changed)
    this.position = new Float32Array(buffer, start + offsetBytes.position, length.position)
    this.leavingRow = new Uint32Array(buffer, start + offsetBytes.leavingRow, length.leavingRow)
    const groups = layout.groups[number]
    const groupColumn = (name: keyof typeof groups.length) =>
      new Uint32Array(buffer, start + groups.offsetBytes[name], groups.length[name])
    this.handoffTarget = groupColumn('handoffTarget')
    this.handoffStart = groupColumn('handoffStart')
    this.handoffCount = groupColumn('handoffCount')
    this.handoffGranted = groupColumn('handoffGranted')
    this.incomingSource = groupColumn('incomingSource')
    this.incomingGroup = groupColumn('incomingGroup')
    this.messageTarget = groupColumn('messageTarget')
    this.messageStart = groupColumn('messageStart')
    this.messageCount = groupColumn('messageCount')
  }

  /** The number, limited to its possible values whatever is stored, so that loops over it end. */
  get(name: SideNumber): number {
    const place = sideAt[name]
    return Math.min(this.#words[place], this.#most[place])
  }
  /** The number as stored. */
  said(name: SideNumber): number {
    return this.#words[sideAt[name]]
  }
  /** The first number that is more than can stand there; undefined if none is. */
  firstBeyond(): SideNumber | undefined {
    for (let at = 0; at < BOUNDED_PLACES.length; at++) {
      const place = BOUNDED_PLACES[at]
      if (this.#words[place] > this.#most[place]) return BOUNDED_NAMES[at]
    }
    return undefined
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
  /**
   * Bytes of the field in each row here; 0 if it is not in use, or if the stored stride is
   * impossible.
   */
  fieldStride(field: number): number {
    const stride = this.fieldStrides[field]
    return stride <= this.#strideMax && (stride & 3) === 0 ? stride : 0
  }
  setFieldStride(field: number, stride: number): void {
    this.fieldStrides[field] = stride
  }
  get rows(): number {
    return this.get('rows')
  }
}

function sideNumbersMost(sizes: FabricSizes): Uint32Array {
  const { entityLimit, partitionCapacity, messageLimit } = sizes
  const most: Record<SideNumber, number> = {
    rows: entityLimit,
    nextRow: entityLimit,
    population: entityLimit,
    capacity: entityLimit,
    strays: 1,
    handoffGroups: partitionCapacity,
    incomingGroups: partitionCapacity,
    messageGroups: partitionCapacity,
    messages: messageLimit,
    interests: INTEREST_MAX,
    indexed: 1,
    indexTable: 1,
    indexBins: BINS_PER_AXIS_MAX,
    indexChanges: entityLimit,
  }
  const byPlace = new Uint32Array(sideRecord.bytes / 4)
  for (const [name, number] of Object.entries(most)) byPlace[sideAt[name as SideNumber]] = number
  return byPlace
}

/** Whether the row's entity was written in a tick after `tick`. */
export function changedSince(side: Side, row: number, tick: number): boolean {
  return side.float('everyRowChanged') > tick || ((side.changed[row] - tick) | 0) > 0
}
