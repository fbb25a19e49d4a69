import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runKills } from './kills.ts'

const seed = Number(process.env.HEDDLE_KILLS_SEED ?? 1)

test('a kill at any moment of taking or restoring a snapshot leaves all of it or nothing', async () => {
  const { kills, whole, none, started } = await runKills({ seed, kills: 6 })
  assert.equal(kills, 6)
  assert.equal(whole + none + started, 6)
})
