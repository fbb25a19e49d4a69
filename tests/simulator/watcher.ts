// A subscription under test: its changes are compared with what the model says can be seen.
// Owns what was reported so far; never reads the fabric itself.

import type { Box } from '../../src/core/fabric/memory/box.ts'
import type { Fabric } from '../../src/core/fabric/memory/fabric.ts'
import type { Interest } from '../../src/core/fabric/memory/interests.ts'
import type { Bounds } from '../../src/core/schema/grid.ts'
import type { Model, ModelEntity } from './model.ts'
import type { Parts, SubscriptionPart } from './parts.ts'
import type { Random } from './random.ts'
import { check } from './violation.ts'

export class Watcher {
  readonly #fabric: Fabric
  readonly #subscription: SubscriptionPart
  readonly #owner: number
  readonly #domain: number
  /** The ids reported and not withdrawn, with their partitions. */
  readonly #told = new Map<number, number>()
  #lookedAt = -1

  constructor(parts: Parts, fabric: Fabric, options: { owner: number; domain: number; box: Box }) {
    this.#fabric = fabric
    this.#owner = options.owner
    this.#domain = options.domain
    this.#subscription = new parts.Subscription(fabric, options)
  }

  /** The reader's interest, for which owners keep an index. */
  get interest(): Interest {
    return { domain: this.#domain, box: this.#subscription.box }
  }

  moveTo(box: Box): void {
    this.#subscription.box = box
  }

  /** Compares with the model's committed tick. */
  look(model: Model): void {
    const { tick } = model
    const events = this.#subscription.look(tick)
    const inside = new Map<number, ModelEntity>()
    for (const entity of model.entities.values())
      if (this.#covers(model, entity)) inside.set(entity.id, entity)

    const kinds = new Map<number, string>()
    let last = ''
    for (const { kind, entity } of events) {
      const { id, row, partition } = entity
      check(!kinds.has(id), tick, () => `a subscription tells of entity ${id} twice`)
      kinds.set(id, kind)
      check(
        kind !== 'Remove' || last === 'Remove' || last === '',
        tick,
        () => 'removals come first',
      )
      last = kind
      if (kind === 'Remove') continue
      const there = this.#fabric.partition(partition).side(tick).id[row]
      check(there === id, tick, () => `a subscription says entity ${id} is where ${there} is`)
    }
    for (const [id, partition] of this.#told) {
      const entity = inside.get(id)
      const changed = entity && (entity.changed > this.#lookedAt || entity.owner !== partition)
      this.#expect(tick, kinds, id, entity ? (changed ? 'Update' : undefined) : 'Remove')
      if (!entity) this.#told.delete(id)
    }
    for (const [id, { owner }] of inside) {
      if (!this.#told.has(id)) this.#expect(tick, kinds, id, 'Add')
      this.#told.set(id, owner)
    }
    for (const [id, kind] of kinds)
      check(false, tick, () => `a subscription tells '${kind}' of entity ${id}`)

    const { seen } = this.#subscription
    check(
      seen.size === inside.size && [...inside.keys()].every((id) => seen.has(id)),
      tick,
      () => `a subscription sees ${[...seen.keys()]}, not ${[...inside.keys()]}`,
    )
    check(
      this.#subscription.look(tick).length === 0,
      tick,
      () => 'a second look in a tick tells something',
    )
    this.#lookedAt = tick
  }

  #expect(
    tick: number,
    kinds: Map<number, string>,
    id: number,
    expected: string | undefined,
  ): void {
    const kind = kinds.get(id)
    check(
      kind === expected,
      tick,
      () => `a subscription tells '${kind}' of entity ${id}, not '${expected}'`,
    )
    kinds.delete(id)
  }

  #covers(model: Model, entity: ModelEntity): boolean {
    if (entity.owner === this.#owner || model.partitions.get(entity.owner)!.domain !== this.#domain)
      return false
    const { minX, minY, maxX, maxY } = this.#subscription.box
    const [x, y] = entity.position
    return x >= minX && x <= maxX && y >= minY && y <= maxY
  }
}

/** Returns a box in the world, also a bit outside of it, empty, or over everything. */
export function randomBox(random: Random, bounds: Bounds): Box {
  if (random.chance(0.15))
    return {
      minX: Number.NEGATIVE_INFINITY,
      maxX: Number.POSITIVE_INFINITY,
      minY: Number.NEGATIVE_INFINITY,
      maxY: Number.POSITIVE_INFINITY,
    }
  const number = (least: number, most: number) =>
    least + (random.fraction() * 1.6 - 0.3) * (most - least)
  const xs = [number(bounds.minX, bounds.maxX), number(bounds.minX, bounds.maxX)].sort(
    (a, b) => a - b,
  )
  const ys = [number(bounds.minY, bounds.maxY), number(bounds.minY, bounds.maxY)].sort(
    (a, b) => a - b,
  )
  return { minX: xs[0], maxX: xs[1], minY: ys[0], maxY: ys[1] }
}
