// One tick of walking: where everybody goes from where everybody was. A pure function of positions
// and velocities. The influence of neighbours is added up in whole numbers, so it does not depend
// on their order, nor on which app owns whom: the same people do the same things on any grid.

import type { ColumnsOf, Neighbourhood } from '@heddle/sdk'
import { type Area, edgeMargin, goalXOf, goalYOf, type personField, speedOf } from './person.ts'

/** How far people look, in m. An app needs to know all people this far beyond its cell. */
export const reach = 3

/** People's time in one tick, whatever the clock's rate. */
const seconds = 1 / 30
const goalRadius = 2
/** How fast a person comes back to the way they want to go, per second. */
const turning = 2
/** How hard a neighbour at no distance pushes, in m/s². */
const pushing = 12
/** Over a person's own speed. */
const hurry = 1.4
/** Pushes are added in units of 2⁻²⁰: sums of whole numbers come out the same in any order. */
const pushUnits = 2 ** 20

/** The people to move, as columns: a row each, but for rows whose state is 0. */
export interface People {
  readonly states: Uint8Array
  /** x, y, z a row. */
  readonly positions: Float32Array
  readonly columns: ColumnsOf<typeof personField.shape>
}

/** Where everybody was, and who was within reach of whom. */
export type Surroundings = Pick<Neighbourhood, 'positions' | 'starts' | 'list'>

export class Walk {
  readonly #seed: number
  readonly #world: Area

  constructor(seed: number, world: Area) {
    this.#seed = seed
    this.#world = world
  }

  /** Moves the people one tick on. */
  step(
    { states, positions, columns: { number, goalsReached, velocity } }: People,
    around: Surroundings,
  ): void {
    const { minX, maxX, minY, maxY } = this.#world
    for (let row = 0; row < states.length; row++) {
      if (states[row] === 0) continue
      const x = positions[row * 3]
      const y = positions[row * 3 + 1]
      const person = number.values[row * number.stride + number.offset]
      const goal = row * goalsReached.stride + goalsReached.offset
      const speed = speedOf(this.#seed, person)
      const toGoalX = goalXOf(this.#seed, person, goalsReached.values[goal], this.#world) - x
      const toGoalY = goalYOf(this.#seed, person, goalsReached.values[goal], this.#world) - y
      const distance = Math.sqrt(toGoalX * toGoalX + toGoalY * toGoalY)
      const pace = distance > 0 ? speed / distance : 0

      let pushX = 0
      let pushY = 0
      const end = around.starts[row + 1]
      for (let place = around.starts[row]; place < end; place++) {
        const neighbour = around.list[place] * 3
        const awayX = x - around.positions[neighbour]
        const awayY = y - around.positions[neighbour + 1]
        const apart = Math.sqrt(awayX * awayX + awayY * awayY)
        if (apart === 0) continue
        const push = ((1 - apart / reach) * pushUnits) / apart
        pushX += Math.round(awayX * push)
        pushY += Math.round(awayY * push)
      }

      const at = row * velocity.stride + velocity.offset
      let velocityX = velocity.values[at]
      let velocityY = velocity.values[at + 1]
      velocityX +=
        ((toGoalX * pace - velocityX) * turning + (pushX / pushUnits) * pushing) * seconds
      velocityY +=
        ((toGoalY * pace - velocityY) * turning + (pushY / pushUnits) * pushing) * seconds
      const fastest = speed * hurry
      const fast = Math.sqrt(velocityX * velocityX + velocityY * velocityY)
      if (fast > fastest) {
        velocityX *= fastest / fast
        velocityY *= fastest / fast
      }
      velocity.values[at] = velocityX
      velocity.values[at + 1] = velocityY
      positions[row * 3] = Math.min(
        Math.max(x + velocityX * seconds, minX + edgeMargin),
        maxX - edgeMargin,
      )
      positions[row * 3 + 1] = Math.min(
        Math.max(y + velocityY * seconds, minY + edgeMargin),
        maxY - edgeMargin,
      )
      if (distance < goalRadius) goalsReached.values[goal]++
    }
  }
}
