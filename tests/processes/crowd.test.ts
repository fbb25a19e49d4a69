// The crowd sample as a whole: what its people do must not depend on the number of processes, nor
// on a snapshot in between.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { personField } from '../../samples/crowd/spatial/person.ts'
import { readWorld } from '../../scripts/demo/compare.ts'
import { after, before } from '../../src/base/testing/hooks.ts'
import { readSnapshotManifest } from '../../src/joints/snapshot/snapshot-file.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'

const PEOPLE = 600
const HASH_TICKS = 20
const TICKS = 500
const grids = [
  [1, 1],
  [3, 3],
  [4, 2],
] as const

let heddle: Heddle
before(async () => {
  heddle = await startHeddle()
})
after(() => heddle?.stop())

function crowdOn(columns: number, rows: number): string {
  const sample = `file://${join(import.meta.dirname, '../../samples/crowd/spatial')}`
  const command = `app.ts --people ${PEOPLE}`
  const Crowd = { kind: 'spatial', grid: [columns, rows], command, package: sample } as const
  return schema({ half: 60, tickRate: 'unlimited', domains: { Crowd } })
}

/** Runs a world up to a tick and ends it; returns the hashes on its way. */
async function walk(world: Simulation, lastTick: number): Promise<Map<number, string>> {
  await world.startClock()
  await world.reaches(lastTick)
  const { entities, handoffs } = world.hashes().get(lastTick)!
  assert.equal(entities, PEOPLE)
  if ((await world.apps()).length > 1)
    assert.ok(handoffs > PEOPLE / 10, `${handoffs} handoffs in ${world.name}`)
  await world.stop()
  assert.equal(world.errors(), '')
  const lines = [...world.hashes().values()].filter(({ tick }) => tick <= lastTick)
  return new Map(lines.map(({ tick, stateHash }) => [tick, stateHash]))
}

// The state hash covers ids, and an id tells which partition's app made its entity. So the original
// goes on with the people it has made, and all others from its snapshot.
test('a crowd restored on 1×1, 3×3 and 4×2 cells has equal hashes 500 ticks later', async () => {
  const original = await heddle.startSimulation('original', crowdOn(3, 3), hashEvery(HASH_TICKS))
  await original.startClock()
  await original.reaches(HASH_TICKS * 2)
  await original.stopClock()
  const key = await original.snapshot()
  const file = await heddle.download(key)
  const { partitions } = await readSnapshotManifest(file)
  const { index: field, typeId, shape } = personField
  for (const { fields, shapes } of partitions)
    assert.deepEqual({ fields, shapes }, { fields: [], shapes: [{ field, typeId, shape }] })
  const saved = await readWorld(file)
  const lastTick = Math.ceil((saved.tick + TICKS) / HASH_TICKS) * HASH_TICKS
  const expected = await walk(original, lastTick)
  for (const tick of expected.keys()) if (tick <= saved.tick) expected.delete(tick)
  assert.ok(expected.size >= TICKS / HASH_TICKS)
  assert.equal(new Set(expected.values()).size, expected.size, 'the people walk')
  for (const [columns, rows] of grids) {
    const name = `crowd-${columns}-${rows}`
    await heddle.put(`${name}.yaml`, crowdOn(columns, rows))
    const Tags = {
      ...hashEvery(HASH_TICKS).Tags,
      'heddle:schema': `s3://${heddle.bucket}/${name}.yaml`,
    }
    const world = await heddle.branch(name, key, { Tags })
    await world.is('STARTED')
    assert.equal((await world.apps()).length, columns * rows)
    const hashes = await walk(world, lastTick)
    for (const tick of hashes.keys()) if (tick <= saved.tick) hashes.delete(tick)
    assert.deepEqual(hashes, expected, name)
  }
})
