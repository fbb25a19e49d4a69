// A world that is handled in columns, with numbers that depend neither on the order of entities nor
// on who owns them. drifters.cpp makes the same: `node drifters.ts COUNT UNTIL`

import { createApplication, defineField, type Subscription, type Transaction } from '@heddle/sdk'

const DRIFTER = 512
const SIGHT = 60
const HALF = 1000
const drift = defineField({
  index: 1,
  typeId: 600,
  shape: { velocity: 'f32x2', met: 'u32', seen: 'u16', kind: 'u8' },
})
const mark = defineField({ index: 2, typeId: 601, shape: 'f64' })

const [count, until] = process.argv.slice(2).map(Number) as [number, number]
const application = createApplication()
const [{ domain, bounds }] = application.assignedPartitions()
const { minX, minY, maxX, maxY } = bounds!
let border: Subscription | undefined

for (const transaction of application.updates()) {
  border ??= transaction.createSubscriptionBoundingBox2F32(domain, {
    minX: minX - SIGHT,
    minY: minY - SIGHT,
    maxX: maxX + SIGHT,
    maxY: maxY + SIGHT,
  })
  if (transaction.tick >= until) continue
  if (transaction.tick === 1) populate(transaction)
  else live(transaction, border)
}

function populate({ owned }: Transaction): void {
  const rows = owned.create(DRIFTER, count)
  const { positions } = owned
  const { velocity, met, seen, kind } = owned.field(drift)
  rows.forEach((row, index) => {
    positions[row * 3] = minX + ((index * 83) % 980) + 10
    positions[row * 3 + 1] = minY + ((index * 47) % 980) + 10
    velocity.values[row * velocity.stride + velocity.offset] = ((index % 7) - 3) * 8
    velocity.values[row * velocity.stride + velocity.offset + 1] = ((index % 5) - 2) * 9
    met.values[row * met.stride + met.offset] = 0
    seen.values[row * seen.stride + seen.offset] = 0
    kind.values[row * kind.stride + kind.offset] = index % 200
  })
  owned.moved()
  owned.stored(drift)
}

function live(transaction: Transaction, subscription: Subscription): void {
  const { owned, tick } = transaction
  drop(transaction)
  if (tick % 8 === 0) bear(transaction)
  const near = transaction.neighbourhood(SIGHT)
  const { kind: kinds } = near.field(drift)
  let covered = 0
  for (const { rows, columns } of transaction.covered(subscription))
    covered += rows.length + (columns.field(mark) ? 1 : 0)
  const { states, positions } = owned
  const { velocity, met, seen } = owned.field(drift)
  for (let row = 0; row < owned.rows; row++) {
    if (states[row] === 0) continue
    const at = row * velocity.stride + velocity.offset
    let sum = 0
    for (let place = near.starts[row]!; place < near.starts[row + 1]!; place++)
      sum += kinds.values[near.list[place]! * kinds.stride + kinds.offset]! + 1
    met.values[row * met.stride + met.offset]! += sum
    seen.values[row * seen.stride + seen.offset]! += covered
    if (sum % 2 === 1) {
      const x = velocity.values[at]!
      velocity.values[at] = -velocity.values[at + 1]!
      velocity.values[at + 1] = x
    }
    for (const axis of [0, 1])
      if (Math.abs(positions[row * 3 + axis]! + velocity.values[at + axis]!) > HALF)
        velocity.values[at + axis] = -velocity.values[at + axis]!
  }
  owned.stored(drift)
  owned.sweep((places, from, to) => {
    for (let row = from; row < to; row++) {
      places[row * 3]! += velocity.values[row * velocity.stride + velocity.offset]!
      places[row * 3 + 1]! += velocity.values[row * velocity.stride + velocity.offset + 1]!
    }
  })
}

/** Deletes some, and takes the mark from others, or gives it to them. */
function drop({ owned, tick }: Transaction): void {
  const { ids, states } = owned
  const every = (divisor: number) =>
    Array.from({ length: owned.rows }, (_, row) => row).filter(
      (row) => states[row] !== 0 && (ids[row]! + tick) % divisor === 0,
    )
  owned.give(mark, every(3))
  owned.take(mark, every(4))
  owned.delete(every(41))
}

function bear({ owned, tick }: Transaction): void {
  const rows = owned.create(DRIFTER, 3)
  owned.give(drift, rows)
  const { positions } = owned
  const { velocity } = owned.field(drift)
  rows.forEach((row, index) => {
    positions[row * 3]! += index * 7 - tick
    velocity.values[row * velocity.stride + velocity.offset] = 5 * index - 4
  })
  owned.touched(rows)
}
