import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ControlBlock } from '../../core/fabric/memory/control-block.ts'
import { Fabric } from '../../core/fabric/memory/fabric.ts'
import { World, type WorldDescription } from '../../core/fabric/memory/world.ts'
import { PartitionOwner } from '../../core/fabric/owner/partition-owner.ts'
import { smallSizes } from '../../core/fabric/testing/test-fabric.ts'
import { futexAt } from '../../io/shm/futex.ts'
import { type SharedSegment, SharedSegments } from '../../io/shm/shared-segments.ts'
import { Clock } from './clock.ts'

const description: WorldDescription = {
  simulationName: 'test',
  executionId: 'test',
  domains: [
    {
      name: 'ground',
      lifecycle: 'BySpatialSubdivision',
      area: {
        bounds: { minX: 0, maxX: 10, minY: 0, maxY: 10 },
        columns: 1,
        rows: 1,
        firstPartition: 0,
      },
    },
    { name: 'makers', lifecycle: 'ByRequest' },
  ],
}

/**
 * A fabric with one spatial partition, and its clock at an unlimited rate. This process acts as the
 * apps.
 */
function openClock(context: TestContext) {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'heddle-clock-'))
  const segments = new SharedSegments(folder)
  const control = ControlBlock.create(segments, smallSizes, { tickRate: 0, tick: 0 })
  const fabric = new Fabric(segments, control, new World(description), () => true)
  const ground = fabric.addPartition({ domain: 0, cell: 0, name: 'ground-0-0' })
  const worker = futexAt(control.wakeSegment as SharedSegment, control.wakeWordOffset)
  const clock = new Clock(control, {
    fabricFolder: folder,
    world: description,
    tickRate: 0,
    appTimeoutMs: Number.POSITIVE_INFINITY,
    hashInterval: 0,
  })
  context.after(async () => {
    await clock.finish(true)
    rmSync(folder, { recursive: true })
  })
  const owners = new Map<number, PartitionOwner>()
  return {
    clock,
    control,
    commits: fabric.commits,
    ground,
    /** Computes the tick that this partition has pending. */
    async compute(partition: number): Promise<number> {
      while (!fabric.commits.isPending(partition)) await sleep(1)
      const owner = owners.get(partition) ?? new PartitionOwner(fabric, partition)
      owners.set(partition, owner)
      owner.begin(control.tick)
      owner.finish()
      if (fabric.commits.commit(partition)) worker.wake()
      return owner.tick
    },
  }
}

test('an app that joins and leaves again while a tick is computed is not waited for', {
  timeout: 60_000,
}, async (context) => {
  const { clock, commits, ground, compute } = openClock(context)
  clock.join(ground)
  const maker = await clock.addPartition(1, 'maker')
  clock.start()
  while (!commits.isPending(ground)) await sleep(1)
  // The world waits for the ground's first tick, so these commands arrive in the middle of it.
  clock.join(maker)
  clock.leave(maker)
  for (let tick = 1; tick <= 5; tick++) assert.equal(await compute(ground), tick)
  assert.equal(commits.isPending(maker), false)
})

test('an app that joined is waited for from the next tick on, until it leaves', {
  timeout: 60_000,
}, async (context) => {
  const { clock, control, ground, compute } = openClock(context)
  clock.join(ground)
  const maker = await clock.addPartition(1, 'maker')
  clock.join(maker)
  clock.start()
  for (let tick = 1; tick <= 3; tick++) {
    assert.equal(await compute(ground), tick)
    assert.equal(control.committedTick, tick - 1)
    assert.equal(await compute(maker), tick)
  }
  await compute(ground)
  clock.leave(maker)
  assert.equal(await compute(ground), 5)
})

test('a copy of the newest commit is made while a tick is computed that nobody ends', {
  timeout: 60_000,
}, async (context) => {
  const { clock, control, commits, ground, compute } = openClock(context)
  clock.join(ground)
  clock.start()
  for (let tick = 1; tick <= 3; tick++) await compute(ground)
  while (!commits.isPending(ground)) await sleep(1)
  const copy = await clock.copyState(new SharedArrayBuffer(0))
  assert.equal(copy.tick, 3)
  assert.equal(control.tick, 4)
  assert.equal(await compute(ground), 4)
})

test('a copy of every fourth tick is of that very tick, whatever else is copied meanwhile', {
  timeout: 60_000,
}, async (context) => {
  const { clock, ground, compute } = openClock(context)
  const room = new SharedArrayBuffer(0)
  clock.join(ground)
  clock.start()
  let after = 0
  let exact = clock.copyState(room, { multipleOf: 4, after })
  const found: number[] = []
  for (let tick = 1; tick <= 14; tick++) {
    const other = clock.copyState(room)
    assert.equal(await compute(ground), tick)
    await other
    if (tick % 4 !== 1 || tick === 1) continue
    after = (await exact).tick
    found.push(after)
    exact = clock.copyState(room, { multipleOf: 4, after })
  }
  assert.deepEqual(found, [4, 8, 12])
  const last = assert.rejects(exact, /the clock has ended/)
  await clock.finish(true)
  await last
})

test('who still waits for an answer when the clock ends is told', {
  timeout: 60_000,
}, async (context) => {
  const { clock, ground } = openClock(context)
  clock.join(ground)
  const never = clock.copyState(new SharedArrayBuffer(0), { multipleOf: 1000, after: 0 })
  const told = assert.rejects(never, /the clock has ended/)
  await clock.finish(true)
  await told
  await assert.rejects(clock.addPartition(1, 'late'), /the clock has ended/)
})
