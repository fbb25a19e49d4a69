// Answers to single questions of who is near a place. Owns the answer's memory, which is used
// again; for all entities at once there is the neighbourhood.

import { PlaceList } from '../../../src/core/fabric/memory/place-list.ts'
import { findInBox } from '../../../src/core/fabric/reader/box-query.ts'
import { Neighbourhood, type Points } from './neighbourhood.ts'
import type { Others } from './others.ts'
import type { Sight } from './sight.ts'

/** Stands for the row of an entity that has just left this app, and that no other app shows yet. */
export const departedRow = 0xffff_ffff

/**
 * Entities near a place, one after another. Only the first `count` of each array are meant; all is
 * overwritten by the next question.
 */
export interface Nearby {
  count: number
  ids: Float64Array
  types: Uint32Array
  /** x, y, z an entity. */
  positions: Float32Array
  /** The partition that holds it: this app's own, or another's as of the tick before. */
  partitions: Uint32Array
  /** Its row there; `departedRow` of one that has just left this app. */
  rows: Uint32Array
}

const noPoints: Points = {
  count: 0,
  positions: new Float32Array(0),
  ids: new Float64Array(0),
  types: new Uint32Array(0),
}
const noStates = new Uint8Array(0)

/** @internal */
export class NearbyFinder {
  readonly #answer: Nearby = {
    count: 0,
    ids: new Float64Array(64),
    types: new Uint32Array(64),
    positions: new Float32Array(64 * 3),
    partitions: new Uint32Array(64),
    rows: new Uint32Array(64),
  }
  readonly #ownRows = new PlaceList()
  readonly #otherEntries: number[] = []
  /** The entities of others, sorted by place. */
  readonly #sortedOthers = new Neighbourhood()
  #sortedTick = -1
  #sortedVersion = -1

  find(sight: Sight, others: Others, x: number, y: number, radius: number): Nearby {
    const { owner, subscriptionsVersion } = sight
    this.#answer.count = 0
    others.gather(sight)
    this.#addOwn(sight, others, x, y, radius)
    if (this.#sortedTick !== owner.tick || this.#sortedVersion !== subscriptionsVersion) {
      const { ids, types, positions } = others
      const points = { count: others.countWithArrivals, ids, types, positions }
      this.#sortedOthers.build(radius, noPoints, noStates, points)
      this.#sortedTick = owner.tick
      this.#sortedVersion = subscriptionsVersion
    }
    const { partitions, rows, ids, types, positions } = others
    const found = this.#otherEntries
    found.length = 0
    this.#sortedOthers.at(x, y, radius, found)
    for (const entry of found) {
      const hasDeparted = entry < others.count && partitions[entry] === owner.index
      const row = hasDeparted ? departedRow : rows[entry]
      this.#put(partitions[entry], row, ids[entry], types[entry], positions, entry)
    }
    return this.#answer
  }

  #addOwn(
    { owner, host }: Sight,
    { departed }: Others,
    x: number,
    y: number,
    radius: number,
  ): void {
    const found = this.#ownRows
    found.clear()
    owner.keepWholeIndex()
    const box = { minX: x - radius, minY: y - radius, maxX: x + radius, maxY: y + radius }
    findInBox(host.fabric, owner.memory, owner.tick - 1, box, found)
    const { id, type, position } = owner.front
    for (let place = 0; place < found.count; place++) {
      const row = found.rows[place]
      const dx = position[row * 3] - x
      const dy = position[row * 3 + 1] - y
      if (dx * dx + dy * dy <= radius * radius && !departed.has(id[row]))
        this.#put(owner.index, row, id[row], type[row], position, row)
    }
  }

  #put(
    partition: number,
    row: number,
    id: number,
    type: number,
    positions: Float32Array,
    place: number,
  ): void {
    const answer = this.#answer
    const end = answer.count++
    if (end === answer.ids.length) this.#grow()
    answer.partitions[end] = partition
    answer.rows[end] = row
    answer.ids[end] = id
    answer.types[end] = type
    for (let axis = 0; axis < 3; axis++)
      answer.positions[end * 3 + axis] = positions[place * 3 + axis]
  }

  #grow(): void {
    const answer = this.#answer
    const room = answer.ids.length * 2
    const before = { ...answer }
    answer.ids = new Float64Array(room)
    answer.types = new Uint32Array(room)
    answer.positions = new Float32Array(room * 3)
    answer.partitions = new Uint32Array(room)
    answer.rows = new Uint32Array(room)
    for (const name of ['ids', 'types', 'positions', 'partitions', 'rows'] as const)
      answer[name].set(before[name])
  }
}
