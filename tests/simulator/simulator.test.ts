// Many short histories of small worlds. For any number of them, and any seed: `npm run test:long`.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Happened, nothingHappened, runHistory } from './history.ts'
import { planOf } from './plan.ts'

const HISTORIES = 20_000

test(`${HISTORIES} histories keep every entity in exactly one partition`, () => {
  const total: Happened = { ...nothingHappened }
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const { happened } = runHistory(seed)
    for (const name of Object.keys(total) as (keyof Happened)[]) total[name] += happened[name]
  }
  // The events that the histories should test must occur, and often.
  for (const [name, count] of Object.entries(total))
    assert.ok(count > HISTORIES / 10, `${name} happened ${count} times`)
})

test('the order of the apps, and crashes with a repeated tick, make no difference', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const plan = { ...planOf(seed), crash: 0, goneForLong: 0, memoryShort: 0 }
    const { state } = runHistory(seed, { plan })
    const stormy = runHistory(seed, { plan: { ...plan, crash: 0.5 }, scheduleSeed: seed + 1 })
    assert.equal(stormy.state, state, `seed ${seed}`)
  }
})

test('histories whose partitions grow to many pages and shrink again are as sound', () => {
  const total: Happened = { ...nothingHappened }
  for (let seed = 1; seed <= 30; seed++) {
    const plan = planOf(seed, { ticks: 16 })
    const { happened } = runHistory(seed, {
      plan: {
        ...plan,
        domains: [{ name: 'ground', grid: { columns: 2, rows: 1 } }, { name: 'makers' }],
        sizes: { ...plan.sizes, entityLimit: 2000 },
        habits: { ...plan.habits, createMax: 200, delete: 0.5, storeField: 0.2, ask: 0.1 },
        memoryShort: seed % 3 === 0 ? 0.3 : 0,
      },
    })
    for (const name of Object.keys(total) as (keyof Happened)[]) total[name] += happened[name]
  }
  assert.ok(
    total.entities / total.ticks > 150,
    `${total.entities} entities in ${total.ticks} ticks`,
  )
  assert.ok(total.gaveMemoryBack > 0, `memory was given back ${total.gaveMemoryBack} times`)
})
