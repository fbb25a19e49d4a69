// A cell of a world full of moving, bouncing entities: `node bouncing-world.ts --entities 62500
// --band 10`. Each tick it reads the neighbours' entities in a band along its borders, and moves
// all of its own.

import { parseArgs } from 'node:util'
import { createApplication, defineField, type Subscription, type Transaction } from '@heddle/sdk'
import { bounce, randomFrom } from './bounce.ts'

const { values } = parseArgs({
  options: {
    /** Entities in this cell at the beginning. */
    entities: { type: 'string', default: '62500' },
    /** Width of the band, in world units. */
    band: { type: 'string', default: '10' },
    /** Fastest move in a tick along an axis, in world units. */
    speed: { type: 'string', default: '0.5' },
    /** Numbers (f32) of a further field, which stays as it is; 0 for none. */
    baggage: { type: 'string', default: '0' },
  },
})
const velocity = defineField({ index: 1, typeId: 600, shape: 'f32x3' })
const application = createApplication()
const [partition] = application.assignedPartitions()
const cell = partition.bounds!
const half = Math.max(...application.allPartitions().map(({ bounds }) => bounds?.maxX ?? 0))
const cube = { min: -half, max: half }
const turned = new Uint32Array(65_536)
let border: Subscription | undefined
/** Uses what was read, so that the compiler cannot drop the read. */
let nearestToZero = Number.POSITIVE_INFINITY

for (const transaction of application.updates()) {
  if (transaction.tick === 1) populate(transaction)
  border ??= transaction.createSubscriptionBoundingBox2F32(
    partition.domain,
    widened(Number(values.band)),
  )
  lookAcross(transaction, border)
  move(transaction)
}
console.log(`the nearest to 0 across the border was at ${nearestToZero}`)

function populate({ owned }: Transaction): void {
  const random = randomFrom(partition.id + 1)
  owned.create(512, Number(values.entities))
  const { positions } = owned
  const { values: velocities } = owned.field(velocity)
  const speed = Number(values.speed)
  for (let row = 0; row < owned.rows; row++) {
    positions[row * 3] = cell.minX + random() * (cell.maxX - cell.minX) * 0.999_99
    positions[row * 3 + 1] = cell.minY + random() * (cell.maxY - cell.minY) * 0.999_99
    positions[row * 3 + 2] = (random() * 2 - 1) * half
    for (let axis = 0; axis < 3; axis++) velocities[row * 3 + axis] = (random() * 2 - 1) * speed
  }
  owned.stored(velocity)
  owned.moved()
  if (Number(values.baggage) === 0) return
  const baggage = defineField({ index: 2, typeId: 601, shape: `f32x${Number(values.baggage)}` })
  const { values: pieces } = owned.field(baggage)
  for (let place = 0; place < owned.rows * Number(values.baggage); place++) pieces[place] = random()
  owned.stored(baggage)
}

function lookAcross(transaction: Transaction, subscription: Subscription): void {
  for (const { x } of transaction.covered(subscription)) {
    for (let place = 0; place < x.length; place++) {
      const away = Math.abs(x[place])
      if (away < nearestToZero) nearestToZero = away
    }
  }
}

function move({ owned }: Transaction): void {
  const { values: velocities } = owned.field(velocity)
  const { states } = owned
  let count = 0
  owned.sweep((positions, from, to) => {
    count = bounce(positions, velocities, cube, from, to, turned, count)
  })
  for (let place = 0; place < count; place++)
    if (states[turned[place]] !== 0) owned.touch(turned[place])
}

function widened(by: number) {
  return { minX: cell.minX - by, minY: cell.minY - by, maxX: cell.maxX + by, maxY: cell.maxY + by }
}
