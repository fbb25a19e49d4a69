// The TypeScript reference of drifters.py: the same entities with the same speeds, to and fro.

import { createApplication } from '@heddle/sdk'

const DRIFTER = 512
const SPEED = 1
const DYNAMIC = 2
const application = createApplication()
const [{ bounds }] = application.assignedPartitions()
const cells = application.allPartitions().flatMap((partition) => partition.bounds ?? [])
const minX = Math.min(...cells.map((cell) => cell.minX))
const maxX = Math.max(...cells.map((cell) => cell.maxX))
const { minX: left, maxX: right, minY: lower } = bounds!

const bytes = (speed: number) => new Uint8Array(new Float32Array([speed]).buffer)

for (const transaction of application.updates()) {
  if (transaction.tick === 1) {
    for (let number = 0; number < 20; number++) {
      const x = left + ((right - left) * number) / 20
      const entity = transaction.createEntity(DRIFTER, [x, lower + 0.5, 0])
      transaction.storeEntityField(entity, SPEED, DYNAMIC, bytes(7 + number))
    }
  }
  for (const entity of transaction.ownedEntities()) {
    if (entity.type !== DRIFTER) continue
    const [x, y, z] = transaction.loadEntityIndexKey(entity)
    const { data } = transaction.loadEntityField(entity, SPEED)
    let speed = new Float32Array(data.slice().buffer)[0]
    if (x + speed < minX || x + speed > maxX) {
      speed = -speed
      transaction.storeEntityField(entity, SPEED, DYNAMIC, bytes(speed))
    }
    transaction.storeEntityIndexKey(entity, [x + speed, y, z])
  }
}
