// A spatial app of one of two domains that hand their entities back and forth:
// `node exchange.ts --to OtherDomain --entities 20`

import { parseArgs } from 'node:util'
import { createApplication } from '@heddle/sdk'
import { chance } from './random.ts'

const { values } = parseArgs({
  options: { to: { type: 'string', default: '' }, entities: { type: 'string', default: '0' } },
})
const application = createApplication()
const [{ appName, domain, bounds }] = application.assignedPartitions()
const { minX, minY, maxX, maxY } = bounds!

for (const transaction of application.updates()) {
  if (transaction.tick === 1) {
    for (let place = 0; place < Number(values.entities); place++) {
      const x = minX + (maxX - minX) * chance(appName, place, 'x')
      const y = minY + (maxY - minY) * chance(appName, place, 'y')
      const entity = transaction.createEntity(512, [x, y, 0])
      transaction.storeEntityField(
        entity,
        1,
        513,
        new TextEncoder().encode(`${domain}/${appName}/${place}`),
      )
    }
  }
  for (const entity of [...transaction.ownedEntities()])
    if ((entity.id + transaction.tick) % 5 === 0) transaction.modifyEntityDomain(entity, values.to)
}
