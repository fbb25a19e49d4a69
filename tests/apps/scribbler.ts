// A spatial app that, in its first process, writes over what it says of its own partition in a tick
// before it commits it, as a program does that errs in its memory. Its next process goes on.

import { closeSync, openSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createApplication } from '@heddle/sdk'

const {
  HEDDLE_FABRIC: fabric,
  HEDDLE_PARTITION: partition,
  HEDDLE_INCARNATION: launch,
} = process.env
const application = createApplication()
for (const transaction of application.updates()) {
  if (transaction.tick === 1) for (let count = 0; count < 10; count++) transaction.createEntity(512)
  if (transaction.tick < 20 || partition !== '0' || launch !== '1') continue
  transaction.commit()
  const folder = readdirSync(fabric!).find((name) => name.startsWith(`${partition}-`))!
  const file = openSync(join(fabric!, folder, 'state'), 'r+')
  // The number of rows that are claimed: docs/memory-layout.md has its place.
  writeSync(file, new Uint8Array(4).fill(0xa7), 0, 4, Number(process.argv[2]))
  closeSync(file)
}
