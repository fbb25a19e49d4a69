// An app that loads and stores position and field of each of its entities in every tick, with a
// call for each: `node calls.ts --entities 10000`. Keeps its handles, and passes each load the
// object to fill.

import { parseArgs } from 'node:util'
import { createApplication, type Entity, type EntityField, type Transaction } from '@heddle/sdk'

const { values } = parseArgs({ options: { entities: { type: 'string', default: '10000' } } })
const VELOCITY_FIELD = 1
const VELOCITY_TYPE = 600
const LIMIT = 900

const entities: Entity[] = []
const position: [number, number, number] = [0, 0, 0]
const field: EntityField = { typeId: 0, data: new Uint8Array(12) }

for (const transaction of createApplication().updates()) {
  if (transaction.tick === 1) populate(transaction)
  move(transaction)
}

function populate(transaction: Transaction): void {
  for (let made = 0; made < Number(values.entities); made++) {
    const entity = transaction.createEntity(512, [made % LIMIT, 0, 0])
    transaction.storeEntityField(entity, VELOCITY_FIELD, VELOCITY_TYPE, new Uint8Array(12))
    entities.push(entity)
  }
}

function move(transaction: Transaction): void {
  for (const entity of entities) {
    transaction.loadEntityIndexKey(entity, position)
    position[0] = position[0] < LIMIT ? position[0] + 0.5 : -LIMIT
    transaction.storeEntityIndexKey(entity, position)
    transaction.loadEntityField(entity, VELOCITY_FIELD, field)
    field.data[0]++
    transaction.storeEntityField(entity, VELOCITY_FIELD, VELOCITY_TYPE, field.data)
  }
}
