// The spatial app's life: people of this cell, tick by tick.
// Owns what to read from and write to the fabric; how people walk is step.ts.

import type { Application, Partition, Subscription, Transaction } from '@heddle/sdk'
import { Bystanders, People, personField, personFieldType, personType } from './people.ts'
import { type Area, startOf } from './person.ts'
import { reach, Walk } from './step.ts'

export interface CrowdOptions {
  /** A whole number; the same seed gives the same run. */
  seed: number
  /** In the whole world, at its beginning. */
  people: number
}

/** Runs until the simulation shuts down. */
export function runCrowd(application: Application, options: CrowdOptions): void {
  const cell = new CrowdCell(application, options)
  for (const transaction of application.updates()) cell.update(transaction)
}

export class CrowdCell {
  readonly people = new People()
  readonly #bystanders = new Bystanders()
  readonly #options: CrowdOptions
  readonly #partition: Partition
  readonly #area: Area
  readonly #world: Area
  readonly #walk: Walk
  #border: Subscription | undefined

  constructor(application: Application, options: CrowdOptions) {
    this.#options = options
    this.#partition = application.assignedPartitions()[0]
    this.#area = this.#partition.bounds!
    const cells = application.allPartitions().filter(({ domain }) => domain === this.#partition.domain)
    this.#world = around(cells.map(({ bounds }) => bounds!))
    this.#walk = new Walk(options.seed, this.#world)
  }

  update(transaction: Transaction): void {
    // Only the very first tick of a world makes people: a restored world is further on, and an app that was started again finds its people in the fabric.
    if (transaction.tick === 1) this.#populate(transaction)
    else this.#walkOn(transaction)
  }

  #walkOn(transaction: Transaction): void {
    this.#bystanders.clear()
    this.#border ??= transaction.createSubscriptionBoundingBox2F32(this.#partition.domain, widened(this.#area, reach))
    this.#followOwnership(transaction)
    this.#lookAcrossBorders(transaction)
    this.#walk.step(this.people, this.#bystanders)
    this.#store(transaction)
  }

  #populate(transaction: Transaction): void {
    const { seed, people } = this.#options
    for (let number = 0; number < people; number++) {
      const { x, y } = startOf(seed, number, this.#world)
      if (!this.#isHere(x, y)) continue
      const entity = transaction.createEntity(personType, [x, y, 0])
      this.people.add({ entity, number, goalsReached: 0, x, y, velocityX: 0, velocityY: 0 })
      transaction.storeEntityField(entity, personField, personFieldType, this.people.fieldOf(this.people.count - 1))
    }
  }

  #followOwnership(transaction: Transaction): void {
    for (const { kind, entity } of transaction.ownershipChanges()) {
      if (entity.type !== personType) continue
      if (kind === 'Remove') {
        this.people.remove(entity.id)
        // Gone just now: its new owner shows it from the next tick on, and where it was as of the last one can still be read.
        const [x, y] = transaction.loadEntityIndexKey(entity)
        this.#bystanders.add(x, y)
      } else if (kind === 'Add') {
        const [x, y] = transaction.loadEntityIndexKey(entity)
        this.people.addFromField(entity, x, y, transaction.loadEntityField(entity, personField).data)
      }
    }
  }

  #lookAcrossBorders(transaction: Transaction): void {
    transaction.allSubscriptionEvents()
    for (const entity of transaction.subscribedEntities(this.#border!)) {
      // One that has just arrived is own already, and still seen on its way out of where it came from.
      if (entity.type !== personType || this.people.has(entity.id)) continue
      const [x, y] = transaction.loadEntityIndexKey(entity)
      this.#bystanders.add(x, y)
    }
  }

  #store(transaction: Transaction): void {
    const { people } = this
    for (let slot = 0; slot < people.count; slot++) {
      const entity = people.entities[slot]
      transaction.storeEntityIndexKey(entity, [people.x[slot], people.y[slot], 0])
      transaction.storeEntityField(entity, personField, personFieldType, people.fieldOf(slot))
    }
  }

  /** People start off the world's edge, so the upper edges of the last cells don't matter. */
  #isHere(x: number, y: number): boolean {
    const { minX, maxX, minY, maxY } = this.#area
    return x >= minX && x < maxX && y >= minY && y < maxY
  }
}

function around(areas: readonly Area[]): Area {
  return {
    minX: Math.min(...areas.map(({ minX }) => minX)),
    maxX: Math.max(...areas.map(({ maxX }) => maxX)),
    minY: Math.min(...areas.map(({ minY }) => minY)),
    maxY: Math.max(...areas.map(({ maxY }) => maxY)),
  }
}

function widened({ minX, maxX, minY, maxY }: Area, by: number): Area {
  return { minX: minX - by, maxX: maxX + by, minY: minY - by, maxY: maxY + by }
}
