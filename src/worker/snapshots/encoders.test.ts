import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../base/testing/hooks.ts'
import { testFabric } from '../../core/fabric/testing/test-fabric.ts'
import {
  CopyRoom,
  copyBytes,
  copySides,
  doneAtOnce,
  type SideColumns,
} from '../../core/fabric/worker/side-columns.ts'
import { hashWorld } from '../../core/fabric/worker/state.ts'
import { readSnapshot, writeSnapshot } from '../../joints/snapshot/snapshot-file.ts'
import { Encoders } from './encoders.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-encoders-'))
})
after(() => rm(folder, { recursive: true }))

const COLUMNS = 7
const header = {
  simulationName: 'market',
  executionId: 'one',
  tick: 2,
  takenAtMs: 0,
  nextIdLane: 100,
  grids: [
    {
      domain: 'ground',
      columns: COLUMNS,
      rows: 1,
      bounds: { x: [0, 100], y: [0, 10] } as { x: [number, number]; y: [number, number] },
    },
  ],
  apps: [],
  schemaText: 'sdk_version: "1.17"',
  heddleVersion: '0.1.0',
}

/** Seven cells. Some have no entities; others have arriving entities and free rows. */
function copiedWorld(): { sides: SideColumns[]; stateHash: string; entities: number } {
  const { fabric, put, tick } = testFabric({ columns: COLUMNS, sizes: { entityLimit: 100 } })
  tick((owner) => {
    for (let count = 0; owner.index % 2 === 0 && count < 50; count++) {
      const row = put(owner, owner.index * 10 + (count % 13), 5)
      owner.storeField(row, 1, 600, new Uint8Array(count).fill(count))
    }
  })
  tick((owner) => {
    for (let row = 0; row < owner.rows; row += 3) if (owner.back.state[row] === 1) owner.delete(row)
  })
  const sides = doneAtOnce(
    copySides(fabric, 2, new CopyRoom(new SharedArrayBuffer(copyBytes(fabric, 2)))),
  )
  return { sides, ...hashWorld(fabric, 2) }
}

test('several threads encode the world that was copied, repeatedly', async () => {
  const { sides, stateHash, entities } = copiedWorld()
  assert.ok(entities > 50)
  const encoders = new Encoders(Number.MAX_SAFE_INTEGER)
  try {
    for (const name of ['first.zip', 'second.zip']) {
      const { bytes, finished } = writeSnapshot(header, encoders.encoded(sides))
      await writeFile(join(folder, name), bytes)
      const { manifest } = await finished
      assert.deepEqual([manifest.stateHash, manifest.entities], [stateHash, entities])
      assert.deepEqual(
        manifest.partitions.map(({ name }) => name),
        sides.map(({ name }) => name),
      )
      const snapshot = await readSnapshot(join(folder, name))
      assert.equal(snapshot.header.stateHash, stateHash)
      await snapshot.close()
    }
  } finally {
    await encoders.end()
  }
})

test('a world that could not be started again is refused by what is wrong with it', async () => {
  const { sides } = copiedWorld()
  sides.at(-1)!.positions[4] = Number.NaN
  const encoders = new Encoders(0)
  try {
    const { bytes, finished } = writeSnapshot(header, encoders.encoded(sides))
    await assert.rejects(writeFile(join(folder, 'bad.zip'), bytes), { fault: 'BadPosition' })
    await assert.rejects(finished, { fault: 'BadPosition' })
  } finally {
    await encoders.end()
  }
})

test('who waits for threads that have ended is told', async () => {
  const { sides } = copiedWorld()
  const encoders = new Encoders(0)
  const { bytes } = writeSnapshot(header, encoders.encoded(sides))
  await encoders.end()
  await assert.rejects(writeFile(join(folder, 'cut.zip'), bytes), /has ended/)
})
