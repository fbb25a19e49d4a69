import assert from 'node:assert/strict'
import { test } from 'node:test'
import { personField, startOf } from './person.ts'
import { type People, REACH, type Surroundings, Walk } from './step.ts'

const world = { minX: -20, maxX: 20, minY: -20, maxY: 20 }
const SEED = 7

function crowdOf(numbers: readonly number[]): People {
  const people = emptyCrowd(numbers.length)
  for (const [row, person] of numbers.entries()) {
    const { x, y } = startOf(SEED, person, world)
    people.positions.set([x, y, 0], row * 3)
    const { number } = people.columns
    number.values[row * number.stride + number.offset] = person
  }
  return people
}

function emptyCrowd(rows: number): People {
  const { bytes } = personField
  return {
    states: new Uint8Array(rows).fill(1),
    positions: new Float32Array(rows * 3),
    columns: personField.columnsOn(new Uint8Array(rows * bytes), bytes, rows),
  }
}

/** Finds everybody within reach of each of the first `rows` places, by looking at all of them. */
function around(positions: Float32Array, rows = positions.length / 3): Surroundings {
  const list: number[] = []
  const starts = [0]
  for (let row = 0; row < rows; row++) {
    for (let other = 0; other < positions.length / 3; other++) {
      const x = positions[row * 3] - positions[other * 3]
      const y = positions[row * 3 + 1] - positions[other * 3 + 1]
      if (other !== row && x * x + y * y <= REACH * REACH) list.push(other)
    }
    starts.push(list.length)
  }
  return {
    positions: positions.slice(),
    starts: Uint32Array.from(starts),
    list: Uint32Array.from(list),
  }
}

function byNumber({
  states,
  positions,
  columns: { number, goalsReached, velocity },
}: People): Map<number, number[]> {
  const found = new Map<number, number[]>()
  for (let row = 0; row < states.length; row++)
    found.set(number.values[row * number.stride + number.offset], [
      positions[row * 3],
      positions[row * 3 + 1],
      velocity.values[row * velocity.stride + velocity.offset],
      velocity.values[row * velocity.stride + velocity.offset + 1],
      goalsReached.values[row * goalsReached.stride + goalsReached.offset],
    ])
  return new Map([...found].sort(([one], [other]) => one - other))
}

const numbers = Array.from({ length: 300 }, (_, number) => number)

test('the order of people changes no bit of the result', () => {
  const walk = new Walk(SEED, world)
  const forward = crowdOf(numbers)
  const backward = crowdOf(numbers.toReversed())
  for (let tick = 0; tick < 200; tick++) {
    walk.step(forward, around(forward.positions))
    walk.step(backward, around(backward.positions))
  }
  assert.deepEqual(byNumber(forward), byNumber(backward))
})

test('people at a border move as in one big cell if they see those beyond it', () => {
  const walk = new Walk(SEED, world)
  const whole = crowdOf(numbers)
  for (let tick = 0; tick < 30; tick++) walk.step(whole, around(whole.positions))
  const rows = numbers.filter((row) => whole.positions[row * 3] < 0)
  const near = numbers.filter(
    (row) => whole.positions[row * 3] >= 0 && whole.positions[row * 3] < REACH,
  )
  assert.ok(rows.length > 50 && near.length > 5)
  const west = emptyCrowd(rows.length)
  for (const [to, from] of rows.entries()) {
    const { number, goalsReached, velocity } = whole.columns
    west.positions.set(placesOf([from]), to * 3)
    west.columns.number.values[to * number.stride + number.offset] = from
    west.columns.goalsReached.values[to * goalsReached.stride + goalsReached.offset] =
      goalsReached.values[from * goalsReached.stride + goalsReached.offset]
    const at = from * velocity.stride + velocity.offset
    west.columns.velocity.values.set(
      velocity.values.subarray(at, at + 2),
      to * velocity.stride + velocity.offset,
    )
  }
  walk.step(west, around(placesOf([...rows, ...near]), rows.length))
  walk.step(whole, around(whole.positions))
  const expected = byNumber(whole)
  for (const [number, person] of byNumber(west)) assert.deepEqual(person, expected.get(number))

  function placesOf(rows: readonly number[]): Float32Array {
    return Float32Array.from(
      rows.flatMap((row) => [...whole.positions.subarray(row * 3, row * 3 + 3)]),
    )
  }
})

test('neighbours change where people go', () => {
  const walk = new Walk(SEED, world)
  const together = crowdOf(numbers)
  walk.step(together, around(together.positions))
  const alone = crowdOf([5])
  walk.step(alone, around(alone.positions))
  assert.notDeepEqual(byNumber(alone).get(5), byNumber(together).get(5))
})

test('people reach goals, keep apart and stay inside the world', () => {
  const walk = new Walk(SEED, world)
  const people = crowdOf(numbers)
  for (let tick = 0; tick < 2000; tick++) walk.step(people, around(people.positions))
  let goals = 0
  for (const [x, y, , , goalsReached] of byNumber(people).values()) {
    assert.ok(x > world.minX && x < world.maxX && y > world.minY && y < world.maxY, `(${x}, ${y})`)
    goals += goalsReached
  }
  assert.ok(goals > 300, `${goals} goals`)
})

test('an empty row stays unchanged', () => {
  const people = crowdOf([1, 2])
  people.states[1] = 0
  const before = byNumber(people)
  new Walk(SEED, world).step(people, around(people.positions.subarray(0, 3), 1))
  const after = byNumber(people)
  assert.deepEqual(after.get(2), before.get(2))
  assert.notDeepEqual(after.get(1), before.get(1))
})

test('another seed makes another crowd', () => {
  const start = startOf(7, 3, world)
  assert.deepEqual(startOf(7, 3, world), start)
  assert.notDeepEqual(startOf(8, 3, world), start)
})
