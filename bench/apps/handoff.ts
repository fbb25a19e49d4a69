// One of two halves of a world whose entities all cross the border in every tick: `node handoff.ts
// --entities 20000`, in each half at the beginning. Each entity has a velocity, which moves with
// it.

import { parseArgs } from 'node:util'
import { createApplication, defineField, type Transaction } from '@heddle/sdk'
import { lineUp } from './line-up.ts'

const { values } = parseArgs({ options: { entities: { type: 'string', default: '20000' } } })
const velocity = defineField({ index: 1, typeId: 600, shape: 'f32x3' })
const application = createApplication()
const [partition] = application.assignedPartitions()
const cell = partition.bounds!

for (const transaction of application.updates()) {
  if (transaction.tick === 1) populate(transaction)
  else cross(transaction)
}

function populate({ owned }: Transaction): void {
  lineUp(owned, cell, Number(values.entities))
  owned.stored(velocity)
}

function cross({ owned }: Transaction): void {
  owned.sweep((positions, from, to) => {
    for (let place = from * 3; place < to * 3; place += 3) positions[place] = -positions[place]
  })
}
