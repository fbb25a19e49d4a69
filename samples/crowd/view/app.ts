// The crowd's view app: `node app.ts [--every 3] [--domain NAME] [--tcp 7000] [--web 7001]`, with
// the ports as the schema declares them.

import { parseArgs } from 'node:util'
import { createApplication } from '@heddle/sdk'
import { Audience } from './audience.ts'
import { firstSpatialDomain, runView } from './view.ts'

const { values } = parseArgs({
  options: {
    every: { type: 'string', default: '3' },
    domain: { type: 'string' },
    tcp: { type: 'string', default: '7000' },
    web: { type: 'string', default: '7001' },
  },
})

const application = createApplication()
const audience = await Audience.listen({
  tcp: application.ingressPort(Number(values.tcp)),
  web: application.ingressPort(Number(values.web)),
})
const domain = values.domain ?? firstSpatialDomain(application)
console.log(
  `watching ${domain}; ` +
    `clients on ports ${audience.ports.tcp} (TCP) and ${audience.ports.web} (WebSocket)`,
)
await runView(application, audience, { domain, every: Number(values.every) })
audience.close()
console.log('the simulation shuts down')
