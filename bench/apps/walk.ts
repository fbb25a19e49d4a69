// One of two halves of a world of random walkers: `node walk.ts --entities 5000`, in each half at
// the beginning. Each tick it reads the entities in a band behind its border, and moves all of its
// own by a random step.

import { parseArgs } from 'node:util'
import { createApplication, type Subscription, type Transaction } from '@heddle/sdk'
import { randomFrom } from './bounce.ts'
import { STEP_MAX } from './walk-steps.ts'

const { values } = parseArgs({
  options: {
    entities: { type: 'string', default: '5000' },
    band: { type: 'string', default: '10' },
  },
})
const application = createApplication()
const [partition] = application.assignedPartitions()
const cell = partition.bounds!
const random = randomFrom(partition.id + 1)
const half = Math.max(...application.allPartitions().map(({ bounds }) => bounds!.maxX))
let border: Subscription | undefined
/** Uses what was read, so that the compiler cannot drop the read. */
let nearestToBorder = Number.POSITIVE_INFINITY

for (const transaction of application.updates()) {
  if (transaction.tick === 1) populate(transaction)
  border ??= transaction.createSubscriptionBoundingBox2F32(partition.domain, {
    ...cell,
    minX: cell.minX - Number(values.band),
    maxX: cell.maxX + Number(values.band),
  })
  lookAcross(transaction, border)
  walk(transaction)
}
console.log(`the nearest to the border was at ${nearestToBorder}`)

function populate({ owned }: Transaction): void {
  const count = Number(values.entities)
  owned.create(512, count)
  const { positions } = owned
  for (let row = 0; row < count; row++) {
    positions[row * 3] = cell.minX + random() * (cell.maxX - cell.minX) * 0.999_99
    positions[row * 3 + 1] = cell.minY + random() * (cell.maxY - cell.minY) * 0.999_99
  }
  owned.moved()
}

function lookAcross(transaction: Transaction, subscription: Subscription): void {
  for (const { rows, x } of transaction.covered(subscription))
    for (let place = 0; place < rows.length; place++)
      if (Math.abs(x[place]) < nearestToBorder) nearestToBorder = Math.abs(x[place])
}

/** Skips steps that would lead out of the world. */
function walk({ owned, tick }: Transaction): void {
  let chance = Math.imul(2 * tick + partition.id + 1, 0x9e37_79b1) || 1
  owned.sweep((positions, from, to) => {
    chance = walkSome(positions, from, to, chance)
  })
}

/** Returns the state of the random numbers after these steps. */
function walkSome(positions: Float32Array, from: number, to: number, first: number): number {
  const perUnit = STEP_MAX / 2 ** 31
  let chance = first
  for (let place = from * 3; place < to * 3; place += 3) {
    chance = nextChance(chance)
    const x = positions[place] + chance * perUnit
    chance = nextChance(chance)
    const y = positions[place + 1] + chance * perUnit
    if (Math.abs(x) >= half || Math.abs(y) >= half) continue
    positions[place] = x
    positions[place + 1] = y
  }
  return chance
}

/** Xorshift: whole numbers from -2^31 to 2^31. */
function nextChance(chance: number): number {
  let next = chance ^ (chance << 13)
  next ^= next >>> 17
  return next ^ (next << 5)
}
