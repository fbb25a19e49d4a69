// A spatial app to whose second cell the first one sends a message that it throws on: `node poisoned.ts --at 10 --bears 3`. Its entities move each tick.

import { parseArgs } from 'node:util'
import { createApplication } from '@heddle/sdk'

const { values } = parseArgs({
  options: {
    /** The tick in which the message is sent. */
    at: { type: 'string', default: '10' },
    /** The second cell sends one to the first as well. */
    both: { type: 'boolean', default: false },
    /** From which attempt on the message is borne; never where it is 0. */
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
