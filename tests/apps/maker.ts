// A custom app that makes entities all over the world, hands them to a spatial domain, sends its
// apps messages, and watches the whole domain. It sends every TCP client on its declared port one
// line of JSON about it:
// `node maker.ts --to Cells --entities 40 --port 7000`

import { createServer } from 'node:net'
import { parseArgs } from 'node:util'
import { createApplication } from '@heddle/sdk'
import { chance } from './random.ts'

const { values } = parseArgs({
  options: {
    to: { type: 'string', default: 'Cells' },
    entities: { type: 'string', default: '0' },
    half: { type: 'string', default: '1000' },
    port: { type: 'string', default: '7000' },
    /** Number of the tick in which each of its processes ends; 0 for never. */
    crash: { type: 'string', default: '0' },
  },
})
const half = Number(values.half)
const application = createApplication()
const known = {
  app: process.env.HEDDLE_APP,
  incarnation: Number(process.env.HEDDLE_INCARNATION),
  tick: 0,
  made: 0,
  seen: 0,
  owned: 0,
  answers: [] as string[],
}
const server = createServer((socket) => {
  socket.on('error', () => socket.destroy())
  socket.end(`${JSON.stringify(known)}\n`)
})
server.listen(application.ingressPort(Number(values.port)), '0.0.0.0')

let ticks = 0
let subscribed = false
for await (const transaction of application.updates()) {
  ticks++
  if (!subscribed) {
    transaction.createSubscriptionBoundingBox2F32(values.to, {
      minX: -half,
      minY: -half,
      maxX: half,
      maxY: half,
    })
    subscribed = true
  }
  for (const { kind } of transaction.allSubscriptionEvents())
    known.seen += kind === 'Add' ? 1 : kind === 'Remove' ? -1 : 0
  if (known.made < Number(values.entities)) {
    const position = [
      (chance(known.made, 'x') * 2 - 1) * half,
      (chance(known.made, 'y') * 2 - 1) * half,
      0,
    ] as const
    const entity = transaction.createEntity(700, position)
    transaction.modifyEntityDomain(entity, values.to)
    known.made++
    const to = transaction.resolveEndpointByPosition(values.to, position[0], position[1])
    transaction.sendMessage(to, new TextEncoder().encode(`entity ${known.made}`))
  }
  if (ticks === Number(values.crash)) process.exit(7)
  for (const { payload } of transaction.receiveMessages())
    known.answers.push(new TextDecoder().decode(payload))
  known.owned = transaction.ownedEntityCount
  known.tick = transaction.tick
}
server.close()
