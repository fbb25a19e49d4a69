// A spatial app that keeps many entities until a file exists, and then deletes all but a few.
// `node tide.ts <file> <how many> <how many stay>`

import { existsSync } from 'node:fs'
import { createApplication } from '@heddle/sdk'

const [file, flood, stay] = process.argv.slice(2)
const application = createApplication()
let isOver = false
for (const transaction of application.updates()) {
  const entities = [...transaction.ownedEntities()]
  if (!isOver && existsSync(file)) {
    isOver = true
    for (const entity of entities.slice(Number(stay))) transaction.deleteEntity(entity)
    console.log('ebb')
  } else if (!isOver && entities.length < Number(flood)) {
    for (let made = entities.length; made < Number(flood); made++)
      transaction.storeEntityField(transaction.createEntity(512), 1, 600, new Uint8Array(12))
    console.log('flood')
  }
}
