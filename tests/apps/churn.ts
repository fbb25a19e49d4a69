// A cell of a world in constant change: entities come, go, move, cross, change their fields, and
// are read, queried and written about. `node churn.ts --entities 2000` keeps about that many in
// each cell. It uses every feature of the SDK, so that anything that grows with time shows.

import { parseArgs } from 'node:util'
import {
  createApplication,
  defineField,
  HeddleError,
  type Subscription,
  type Transaction,
} from '@heddle/sdk'

const { values } = parseArgs({ options: { entities: { type: 'string', default: '2000' } } })
const entities = Number(values.entities)
const velocity = defineField({ index: 1, typeId: 600, shape: 'f32x3' })
const age = defineField({ index: 2, typeId: 601, shape: 'u16' })
const letter = { index: 3, typeId: 602, bytesMax: 1024 }
const application = createApplication()
const [{ domain, id, bounds }] = application.assignedPartitions()
const { minX, minY, maxX, maxY } = bounds!
const half = Math.max(
  ...application.allPartitions().map((partition) => partition.bounds?.maxX ?? 0),
)
const others = application
  .allPartitions()
  .filter((partition) => partition.id !== id && partition.bounds)
let border: Subscription | undefined

for (const transaction of application.updates()) {
  const { tick } = transaction
  border ??= transaction.createSubscriptionBoundingBox2F32(domain, boxAround(half / 10))
  // One box moves, another comes and goes.
  if (tick % 20 === 0)
    border = transaction.modifySubscriptionBoundingBox2F32(
      border,
      boxAround(half / (5 + (tick % 7))),
    )
  if (tick % 9 === 0)
    transaction.deleteSubscription(
      transaction.createSubscriptionBoundingBox2F32(domain, boxAround(0)),
    )
  look(transaction, border)
  comeAndGo(transaction)
  move(transaction)
  change(transaction)
  write(transaction)
}

function boxAround(by: number) {
  return { minX: minX - by, minY: minY - by, maxX: maxX + by, maxY: maxY + by }
}

function look(transaction: Transaction, subscription: Subscription): void {
  transaction.ownershipChanges()
  transaction.allSubscriptionEvents()
  for (const { columns, rows } of transaction.covered(subscription))
    for (const row of rows) columns.positions[row * 3]
  for (let question = 0; question < 20; question++)
    transaction.neighbours(along(minX, maxX), along(minY, maxY), half / 20)
  if (transaction.tick % 50 === 0) transaction.neighbourhood(half / 100)
}

/** Keeps the wanted number of entities, and at times twice or half as many. */
function comeAndGo({ tick, owned }: Transaction): void {
  const wanted = entities * [1, 2, 1, 0.5][Math.floor(tick / 500) % 4]
  const born = Math.ceil(entities / 50) + (owned.count < wanted ? Math.ceil(entities / 20) : 0)
  const { positions } = owned
  for (const row of owned.create(512 + (tick % 5), born)) {
    positions[row * 3] = along(minX, maxX)
    positions[row * 3 + 1] = along(minY, maxY)
  }
  owned.moved()
  const dying = Math.ceil(entities / 50) + (owned.count > wanted ? Math.ceil(entities / 20) : 0)
  const gone = new Set<number>()
  for (let attempt = 0; attempt < dying; attempt++) gone.add(someRow(owned.rows))
  owned.delete([...gone].filter((row) => owned.states[row] !== 0))
}

function move({ owned, tick }: Transaction): void {
  const { values: velocities } = owned.field(velocity)
  for (let place = 0; place < owned.rows * 3; place++)
    if (tick % 10 === 0) velocities[place] = along(-half / 100, half / 100)
  owned.stored(velocity)
  owned.sweep((positions, from, to) => {
    for (let place = from * 3; place < to * 3; place++)
      positions[place] = Math.min(half, Math.max(-half, positions[place] + velocities[place]))
  })
}

function change(transaction: Transaction): void {
  const { owned } = transaction
  for (let attempt = 0; attempt < 20; attempt++) {
    const row = someRow(owned.rows)
    if (owned.states[row] === 0) continue
    const entity = owned.entity(row)
    owned.give(age, [row])
    if (attempt % 3 === 0) owned.take(age, [row])
    transaction.storeEntityField(
      entity,
      letter.index,
      letter.typeId,
      new Uint8Array(someRow(letter.bytesMax)),
    )
    if (attempt % 4 === 0) transaction.removeEntityField(entity, letter.index)
    transaction.storeEntityIndexKey(entity, [along(-half, half), along(-half, half), 0])
    transaction.loadEntityIndexKey(entity)
  }
}

function write(transaction: Transaction): void {
  for (const { payload } of transaction.receiveMessages())
    if (payload.length === 0) throw new Error('an empty message')
  for (const { bounds } of others) {
    const to = transaction.resolveEndpointByPosition(domain, bounds!.minX, bounds!.minY)
    transaction.sendMessage(to, new Uint8Array(1 + someRow(500)))
  }
  if (transaction.tick % 100 === 0)
    console.log(`tick ${transaction.tick}: ${transaction.ownedEntityCount} entities`)
  try {
    transaction.createEntity(1)
  } catch (error) {
    // A rejected call must leave nothing behind either.
    if (!(error instanceof HeddleError)) throw error
  }
}

function along(from: number, to: number): number {
  return from + Math.random() * (to - from)
}

function someRow(rows: number): number {
  return Math.floor(Math.random() * rows)
}
