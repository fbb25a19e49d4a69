// An app that errs in its memory: amid a commit, when the numbers of the tick are written and the
// commit itself isn't, it writes over what its arguments name. Its next process goes on in order.
//
//   node scribbler.ts --only 0 state:7104:u32:99 …   writes 99 there, in an even tick
//   node scribbler.ts --commit 7                     commits another tick than it is asked for
//   node scribbler.ts delete:state cut:fields        deletes and shortens files of its partition
//
// It reads what its neighbours let be seen. An app of a custom domain ends some ticks later.

import { closeSync, openSync, readdirSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createApplication, type Subscription, type Transaction } from '@heddle/sdk'

const { HEDDLE_FABRIC: fabric, HEDDLE_PARTITION: partition, HEDDLE_ATTEMPT: attempt } = process.env
const { values: options, positionals: scribbles } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, commit: { type: 'string', default: '0' } },
})
const QUIET_TICKS = 5
const folder = join(fabric!, readdirSync(fabric!).find((name) => name.startsWith(`${partition}-`))!)
let mayErr = attempt === '1' && (options.only ?? partition) === partition

/** The tick that it commits next, if it errs in it. */
let wrongTick: number | undefined
const store = Atomics.store
Atomics.store = ((array: Int32Array, index: number, value: number) => {
  if (index === 0 && value === wrongTick) {
    wrongTick = undefined
    for (const scribble of scribbles) perform(scribble)
    return store(array, index, value + Number(options.commit))
  }
  return store(array, index, value)
}) as typeof Atomics.store

const application = createApplication()
const [{ domain, bounds }] = application.assignedPartitions()
let computed = 0
let others: Subscription | undefined
for (const transaction of application.updates()) {
  computed++
  if (bounds && computed === 1) {
    const box = { minX: -1e4, maxX: 1e4, minY: -1e4, maxY: 1e4 }
    others = transaction.createSubscriptionBoundingBox2F32(domain, box)
  }
  if (others) look(transaction, others)
  if (transaction.ownedEntityCount === 0)
    for (let made = 0; made < 10; made++) {
      const entity = transaction.createEntity(512, [(bounds?.minX ?? 0) + made + 1, made, 0])
      transaction.storeEntityField(entity, 1, 600, Uint8Array.of(1, 2, 3, 4))
    }
  if (partition !== '0') transaction.sendMessage({ partition: 0 }, Uint8Array.of(computed % 256))
  if (computed >= QUIET_TICKS && transaction.tick % 2 === 0 && mayErr) {
    mayErr = false
    wrongTick = transaction.tick
  }
  if (options.only === undefined && computed > 4 * QUIET_TICKS) break
}
application.destroy()

/** Reads all that the neighbours let be seen. */
function look(transaction: Transaction, box: Subscription): void {
  transaction.allSubscriptionEvents()
  for (const entity of transaction.subscribedEntities(box)) {
    transaction.loadEntityIndexKey(entity)
    transaction.loadEntityField(entity, 1)
  }
}

function perform(scribble: string): void {
  const [what, place, kind, value] = scribble.split(':')
  if (what === 'delete') rmSync(join(folder, place))
  else if (what === 'cut') truncateSync(join(folder, place), 0)
  else writeNumber(join(folder, what), Number(place), kind, Number(value))
}

function writeNumber(path: string, place: number, kind: string, value: number): void {
  const bytes = new DataView(new ArrayBuffer(8))
  if (kind === 'f64') bytes.setFloat64(0, value, true)
  else bytes.setUint32(0, value, true)
  const descriptor = openSync(path, 'r+')
  writeSync(descriptor, bytes, 0, kind === 'f64' ? 8 : 4, place)
  closeSync(descriptor)
}
