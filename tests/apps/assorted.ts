// A spatial app that makes entities in a world's first tick and never changes them:
// `node assorted.ts --entities 12 --sizes 0,1,1024`
// Every other entity has all fields, filled with these numbers of random bytes; each of the rest
// lacks one field.

import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { createApplication } from '@heddle/sdk'

const { values } = parseArgs({
  options: { entities: { type: 'string', default: '0' }, sizes: { type: 'string', default: '' } },
})
const sizes = values.sizes === '' ? [] : values.sizes.split(',').map(Number)
const application = createApplication()
for (const transaction of application.updates()) {
  if (transaction.tick > 1) continue
  for (let made = 0; made < Number(values.entities); made++) {
    const entity = transaction.createEntity(512)
    const lacking = made % 2 === 1 ? (made >> 1) % (sizes.length + 1) : sizes.length
    for (const [place, bytes] of sizes.entries())
      if (place !== lacking)
        transaction.storeEntityField(entity, place + 1, 600 + place, randomBytes(bytes))
  }
}
