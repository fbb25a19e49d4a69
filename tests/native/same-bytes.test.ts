// libheddle leaves in shared memory what the TypeScript owner leaves: many short histories of small
// worlds, byte by byte. For any number of them: `npm run test:long -- --native`.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Happened, nothingHappened } from '../simulator/history.ts'
import { planOf } from '../simulator/plan.ts'
import { missingLibrary, runSanitized } from './library.ts'

const HISTORIES = 2000
const SANITIZED_HISTORIES = 60
const skip = missingLibrary()
function add(total: Happened, happened: Happened): void {
  for (const name of Object.keys(total) as (keyof Happened)[]) total[name] += happened[name]
}

test(`${HISTORIES} histories leave equal bytes by libheddle and by TypeScript`, {
  skip,
}, async () => {
  const { compareHistory } = await import('./same-bytes.ts')
  const total: Happened = { ...nothingHappened }
  for (let seed = 1; seed <= HISTORIES; seed++) add(total, compareHistory(seed).happened)
  for (const [name, count] of Object.entries(total))
    assert.ok(count > HISTORIES / 10, `${name} happened ${count} times`)
})

test('so do histories of partitions that grow to many pages and give them back', {
  skip,
}, async () => {
  const { compareHistory } = await import('./same-bytes.ts')
  const total: Happened = { ...nothingHappened }
  for (let seed = 1; seed <= 8; seed++) {
    const plan = planOf(seed, { ticks: 16 })
    const larger = {
      ...plan,
      domains: [{ name: 'ground', grid: { columns: 2, rows: 1 } }, { name: 'makers' }],
      sizes: { ...plan.sizes, entityLimit: 2000 },
      habits: { ...plan.habits, createMax: 200, delete: 0.5, storeField: 0.2, ask: 0.1 },
      memoryShort: seed % 3 === 0 ? 0.3 : 0,
    }
    add(total, compareHistory(seed, { plan: larger }).happened)
  }
  assert.ok(total.entities / total.ticks > 150, `${total.entities} entities, ${total.ticks} ticks`)
  assert.ok(total.gaveMemoryBack > 0, `memory was given back ${total.gaveMemoryBack} times`)
})

test('an owner that leaves another index, and nothing else, is noticed', { skip }, async () => {
  const { compareHistory } = await import('./same-bytes.ts')
  const { NativeOwner, nativeParts } = await import('./native-parts.ts')
  let questions = 0
  class Forgetful extends NativeOwner {
    override keepWholeIndex(): void {
      questions++
    }
  }
  const parts = { ...nativeParts, Owner: Forgetful }
  const noticed = /history \d+: tick \d+: libheddle leaves '\d+ (side|header)\.\w+ .*--native/s
  assert.throws(() => {
    for (let seed = 1; seed <= 200; seed++) compareHistory(seed, { parts })
  }, noticed)
  assert.ok(questions > 0)
})

test('with sanitizers it does so without a word from them', { skip }, () => {
  const long = join(import.meta.dirname, '../simulator/long.ts')
  const args = ['--native', '--seed', '100000', '--histories', String(SANITIZED_HISTORIES)]
  runSanitized(long, args)
})
