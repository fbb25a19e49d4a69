// One tick of walking: computes new positions from the old ones. A pure function of positions and
// velocities. Sums the influence of neighbours in whole numbers, so it does not depend on their
// order, nor on the app that owns them: people do the same on any grid.

import type { ColumnsOf, Neighbourhood } from '@heddle/sdk'
import { type Area, EDGE_MARGIN, goalXOf, goalYOf, type personField, speedOf } from './person.ts'

/** How far people look, in m. An app must see all people this far beyond its cell. */
export const REACH = 3

/** Simulated time of a tick, whatever the clock's rate. */
const SECONDS = 1 / 30
const GOAL_RADIUS = 2
/** How fast people turn back towards their goal, per second. */
const TURNING = 2
/** How hard a neighbour at distance zero pushes, in m/s². */
const PUSHING = 12
/** Largest speed, as a multiple of a person's own. */
const HURRY = 1.4
/** Pushes are summed in units of 2⁻²⁰: sums of whole numbers are the same in any order. */
const PUSH_UNITS = 2 ** 20

/** The people to move, as columns: one row each; rows with state 0 are empty. */
export interface People {
  readonly states: Uint8Array
  /** x, y, z for each row. */
  readonly positions: Float32Array
  readonly columns: ColumnsOf<typeof personField.shape>
}

/** Old positions, and the neighbours within reach of each person. */
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
        const push = ((1 - apart / REACH) * PUSH_UNITS) / apart
        pushX += Math.round(awayX * push)
        pushY += Math.round(awayY * push)
      }

      const at = row * velocity.stride + velocity.offset
      let velocityX = velocity.values[at]
      let velocityY = velocity.values[at + 1]
      velocityX +=
        ((toGoalX * pace - velocityX) * TURNING + (pushX / PUSH_UNITS) * PUSHING) * SECONDS
      velocityY +=
        ((toGoalY * pace - velocityY) * TURNING + (pushY / PUSH_UNITS) * PUSHING) * SECONDS
      const fastest = speed * HURRY
      const fast = Math.sqrt(velocityX * velocityX + velocityY * velocityY)
      if (fast > fastest) {
        velocityX *= fastest / fast
        velocityY *= fastest / fast
      }
      velocity.values[at] = velocityX
      velocity.values[at + 1] = velocityY
      positions[row * 3] = Math.min(
        Math.max(x + velocityX * SECONDS, minX + EDGE_MARGIN),
        maxX - EDGE_MARGIN,
      )
      positions[row * 3 + 1] = Math.min(
        Math.max(y + velocityY * SECONDS, minY + EDGE_MARGIN),
        maxY - EDGE_MARGIN,
      )
      if (distance < GOAL_RADIUS) goalsReached.values[goal]++
    }
  }
}
