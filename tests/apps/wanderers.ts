// A spatial app whose entities move, come, go and carry data at random. All randomness follows from
// the seed, the tick and the committed state, so the world is the same however often processes die:
// `node wanderers.ts --seed 1 --entities 50 --until 300 --crash Cells-0-0@20:kill`

import { parseArgs } from 'node:util'
import { createApplication, type Entity, type Transaction } from '@heddle/sdk'
import { chance } from './random.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    /** Entities that each app makes in the world's first tick. */
    entities: { type: 'string', default: '50' },
    /** First tick without changes. */
    until: { type: 'string', default: '1000000000' },
    /**
     * `<app>@<tick>:<how>`, repeatable: that app's first process ends in the middle of that tick,
     * by `exit`, `kill` or `hang`.
     */
    crash: { type: 'string', multiple: true, default: [] },
    /** Every process of an app ends like this, not only the first. */
    always: { type: 'boolean', default: false },
  },
})
const { seed } = values
const entityCount = Number(values.entities)
const incarnation = Number(process.env.HEDDLE_INCARNATION)
const application = createApplication()
const [{ appName, bounds }] = application.assignedPartitions()
const half = Math.max(
  ...application.allPartitions().map((partition) => partition.bounds?.maxX ?? 0),
)
/** How the app ends, by tick. */
const crashes = new Map(
  values.crash
    .map((crash) => /^(.+)@(\d+):(exit|kill|hang)$/.exec(crash) ?? [])
    .filter(([, app]) => app === appName)
    .map(([, , tick, how]) => [Number(tick), how]),
)

let isFirst = true
for (const transaction of application.updates()) {
  if (isFirst) sayWhatIsOwned(transaction)
  isFirst = false
  if (transaction.tick < Number(values.until)) live(transaction)
}

function sayWhatIsOwned(transaction: Transaction): void {
  const adds = transaction.ownershipChanges().filter(({ kind }) => kind === 'Add').length
  console.log(
    `incarnation=${incarnation} tick=${transaction.tick} adds=${adds} ` +
      `owned=${transaction.ownedEntityCount}`,
  )
}

function live(transaction: Transaction): void {
  const { tick } = transaction
  // Sorted by id: the order of rows differs between runs.
  const owned = [...transaction.ownedEntities()].sort((a, b) => a.id - b.id)
  owned.forEach((entity, index) => {
    if (index === owned.length >> 1) crashHere(tick)
    change(transaction, entity)
  })
  if (owned.length === 0) crashHere(tick)
  const births =
    tick === 1 ? entityCount : Math.floor(chance(seed, tick, appName) * (entityCount / 25 + 1))
  for (let birth = 0; birth < births; birth++) create(transaction, birth)
}

function create(transaction: Transaction, birth: number): void {
  const { minX, minY, maxX, maxY } = bounds!
  const along = (axis: string) => chance(seed, transaction.tick, appName, birth, axis)
  const position = [
    minX + along('x') * (maxX - minX),
    minY + along('y') * (maxY - minY),
    along('z'),
  ] as const
  const entity = transaction.createEntity(512 + (birth % 3), position)
  transaction.storeEntityField(entity, 1, 600, bytes(transaction.tick, entity))
}

function change(transaction: Transaction, entity: Entity): void {
  const { tick } = transaction
  const what = chance(seed, tick, entity.id, 'what')
  if (what < 0.02) {
    transaction.deleteEntity(entity)
    return
  }
  if (what < 0.4)
    transaction.storeEntityIndexKey(entity, [
      anywhere(tick, entity, 'x'),
      anywhere(tick, entity, 'y'),
      tick,
    ])
  if (what > 0.3 && what < 0.5) {
    const field = 1 + Math.floor(chance(seed, tick, entity.id, 'field') * 4)
    transaction.storeEntityField(entity, field, 600 + field, bytes(tick, entity))
  }
  if (what > 0.95) {
    const has = [1, 2, 3, 4].find((field) => hasField(transaction, entity, field))
    if (has !== undefined) transaction.removeEntityField(entity, has)
  }
}

function anywhere(tick: number, entity: Entity, axis: string): number {
  return (chance(seed, tick, entity.id, axis) * 2 - 1) * half
}

function hasField(transaction: Transaction, entity: Entity, field: number): boolean {
  try {
    transaction.loadEntityField(entity, field)
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'NotFound') return false
    throw error
  }
}

function bytes(tick: number, entity: Entity): Uint8Array {
  return new Uint8Array(Math.floor(chance(seed, tick, entity.id, 'length') * 200)).fill(tick & 255)
}

function crashHere(tick: number): void {
  const how = values.always || incarnation === 1 ? crashes.get(tick) : undefined
  if (how === undefined) return
  console.log(`ends in the middle of tick ${tick}: ${how}`)
  if (how === 'kill') process.kill(process.pid, 'SIGKILL')
  if (how === 'exit') process.exit(1)
  for (;;);
}
