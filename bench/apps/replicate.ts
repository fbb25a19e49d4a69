// One of two apps that move all of their entities in each tick and read the positions of all of the
// other's: `node replicate.ts --entities 4000`.

import { parseArgs } from 'node:util'
import { createApplication, type Subscription, type Transaction } from '@heddle/sdk'
import { lineUp } from './line-up.ts'

const { values } = parseArgs({ options: { entities: { type: 'string', default: '4000' } } })
const application = createApplication()
const [partition] = application.assignedPartitions()
const cell = partition.bounds!
const other = application.allPartitions().find(({ id }) => id !== partition.id)!.bounds!
let everythingThere: Subscription | undefined
/** Uses what was read, so that the compiler cannot drop the read. */
let sum = 0

for (const transaction of application.updates()) {
  if (transaction.tick === 1) lineUp(transaction.owned, cell, Number(values.entities))
  everythingThere ??= transaction.createSubscriptionBoundingBox2F32(partition.domain, other)
  read(transaction, everythingThere)
  move(transaction)
}
console.log(`the sum of all was ${sum}`)

function read(transaction: Transaction, subscription: Subscription): void {
  for (const { columns, rows } of transaction.covered(subscription)) {
    const { ids, positions } = columns
    let [idSum, xSum, ySum, zSum] = [0, 0, 0, 0]
    for (let place = 0; place < rows.length; place++) {
      const row = rows[place]
      idSum += ids[row]
      xSum += positions[row * 3]
      ySum += positions[row * 3 + 1]
      zSum += positions[row * 3 + 2]
    }
    sum += idSum + xSum + ySum + zSum
  }
}

function move({ owned, tick }: Transaction): void {
  const step = tick % 2 === 0 ? 1 : -1
  owned.sweep((positions, from, to) => {
    for (let row = from; row < to; row++) positions[row * 3 + 1] += step
  })
}
