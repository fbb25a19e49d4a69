import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStandaloneApplication, type Transaction } from '@heddle/sdk'
import { LockstepWorld } from '../../../sdk/typescript/src/testing/lockstep.ts'
import { CrowdCell, runCrowd } from './crowd.ts'
import { personField } from './person.ts'

const bounds = { minX: -60, maxX: 60, minY: -60, maxY: 60 }
const options = { seed: 11, people: 400 }

interface Person {
  x: number
  y: number
  velocityX: number
  velocityY: number
  goalsReached: number
}

class Crowd {
  readonly world: LockstepWorld
  readonly cells: CrowdCell[]
  handoffs = 0

  constructor(columns: number, rows: number) {
    this.world = new LockstepWorld({ columns, rows, bounds })
    this.cells = this.world.applications.map((application) => new CrowdCell(application, options))
  }

  run(ticks: number): void {
    for (let tick = 0; tick < ticks; tick++) {
      this.world.tick(...this.cells.map((cell) => cell.update.bind(cell)))
      this.handoffs += this.world.handoffs.granted
    }
  }

  restart(partition: number): void {
    this.world.restart(partition)
    this.cells[partition] = new CrowdCell(this.world.applications[partition], options)
  }

  /** Returns the people by number, after one tick in which nobody moves. */
  people(): Map<number, Person> {
    const found = new Map<number, Person>()
    this.world.tick(
      ...this.cells.map(() => (transaction: Transaction) => collect(transaction, found)),
    )
    return new Map([...found].sort(([one], [other]) => one - other))
  }
}

function collect({ owned }: Transaction, found: Map<number, Person>): void {
  const { states, positions } = owned
  const { number, goalsReached, velocity } = owned.field(personField)
  for (let row = 0; row < owned.rows; row++) {
    if (states[row] === 0) continue
    const person = number.values[row * number.stride + number.offset]
    assert.ok(!found.has(person), `person ${person} is in two cells`)
    found.set(person, {
      x: positions[row * 3],
      y: positions[row * 3 + 1],
      velocityX: velocity.values[row * velocity.stride + velocity.offset],
      velocityY: velocity.values[row * velocity.stride + velocity.offset + 1],
      goalsReached: goalsReached.values[row * goalsReached.stride + goalsReached.offset],
    })
  }
}

test('the same people do the same things on one cell, on four by two and on three by three', () => {
  const one = new Crowd(1, 1)
  const eight = new Crowd(4, 2)
  const nine = new Crowd(3, 3)
  for (const crowd of [one, eight, nine]) crowd.run(400)
  const expected = one.people()
  assert.equal(expected.size, options.people)
  assert.deepEqual(eight.people(), expected)
  assert.deepEqual(nine.people(), expected)
  assert.ok(nine.handoffs > 100, `${nine.handoffs} people changed cells`)
})

test('a restarted app goes on exactly where it was', () => {
  const steady = new Crowd(2, 2)
  const shaken = new Crowd(2, 2)
  for (let round = 0; round < 40; round++) {
    steady.run(5)
    shaken.run(5)
    shaken.restart(round % 4)
  }
  steady.run(1)
  shaken.run(1)
  assert.deepEqual(shaken.people(), steady.people())
})

test('an app alone makes all people once, and moves them', () => {
  const application = createStandaloneApplication({ seconds: 2, tickRate: 'unlimited', bounds })
  runCrowd(application, options)
  assert.equal(application.currentTick, 60)
  assert.equal(application.runtimeMetrics().createdEntity, options.people)
  assert.equal(application.runtimeMetrics().activeEntity, options.people)
  assert.equal(application.runtimeMetrics().storeField, options.people * 60)
})
