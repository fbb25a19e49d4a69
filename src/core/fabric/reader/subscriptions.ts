// What an app hears of other partitions' entities: boxes on domains, compared with what was seen at the last look.
// Owns what was seen; nothing grows while the app does not look, and the events of many ticks come as one. Never covers the app's own entities:
// those are reported as ownership changes, which is why an ownership event comes one tick before the subscription event of the same entity.

import { type Box, contains } from '../memory/box.ts'
import type { Fabric } from '../memory/fabric.ts'
import { changedSince, type PartitionMemory } from '../memory/partition-memory.ts'
import { PlaceList } from '../memory/place-list.ts'
import { RowList } from '../memory/row-list.ts'
import { findInBox } from './box-query.ts'

/** An entity of another partition, as seen last: its row there is good until the next commit. */
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

/** What a subscription covers of one partition. */
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
  /** Of the domain, the cells that the box touches. */
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

  /** The entities of others that the box covers at the committed `tick`, by partition; partitions without any are left out. Good until the next call. */
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
   * What changed since the last look, up to the committed `tick`: removals first, then the rest by partition and row.
   * An entity that went from one partition to another inside the box is an Update.
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
   * Where an entity in the box may be, in ascending order. Where all entities of a domain with cells are in their owner's cell, or on their way to the one that they
   * are in, these are the owners of the cells that the box touches, and who hands something to them.
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
