import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStandaloneApplication } from '@heddle/sdk'
import { LockstepWorld } from '../../../sdk/typescript/src/testing/lockstep.ts'
import { CrowdCell, runCrowd } from './crowd.ts'
import type { People } from './people.ts'

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

  /** By number. */
  people(): Map<number, Person> {
    const found = new Map<number, Person>()
    for (const { people } of this.cells) collect(people, found)
    return new Map([...found].sort(([one], [other]) => one - other))
  }
}

function collect(people: People, found: Map<number, Person>): void {
  for (let slot = 0; slot < people.count; slot++) {
    assert.ok(!found.has(people.numbers[slot]), `person ${people.numbers[slot]} is in two cells`)
    found.set(people.numbers[slot], {
      x: people.x[slot],
      y: people.y[slot],
      velocityX: people.velocityX[slot],
      velocityY: people.velocityY[slot],
      goalsReached: people.goalsReached[slot],
    })
  }
}

test('the same people do the same things on one cell, on four by two and on three by three', () => {
  const one = new Crowd(1, 1)
  const eight = new Crowd(4, 2)
  const nine = new Crowd(3, 3)
  for (const crowd of [one, eight, nine]) crowd.run(400)
  assert.equal(one.people().size, options.people)
  assert.deepEqual(eight.people(), one.people())
  assert.deepEqual(nine.people(), one.people())
  assert.ok(nine.handoffs > 100, `${nine.handoffs} people changed cells`)
})

test('an app that is started again goes on exactly where it was', () => {
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
