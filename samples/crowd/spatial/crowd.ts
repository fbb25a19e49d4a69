// The spatial app's life: people of this cell, tick by tick.
// Owns the calls to the fabric; step.ts owns how people walk. Keeps no state of its own: the fabric
// does.

import type { Application, Partition, Subscription, Transaction } from '@heddle/sdk'
import { type Area, PERSON_TYPE, personField, startOf } from './person.ts'
import { REACH, Walk } from './step.ts'

interface CrowdOptions {
  /** A whole number; the same seed gives the same run. */
  seed: number
  /** People in the whole world, at its beginning. */
  people: number
}

/** Runs until the simulation shuts down. */
export function runCrowd(application: Application, options: CrowdOptions): void {
  const cell = new CrowdCell(application, options)
  for (const transaction of application.updates()) cell.update(transaction)
}

export class CrowdCell {
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
    const cells = application
      .allPartitions()
      .filter(({ domain }) => domain === this.#partition.domain)
    this.#world = around(cells.map(({ bounds }) => bounds!))
    this.#walk = new Walk(options.seed, this.#world)
  }

  update(transaction: Transaction): void {
    this.#border ??= transaction.createSubscriptionBoundingBox2F32(
      this.#partition.domain,
      widened(this.#area, REACH),
    )
    // Makes people only in the very first tick of a world: a restored world is further on, and a
    // restarted app finds its people in the fabric.
    if (transaction.tick === 1) this.#populate(transaction)
    else this.#walkOn(transaction)
  }

  #walkOn(transaction: Transaction): void {
    const { owned } = transaction
    // A copy: this app moves people while others still read their old positions.
    const around = transaction.neighbourhood(REACH)
    const { states, positions } = owned
    this.#walk.step({ states, positions, columns: owned.field(personField) }, around)
    owned.moved()
    owned.stored(personField)
  }

  #populate({ owned }: Transaction): void {
    const { seed, people } = this.#options
    const here: number[] = []
    for (let person = 0; person < people; person++) {
      const { x, y } = startOf(seed, person, this.#world)
      if (this.#isHere(x, y)) here.push(person)
    }
    const rows = owned.create(PERSON_TYPE, here.length)
    const { positions } = owned
    const { number, goalsReached, velocity } = owned.field(personField)
    for (const [place, row] of rows.entries()) {
      const { x, y } = startOf(seed, here[place], this.#world)
      positions.set([x, y, 0], row * 3)
      number.values[row * number.stride + number.offset] = here[place]
      goalsReached.values[row * goalsReached.stride + goalsReached.offset] = 0
      velocity.values.set([0, 0], row * velocity.stride + velocity.offset)
    }
    owned.moved()
    owned.stored(personField)
  }

  /** People start away from the world's edge, so the upper edges of the last cells don't matter. */
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
