// The crowd sample as a whole: what its people do must not depend on how many processes do it.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { type HashLine, hashEvery } from '../support/simulation.ts'

const people = 600
const hashTicks = 20
const ticks = 400

let heddle: Heddle
before(async () => {
  heddle = await startHeddle()
})
after(() => heddle?.stop())

function crowdOn(columns: number, rows: number): string {
  const sample = `file://${join(import.meta.dirname, '../../samples/crowd/spatial')}`
  const command = `app.ts --people ${people}`
  const Crowd = { kind: 'spatial', grid: [columns, rows], command, package: sample } as const
  return schema({ half: 60, tickRate: 'unlimited', domains: { Crowd } })
}

// Ids tell which partition's app made an entity, and the state hash covers ids: all worlds go on with people whom one app has made, as of a snapshot. From then on nobody is made.
test('the same run gives the same state hash with 1, 4 and 16 partitions', async () => {
  const origin = await heddle.startSimulation('origin', crowdOn(1, 1), hashEvery(1))
  await origin.startClock()
  await origin.reaches(2)
  await origin.stopClock()
  const key = await origin.snapshot()
  const { tick: firstTick } = await origin.world()
  await origin.stop()
  const lastTick = Math.ceil((firstTick + ticks) / hashTicks) * hashTicks
  const runs: Map<number, HashLine>[] = []
  for (const side of [1, 2, 4]) {
    const name = `crowd-${side}-${side}`
    await heddle.put(`${name}.yaml`, crowdOn(side, side))
    const Tags = { ...hashEvery(hashTicks).Tags, 'heddle:schema': `s3://${heddle.bucket}/${name}.yaml` }
    const world = await heddle.branch(name, key, { Tags })
    await world.is('STARTED')
    assert.equal((await world.apps()).length, side * side)
    await world.startClock()
    await world.reaches(lastTick)
    const { entities, handoffs } = world.hashes().get(lastTick)!
    assert.equal(entities, people)
    if (side > 1) assert.ok(handoffs > people / 10, `${handoffs} handoffs with ${side * side} partitions`)
    assert.equal(world.errors(), '')
    runs.push(world.hashes())
    await world.stop()
  }
  const hashesOf = (run: Map<number, HashLine>) =>
    [...run.values()].filter(({ tick }) => tick <= lastTick).map(({ tick, stateHash }) => [tick, stateHash])
  const [one, ...others] = runs.map(hashesOf)
  assert.ok(one.length >= ticks / hashTicks)
  assert.equal(new Set(one.map(([, stateHash]) => stateHash)).size, one.length, 'the people walk')
  for (const hashes of others) assert.deepEqual(hashes, one)
})
