// A spatial app that makes entities with data until there is no more room, prints that, and goes
// on.

import { createApplication } from '@heddle/sdk'

const application = createApplication()
const data = new Uint8Array(900).fill(7)
let isFull = false
for (const transaction of application.updates()) {
  try {
    for (let made = 0; made < 200 && !isFull; made++) {
      const entity = transaction.createEntity(512)
      transaction.storeEntityField(entity, 1, 600, data)
    }
  } catch (error) {
    isFull = true
    const { code, message } = error as { code?: string; message: string }
    console.log(
      `full: ${code} at ${transaction.ownedEntityCount > 0 ? 'some' : 'no'} entities: ${message}`,
    )
  }
}
