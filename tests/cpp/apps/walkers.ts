// The world of walkers/ in TypeScript: its state hash is the same at every tick.
// `node walkers.ts COUNT UNTIL`

import { BuiltinTypeId, createApplication, type Transaction } from '@heddle/sdk'

const WALKER = 512
const VELOCITY = 1
const TURNED = 2
const BOOL_TYPE = 3
const HALF = 1000

const [count, until] = process.argv.slice(2).map(Number) as [number, number]
const application = createApplication()
const [{ bounds }] = application.assignedPartitions()
const { minX, minY, maxX, maxY } = bounds!

for (const transaction of application.updates()) {
  const { tick } = transaction
  if (tick === 1) spawn(transaction)
  for (const { payload } of transaction.receiveMessages())
    transaction.createEntity(new Uint32Array(payload.slice(8, 12).buffer)[0]!)
  if (tick >= until) continue
  for (const entity of transaction.ownedEntities())
    if (entity.type === WALKER) move(transaction, entity)
  if (tick % 10 === 0) sendCourier(transaction)
}

function spawn(transaction: Transaction): void {
  for (let index = 0; index < count; index++) {
    const x = minX + ((index * 37) % 900) + 50
    const y = minY + ((index * 61) % 900) + 50
    const entity = transaction.createEntity(WALKER, [x, y, index])
    const velocity = new Float32Array([(index % 5) * 9 - 20, (index % 7) * 6 - 17])
    store(transaction, entity, velocity)
    transaction.storeEntityField(entity, TURNED, BOOL_TYPE, new Uint8Array([0]))
  }
}

type Entity = Parameters<Transaction['loadEntityIndexKey']>[0]

function store(transaction: Transaction, entity: Entity, velocity: Float32Array): void {
  const bytes = new Uint8Array(velocity.buffer, 0, 8)
  transaction.storeEntityField(entity, VELOCITY, BuiltinTypeId.Dynamic, bytes)
}

function move(transaction: Transaction, entity: Entity): void {
  const position = [...transaction.loadEntityIndexKey(entity)] as [number, number, number]
  const velocity = new Float32Array(transaction.loadEntityField(entity, VELOCITY).data.buffer)
  let turns = false
  for (const axis of [0, 1]) {
    if (Math.abs(position[axis]! + velocity[axis]!) > HALF) {
      velocity[axis] = -velocity[axis]!
      turns = true
    }
    position[axis]! += velocity[axis]!
  }
  transaction.storeEntityIndexKey(entity, position)
  if (!turns) return
  const turned = transaction.loadEntityField(entity, TURNED).data[0]!
  transaction.storeEntityField(entity, TURNED, BOOL_TYPE, new Uint8Array([1 - turned]))
  store(transaction, entity, velocity)
}

function sendCourier(transaction: Transaction): void {
  const across = transaction.resolveEndpointByPosition(
    'Cells',
    -(minX + maxX) / 2,
    -(minY + maxY) / 2,
  )
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(0, transaction.tick, true)
  new DataView(bytes.buffer).setUint32(8, 700, true)
  transaction.sendMessage(across, bytes)
}
