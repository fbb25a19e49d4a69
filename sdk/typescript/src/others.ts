// The entities of other apps that this one can see in a tick, gathered from all its subscriptions,
// each once.
// Owns the copies and their order; made when somebody asks, at most once in a tick. Its cost grows
// with what the subscriptions cover.

import { rowState } from '../../../src/core/fabric/memory/columns.ts'
import type { PartitionMemory } from '../../../src/core/fabric/memory/partition-memory.ts'
import type { PlaceList } from '../../../src/core/fabric/memory/place-list.ts'
import type { Points } from './neighbourhood.ts'
import type { Sight } from './sight.ts'

export class Others implements Points {
  count = 0
  /**
   * Behind the others come the entities that have just become this app's own, as of the tick
   * before.
   */
  countWithArrivals = 0
  /** Ids of the entities that have just left this app. */
  readonly departed: Set<number> = new Set()
  positions: Float32Array = new Float32Array(0)
  ids: Float64Array = new Float64Array(0)
  types: Uint32Array = new Uint32Array(0)
  /**
   * Where each one is, as of the tick before; those that have just left this app are still in its
   * partition.
   */
  partitions: Uint32Array = new Uint32Array(0)
  rows: Uint32Array = new Uint32Array(0)
  #tick = -1
  #version = -1

  /** Gathers what can be seen in the open tick; nothing where that is done already. */
  gather(sight: Sight): void {
    const { owner, subscriptions } = sight
    if (owner.tick === this.#tick && sight.subscriptionsVersion === this.#version) return
    this.#tick = owner.tick
    this.#version = sight.subscriptionsVersion
    this.count = 0
    const arrived = new Set(owner.addedIds())
    this.departed.clear()
    for (const { id } of owner.ownership.removed) this.departed.add(id)
    /** Only where boxes may overlap can an entity be met twice. */
    const met = subscriptions.size > 1 ? new Set<number>() : undefined
    const seen = { tick: owner.tick - 1, arrived, met }
    for (const { box } of subscriptions.values()) {
      for (const { memory, places } of box.covered(owner.tick - 1)) this.#add(memory, places, seen)
    }
    this.#addDeparted(sight, met)
    const { count } = this
    this.#addArrivals(sight)
    this.countWithArrivals = this.count
    this.count = count
  }

  #add(
    memory: PartitionMemory,
    { rows, count }: PlaceList,
    { tick, arrived, met }: { tick: number; arrived: Set<number>; met: Set<number> | undefined },
  ): void {
    const side = memory.side(tick)
    this.#reserve(this.count + count)
    for (let place = 0; place < count; place++) {
      const row = rows[place]
      const id = side.id[row]
      if (side.state[row] === rowState.leaving && arrived.has(id)) continue
      if (met) {
        if (met.has(id)) continue
        met.add(id)
      }
      this.#put(memory.index, row, id, side.type[row], side.position)
    }
  }

  /** Those that left with the last tick: their new owners show them from the next one on. */
  #addDeparted({ owner, subscriptions }: Sight, met: Set<number> | undefined): void {
    const { front, ownership } = owner
    this.#reserve(this.count + ownership.removed.length)
    for (const { row, id, type } of ownership.removed) {
      const x = front.position[row * 3]
      const y = front.position[row * 3 + 1]
      for (const { box } of subscriptions.values()) {
        if (box.domain !== owner.domain || !box.contains(x, y) || met?.has(id)) continue
        met?.add(id)
        this.#put(owner.index, row, id, type, front.position)
        break
      }
    }
  }

  /** Those that came with the last tick, where they were when they were granted to this app. */
  #addArrivals({ owner }: Sight): void {
    const { added } = owner.ownership
    const rowOf = new Map(owner.addedIds().map((id, place) => [id, added[place]]))
    this.#reserve(this.count + added.length)
    for (const { memory, rows } of owner.arrivals()) {
      const side = memory.side(owner.tick - 1)
      for (const row of rows) {
        this.#put(owner.index, row, side.id[row], side.type[row], side.position)
        this.rows[this.count - 1] = rowOf.get(side.id[row])!
      }
    }
  }

  #put(partition: number, row: number, id: number, type: number, position: Float32Array): void {
    const place = this.count++
    this.partitions[place] = partition
    this.rows[place] = row
    this.ids[place] = id
    this.types[place] = type
    this.positions[place * 3] = position[row * 3]
    this.positions[place * 3 + 1] = position[row * 3 + 1]
    this.positions[place * 3 + 2] = position[row * 3 + 2]
  }

  #reserve(count: number): void {
    if (this.ids.length >= count) return
    const room = Math.max(64, count + (count >>> 1))
    const before = { ...this }
    this.positions = new Float32Array(room * 3)
    this.ids = new Float64Array(room)
    this.types = new Uint32Array(room)
    this.partitions = new Uint32Array(room)
    this.rows = new Uint32Array(room)
    for (const name of ['positions', 'ids', 'types', 'partitions', 'rows'] as const)
      this[name].set(before[name])
  }
}
