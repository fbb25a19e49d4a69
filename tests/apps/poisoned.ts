// A spatial app whose first cell sends the second one a message that makes it throw:
// `node poisoned.ts --at 10 --bears 3`
// Its entities move each tick.

import { parseArgs } from 'node:util'
import { createApplication } from '@heddle/sdk'

const { values } = parseArgs({
  options: {
    /** Tick in which the message is sent. */
    at: { type: 'string', default: '10' },
    /** The second cell sends one to the first as well. */
    both: { type: 'boolean', default: false },
    /** First attempt that survives the message; 0 for none. */
    bears: { type: 'string', default: '0' },
  },
})
const application = createApplication()
const [{ appName, domain, bounds }] = application.assignedPartitions()
const { minX, minY, maxX } = bounds!
const [first, second] = [`${domain}-0-0`, `${domain}-1-0`]
const bears = Number(values.bears) || Number.POSITIVE_INFINITY

for (const transaction of application.updates()) {
  const { tick } = transaction
  if (tick === 1)
    for (let made = 0; made < 20; made++)
      transaction.createEntity(512, [minX + made, minY + made, 0])
  for (const entity of transaction.ownedEntities()) {
    const [x, y, z] = transaction.loadEntityIndexKey(entity)
    transaction.storeEntityIndexKey(entity, [Math.min(x + 1, maxX - 1), y, z])
  }
  if (tick === Number(values.at) && (values.both || appName === first)) {
    const to = transaction.resolveEndpointByAppName(domain, appName === first ? second : first)
    transaction.sendMessage(to, new TextEncoder().encode('poison'))
  }
  for (const { payload } of transaction.receiveMessages()) {
    const text = new TextDecoder().decode(payload)
    console.log(`tick=${tick} attempt=${application.attempt} heard ${text}`)
    if (application.attempt < bears) throw new Error(`can not bear ${text}`)
  }
  if (tick === Number(values.at) + 5) console.log(`tick=${tick} attempt=${application.attempt}`)
}
