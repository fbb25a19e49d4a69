import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bystanders, People } from './people.ts'
import { startOf } from './person.ts'
import { reach, Walk } from './step.ts'

const world = { minX: -20, maxX: 20, minY: -20, maxY: 20 }
const seed = 7

function crowdOf(numbers: readonly number[]): People {
  const people = new People()
  for (const number of numbers) {
    const { x, y } = startOf(seed, number, world)
    people.add({ entity: { id: 1000 + number, type: 512 }, number, goalsReached: 0, x, y, velocityX: 0, velocityY: 0 })
  }
  return people
}

function byNumber(people: People): Map<number, number[]> {
  const found = new Map<number, number[]>()
  for (let slot = 0; slot < people.count; slot++)
    found.set(people.numbers[slot], [
      people.x[slot],
      people.y[slot],
      people.velocityX[slot],
      people.velocityY[slot],
      people.goalsReached[slot],
    ])
  return new Map([...found].sort(([one], [other]) => one - other))
}

const numbers = Array.from({ length: 300 }, (_, number) => number)

test('the order in which people are held makes no difference, to the last bit', () => {
  const walk = new Walk(seed, world)
  const forward = crowdOf(numbers)
  const backward = crowdOf(numbers.toReversed())
  for (let tick = 0; tick < 200; tick++) {
    walk.step(forward, new Bystanders())
    walk.step(backward, new Bystanders())
  }
  assert.deepEqual(byNumber(forward), byNumber(backward))
})

test('people who know those within reach beyond a border do as they would in one big cell', () => {
  const walk = new Walk(seed, world)
  const whole = crowdOf(numbers)
  for (let tick = 0; tick < 30; tick++) walk.step(whole, new Bystanders())
  const west = new People()
  const near = new Bystanders()
  for (let slot = 0; slot < whole.count; slot++) {
    const { [slot]: x } = whole.x
    if (x < 0) {
      west.add({
        entity: whole.entities[slot],
        number: whole.numbers[slot],
        goalsReached: whole.goalsReached[slot],
        x,
        y: whole.y[slot],
        velocityX: whole.velocityX[slot],
        velocityY: whole.velocityY[slot],
      })
    } else if (x < reach) near.add(x, whole.y[slot])
  }
  walk.step(west, near)
  walk.step(whole, new Bystanders())
  const expected = byNumber(whole)
  assert.ok(west.count > 50 && near.count > 5)
  for (const [number, person] of byNumber(west)) assert.deepEqual(person, expected.get(number))
})

test('neighbours change where people go', () => {
  const walk = new Walk(seed, world)
  const together = crowdOf(numbers)
  walk.step(together, new Bystanders())
  const alone = crowdOf([5])
  walk.step(alone, new Bystanders())
  assert.notDeepEqual(byNumber(alone).get(5), byNumber(together).get(5))
})

test('people reach goals, keep apart and stay inside the world', () => {
  const walk = new Walk(seed, world)
  const people = crowdOf(numbers)
  for (let tick = 0; tick < 2000; tick++) walk.step(people, new Bystanders())
  let goals = 0
  for (let slot = 0; slot < people.count; slot++) {
    const { [slot]: x } = people.x
    const { [slot]: y } = people.y
    assert.ok(x > world.minX && x < world.maxX && y > world.minY && y < world.maxY, `(${x}, ${y})`)
    goals += people.goalsReached[slot]
  }
  assert.ok(goals > 300, `${goals} goals`)
})

test('another seed is another crowd', () => {
  const start = startOf(7, 3, world)
  assert.deepEqual(startOf(7, 3, world), start)
  assert.notDeepEqual(startOf(8, 3, world), start)
})
