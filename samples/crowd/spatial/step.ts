// One tick of walking: where everybody goes from where everybody was.
// A pure function of positions and velocities. The influence of neighbours is added up in whole numbers, so it does not depend on their order, nor on
// which app owns whom: the same people do the same things on any grid.

import { NeighbourGrid } from './neighbours.ts'
import type { Bystanders, People } from './people.ts'
import { type Area, edgeMargin, goalXOf, goalYOf, speedOf } from './person.ts'

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

export class Walk {
  readonly #grid = new NeighbourGrid(reach)
  readonly #seed: number
  readonly #world: Area

  constructor(seed: number, world: Area) {
    this.#seed = seed
    this.#world = world
  }

  /** Moves all people one tick on. Bystanders stay as they are: their own app moves them. */
  step(people: People, bystanders: Bystanders): void {
    this.#grid.build([people, bystanders])
    // Positions were copied into the grid: people can be moved while others still look at where they were.
    for (let slot = 0; slot < people.count; slot++) this.#move(people, slot)
  }

  #move(people: People, slot: number): void {
    const x = people.x[slot]
    const y = people.y[slot]
    const number = people.numbers[slot]
    const speed = speedOf(this.#seed, number)
    const toGoalX = goalXOf(this.#seed, number, people.goalsReached[slot], this.#world) - x
    const toGoalY = goalYOf(this.#seed, number, people.goalsReached[slot], this.#world) - y
    const distance = Math.sqrt(toGoalX * toGoalX + toGoalY * toGoalY)
    const pace = distance > 0 ? speed / distance : 0

    this.#addPushes(x, y, slot)
    let velocityX = people.velocityX[slot]
    let velocityY = people.velocityY[slot]
    velocityX += ((toGoalX * pace - velocityX) * turning + (pushX / pushUnits) * pushing) * seconds
    velocityY += ((toGoalY * pace - velocityY) * turning + (pushY / pushUnits) * pushing) * seconds
    const fastest = speed * hurry
    const fast = Math.sqrt(velocityX * velocityX + velocityY * velocityY)
    if (fast > fastest) {
      velocityX *= fastest / fast
      velocityY *= fastest / fast
    }
    people.velocityX[slot] = velocityX
    people.velocityY[slot] = velocityY
    const { minX, maxX, minY, maxY } = this.#world
    people.x[slot] = Math.min(Math.max(x + velocityX * seconds, minX + edgeMargin), maxX - edgeMargin)
    people.y[slot] = Math.min(Math.max(y + velocityY * seconds, minY + edgeMargin), maxY - edgeMargin)
    if (distance < goalRadius) people.goalsReached[slot]++
  }

  /** Leaves the sum of all neighbours' pushes in pushX and pushY. */
  #addPushes(x: number, y: number, self: number): void {
    const grid = this.#grid
    const { columns, starts, origin } = grid
    const column = grid.columnOf(x)
    const row = grid.rowOf(y)
    const firstColumn = Math.max(0, column - 1)
    const lastColumn = Math.min(columns - 1, column + 1)
    const lastRow = Math.min(grid.rows - 1, row + 1)
    pushX = 0
    pushY = 0
    for (let near = Math.max(0, row - 1); near <= lastRow; near++) {
      const end = starts[near * columns + lastColumn + 1]
      for (let place = starts[near * columns + firstColumn]; place < end; place++) {
        const awayX = x - grid.x[place]
        const awayY = y - grid.y[place]
        const squared = awayX * awayX + awayY * awayY
        if (squared >= reach * reach || squared === 0 || origin[place] === self) continue
        const distance = Math.sqrt(squared)
        const push = ((1 - distance / reach) * pushUnits) / distance
        pushX += Math.round(awayX * push)
        pushY += Math.round(awayY * push)
      }
    }
  }
}

let pushX = 0
let pushY = 0
