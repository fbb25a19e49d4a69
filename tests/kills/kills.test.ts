import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runKills } from './kills.ts'

const seed = Number(process.env.HEDDLE_KILLS_SEED ?? 1)

test('a kill while a snapshot is taken or restored leaves all of it or nothing', async () => {
  const { kills, whole, none, started } = await runKills({ seed, kills: 6 })
  assert.equal(kills, 6)
  assert.equal(whole + none + started, 6)
})
