// Apps of libheddle get from each call what apps in TypeScript get, and leave the same memory.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingLibrary, runSanitized } from './library.ts'

const HISTORIES = 120
const STANDALONE_HISTORIES = 60
const skip = missingLibrary()

/** How often something has to have happened, or the histories say little about it. */
const OFTEN_ENOUGH: Record<string, number> = {
  give: 200,
  'give NotFound': 5,
  giveAndWrite: 200,
  take: 200,
  'take NotFound': 5,
  removeRows: 200,
  'removeRows NotFound': 20,
  'touched NotFound': 10,
  rowsOf: 200,
  tickRows: 200,
  covered: 200,
  'covered InvalidState': 1,
  manyNeighbours: 100,
  neighbourhood: 200,
  'neighbourhood InvalidArgument': 5,
  neighbours: 200,
  'neighbours InvalidArgument': 5,
  'store NotOwned': 20,
  'load NotFound': 20,
  'commit InvalidArgument': 20,
  'create CapacityExceeded': 20,
}

test(`${HISTORIES} histories of calls go the same way in both SDKs`, { skip }, async () => {
  const { compareHistory } = await import('./two-sdks.ts')
  const counts = new Map<string, number>()
  for (let seed = 1; seed <= HISTORIES; seed++) compareHistory(seed, counts)
  for (const [name, least] of Object.entries(OFTEN_ENOUGH))
    assert.ok((counts.get(name) ?? 0) >= least, `${name} happened ${counts.get(name)} times`)
})

test(`${STANDALONE_HISTORIES} standalone applications live and end the same way in both SDKs`, {
  skip,
}, async () => {
  const { compareStandalone } = await import('./two-sdks.ts')
  const counts = new Map<string, number>()
  for (let seed = 1; seed <= STANDALONE_HISTORIES; seed++) compareStandalone(seed, counts)
  assert.equal(counts.get('begin ShuttingDown'), STANDALONE_HISTORIES)
  for (const name of ['give', 'neighbourhood', 'covered', 'send InvalidArgument', 'begin'])
    assert.ok((counts.get(name) ?? 0) > STANDALONE_HISTORIES / 10, `${name}: ${counts.get(name)}`)
})

test('a standalone application keeps to its rate, and refuses a world that is none', {
  skip,
}, async () => {
  const { NativeProgram } = await import('./native-program.ts')
  const program = NativeProgram.standalone({ seconds: 0.3, tickRate: 50 })
  const begunAt = performance.now()
  let ticks = 0
  assert.throws(
    () => {
      for (;;) {
        ticks = program.begin()
        program.commit()
      }
    },
    { code: 'ShuttingDown' },
  )
  program.destroy()
  assert.equal(ticks, 15)
  assert.ok(performance.now() - begunAt >= 14 * 20 - 1, 'the clock is never faster than its rate')
  const faults = [
    { seconds: -1 },
    { seconds: Number.NaN },
    { seconds: 1, tickRate: -5 },
    { seconds: 1, domain: 'x'.repeat(260) },
    { seconds: 1, bounds: { minX: 1, maxX: 1, minY: 0, maxY: 2 } },
    { seconds: 1, bounds: { minX: 0, maxX: Number.POSITIVE_INFINITY, minY: 0, maxY: 2 } },
  ]
  for (const fault of faults)
    assert.throws(() => NativeProgram.standalone(fault), { code: 'InvalidArgument' })
})

test('with sanitizers they go the same way without a word from them', { skip }, () => {
  runSanitized(join(import.meta.dirname, 'long.ts'), ['--seed', '5000', '--histories', '20'])
})
