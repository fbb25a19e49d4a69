// Answers to single questions of who is near a place. Owns the answer's memory, which is used again; for all entities at once there is the neighbourhood.

import { findInRows } from '../../../src/core/fabric/box-query.ts'
import { RowList } from '../../../src/core/fabric/row-list.ts'
import type { ApplicationState } from './application-state.ts'
import { Neighbourhood, type Points } from './neighbourhood.ts'

/** Entities near a place, one after another. Only the first `count` of each array are meant; all is overwritten by the next question. */
export interface Nearby {
  count: number
  ids: Float64Array
  types: Uint32Array
  /** x, y, z an entity. */
  positions: Float32Array
  /** The partition that holds it: this app's own, or another's as of the tick before. */
  partitions: Uint32Array
  /** Its row there. */
  rows: Uint32Array
}

const noPoints: Points = {
  count: 0,
  positions: new Float32Array(0),
  ids: new Float64Array(0),
  types: new Uint32Array(0),
}
const noStates = new Uint8Array(0)

export class NearbyFinder {
  readonly #answer: Nearby = {
    count: 0,
    ids: new Float64Array(64),
    types: new Uint32Array(64),
    positions: new Float32Array(64 * 3),
    partitions: new Uint32Array(64),
    rows: new Uint32Array(64),
  }
  readonly #ownRows = new RowList()
  readonly #otherEntries: number[] = []
  /** The entities of others, sorted by place. */
  readonly #sortedOthers = new Neighbourhood()
  #sortedTick = -1
  #sortedVersion = -1

  find(state: ApplicationState, x: number, y: number, radius: number): Nearby {
    const { owner, others } = state
    const answer = this.#answer
    answer.count = 0
    this.#addOwn(state, x, y, radius)
    others.gather(state)
    if (this.#sortedTick !== owner.tick || this.#sortedVersion !== state.subscriptionsVersion) {
      this.#sortedOthers.build(radius, noPoints, noStates, others)
      this.#sortedTick = owner.tick
      this.#sortedVersion = state.subscriptionsVersion
    }
    const found = this.#otherEntries
    found.length = 0
    this.#sortedOthers.at(x, y, radius, found)
    for (const entry of found)
      this.#put(
        others.partitions[entry],
        others.rows[entry],
        others.ids[entry],
        others.types[entry],
        others.positions,
        entry,
      )
    return answer
  }

  #addOwn({ owner }: ApplicationState, x: number, y: number, radius: number): void {
    const rows = this.#ownRows
    rows.clear()
    const box = { minX: x - radius, minY: y - radius, maxX: x + radius, maxY: y + radius }
    const index = owner.wholeIndex()
    const { position } = owner
    const { id, type, state } = owner.back
    if (index) index.find(box, rows)
    else findInRows({ position, state, rows: owner.rows }, box, rows)
    for (let place = 0; place < rows.count; place++) {
      const row = rows.rows[place]
      const dx = position[row * 3] - x
      const dy = position[row * 3 + 1] - y
      if (dx * dx + dy * dy <= radius * radius) this.#put(owner.index, row, id[row], type[row], position, row)
    }
  }

  #put(partition: number, row: number, id: number, type: number, positions: Float32Array, place: number): void {
    const answer = this.#answer
    const end = answer.count++
    if (end === answer.ids.length) this.#grow()
    answer.partitions[end] = partition
    answer.rows[end] = row
    answer.ids[end] = id
    answer.types[end] = type
    for (let axis = 0; axis < 3; axis++) answer.positions[end * 3 + axis] = positions[place * 3 + axis]
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
    for (const name of ['ids', 'types', 'positions', 'partitions', 'rows'] as const) answer[name].set(before[name])
  }
}
