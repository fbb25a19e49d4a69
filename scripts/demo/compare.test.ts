import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { LockstepWorld, SPATIAL_DOMAIN } from '../../sdk/typescript/src/testing/lockstep.ts'
import { copiedStates } from '../../src/core/fabric/testing/copied-states.ts'
import { encodedHere } from '../../src/joints/snapshot/encoded.testing.ts'
import { writeSnapshot } from '../../src/joints/snapshot/snapshot-file.ts'
import { firstDifference, readWorld, type World } from './compare.ts'

type Change = Partial<{
  count: number
  x: number
  type: number
  byte: number
  tick: number
  columns: number
}>

/** A snapshot of a small world, written and read as the demo's are. */
async function worldWith(change: Change = {}): Promise<World> {
  const { count = 20, x = 5, type = 600, byte = 1, tick = 1, columns = 2 } = change
  const world = new LockstepWorld({ columns, rows: 1 })
  world.tick((west) => {
    for (let place = 0; place < count; place++) {
      const last = place === count - 1
      const entity = west.createEntity(last ? type : 600, [last ? x : -place, 0, 0])
      west.storeEntityField(entity, 1, 700, new Uint8Array([place, last ? byte : 1]))
    }
  })
  const folder = await mkdtemp(join(tmpdir(), 'heddle-compare-'))
  const file = join(folder, 'snapshot.zip')
  try {
    const { fabric } = world
    const states = copiedStates(fabric, 1)
    const writing = writeSnapshot(
      {
        simulationName: 'world',
        executionId: '0a1b2c3d-0000-4000-8000-000000000000',
        tick,
        takenAtMs: Date.UTC(2026, 10, 1),
        nextIdLane: fabric.control.nextIdLane,
        grids: [
          { domain: SPATIAL_DOMAIN, columns, rows: 1, bounds: { x: [-100, 100], y: [-100, 100] } },
        ],
        apps: [],
        schemaText: 'schema',
        heddleVersion: '0.1.0',
      },
      encodedHere(states),
    )
    await writeFile(file, writing.bytes)
    return await readWorld(file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('two snapshots of one world are equal, whatever partitions they lie in', async () => {
  const one = await worldWith()
  assert.equal(one.entities.size, 20)
  assert.equal(firstDifference(one, await worldWith()), undefined)
  assert.equal(firstDifference(one, await worldWith({ columns: 1 })), undefined)
})

test('the first difference is named: tick, number, type, position or a field’s byte', async () => {
  const one = await worldWith()
  for (const [change, said] of [
    [{ tick: 2 }, /tick 1, the other at tick 2/],
    [{ count: 21 }, /20 entities, the other 21/],
    [{ type: 601 }, /the type of entity \d+: 600 and 601/],
    [{ x: 5.0000005 }, /the position of entity \d+/],
    [{ byte: 2 }, /the fields of entity \d+: 1:700:1301 and 1:700:1302/],
  ] as const)
    assert.match(firstDifference(one, await worldWith(change)) ?? 'no difference', said)
})
