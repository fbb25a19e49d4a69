// What an app hears of other partitions' entities: boxes on domains, compared with the last look.
// Owns what was seen last. Nothing grows while the app does not look: the events of many ticks are
// merged. Never covers the app's own entities, which are reported as ownership changes. Therefore
// an ownership event comes one tick before the subscription event of the same entity.

import { type Box, contains } from '../memory/box.ts'
import type { Fabric } from '../memory/fabric.ts'
import type { PartitionMemory } from '../memory/partition-memory.ts'
import { PlaceList } from '../memory/place-list.ts'
import { RowList } from '../memory/row-list.ts'
import { changedSince } from '../memory/side.ts'
import { findInBox } from './box-query.ts'

/** An entity of another partition, as last seen. Its row there is valid until the next commit. */
interface SeenEntity {
  readonly id: number
  readonly type: number
  partition: number
  row: number
}

export interface SubscriptionEvent {
  kind: 'Add' | 'Update' | 'Remove'
  entity: SeenEntity
}

/** The part of a subscription that lies in one partition. */
interface CoveredRows {
  memory: PartitionMemory
  /** The entities in the box, leaving ones included, in no particular order. */
  places: PlaceList
}

export class Subscription {
  readonly domain: number
  box: Box
  readonly #fabric: Fabric
  readonly #owner: number
  readonly #seen = new Map<number, SeenEntity>()
  #lookedAt = -1
  #coveredAt = -1
  #coveredBox: Box | undefined
  /** The domain's cells that the box touches. */
  #cells: readonly number[] = []
  readonly #covered: CoveredRows[] = []
  readonly #lists = new Map<number, PlaceList>()
  readonly #sorted = new RowList()

  constructor(fabric: Fabric, options: { owner: number; domain: number; box: Box }) {
    this.#fabric = fabric
    this.#owner = options.owner
    this.domain = options.domain
    this.box = options.box
  }

  /** The entities inside at the last look. */
  get seen(): ReadonlyMap<number, SeenEntity> {
    return this.#seen
  }

  contains(x: number, y: number): boolean {
    return contains(this.box, x, y)
  }

  /**
   * The entities of others in the box at the committed `tick`, by partition. Partitions without any
   * are left out. The result is valid until the next call.
   */
  covered(tick: number): readonly CoveredRows[] {
    if (tick === this.#coveredAt && this.box === this.#coveredBox) return this.#covered
    this.#coveredAt = tick
    if (this.box !== this.#coveredBox)
      this.#cells = this.#fabric.world.grids[this.domain]?.cellsTouching(this.box) ?? []
    this.#coveredBox = this.box
    this.#covered.length = 0
    for (const partition of this.#partitionsToRead(tick)) {
      const memory = this.#fabric.partition(partition)
      const places = this.#listOf(partition)
      places.clear()
      findInBox(this.#fabric, memory, tick, this.box, places)
      if (places.count > 0) this.#covered.push({ memory, places })
    }
    return this.#covered
  }

  /**
   * Returns the changes since the last look, up to the committed `tick`: removals first, then the
   * rest by partition and row. An entity that moved to another partition inside the box is an
   * Update.
   */
  look(tick: number): SubscriptionEvent[] {
    if (tick === this.#lookedAt) return []
    const since = this.#lookedAt
    this.#lookedAt = tick
    const events: SubscriptionEvent[] = []
    const inside = new Set<number>()
    const rows = this.#sorted
    for (const { memory, places } of this.covered(tick)) {
      const side = memory.side(tick)
      rows.clear()
      for (let place = 0; place < places.count; place++) rows.push(places.rows[place])
      rows.sortUnique()
      for (let place = 0; place < rows.count; place++) {
        const row = rows.rows[place]
        const id = side.id[row]
        // What its app wrote over: no entity has such an id.
        if (Number.isNaN(id)) continue
        inside.add(id)
        const seen = this.#seen.get(id)
        if (!seen) {
          const entity = { id, type: side.type[row], partition: memory.index, row }
          this.#seen.set(id, entity)
          events.push({ kind: 'Add', entity })
          continue
        }
        const moved = seen.partition !== memory.index
        seen.partition = memory.index
        seen.row = row
        if (moved || changedSince(side, row, since)) events.push({ kind: 'Update', entity: seen })
      }
    }
    const removed: SubscriptionEvent[] = []
    if (this.#seen.size > inside.size) {
      for (const [id, entity] of this.#seen) {
        if (inside.has(id)) continue
        this.#seen.delete(id)
        removed.push({ kind: 'Remove', entity })
      }
    }
    return [...removed, ...events]
  }

  /**
   * The partitions whose entities can be in the box, in ascending order. If no entity of the domain
   * strays, these are the owners of the cells that the box touches, and the partitions that hand
   * entities to them.
   */
  #partitionsToRead(tick: number): Iterable<number> {
    const { control, world } = this.#fabric
    const area = world.description.domains[this.domain].area
    if (!area || control.straying > 0)
      return [...this.#fabric.partitions()].filter((partition) => this.#mayRead(partition))
    const found = new Set<number>()
    for (const cell of this.#cells) {
      const partition = area.firstPartition + cell
      found.add(partition)
      const side = this.#fabric.partition(partition).side(tick)
      const groups = side.get('incomingGroups')
      for (let group = 0; group < groups; group++) found.add(side.incomingSource[group])
    }
    return [...found].filter((partition) => this.#mayRead(partition)).sort((a, b) => a - b)
  }

  #mayRead(partition: number): boolean {
    const { control } = this.#fabric
    const isOfDomain =
      control.partitionInUse(partition) &&
      control.partitionWord(partition, 'domain') === this.domain
    return isOfDomain && partition !== this.#owner
  }

  #listOf(partition: number): PlaceList {
    let list = this.#lists.get(partition)
    if (!list) {
      list = new PlaceList()
      this.#lists.set(partition, list)
    }
    return list
  }
}
