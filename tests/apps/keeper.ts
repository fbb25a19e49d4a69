// A custom app that makes entities in its first tick and keeps them: `node keeper.ts --entities 25`

import { parseArgs } from 'node:util'
import { createApplication } from '@heddle/sdk'

const { values } = parseArgs({ options: { entities: { type: 'string', default: '0' } } })
const application = createApplication()
let isFirst = true
for (const transaction of application.updates()) {
  if (isFirst && transaction.ownedEntityCount === 0)
    for (let made = 0; made < Number(values.entities); made++) transaction.createEntity(701)
  if (isFirst)
    console.log(
      `incarnation=${process.env.HEDDLE_INCARNATION} owned=${transaction.ownedEntityCount}`,
    )
  isFirst = false
}
