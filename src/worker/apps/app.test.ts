import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { ControlBlock } from '../../core/fabric/memory/control-block.ts'
import { Fabric } from '../../core/fabric/memory/fabric.ts'
import { World } from '../../core/fabric/memory/world.ts'
import { processLauncher } from '../../io/launch/processes.ts'
import { MemorySegments } from '../../io/shm/memory-segments.ts'
import { App } from './app.ts'

const sizes = {
  partitionCapacity: 1,
  entityLimit: 1,
  fieldBytesMax: 4,
  messageLimit: 0,
  messageBytesMax: 4,
  messageHeapBytes: 0,
}

/**
 * Launches an app that exits at once. Returns what its simulation hears, up to the first failure or
 * the end.
 */
async function heardOf(
  lifecycle: 'BySpatialSubdivision' | 'ByRequest',
  shutdown: boolean,
): Promise<string[]> {
  const segments = new MemorySegments()
  const control = ControlBlock.create(segments, sizes, { tickRate: 0, tick: 0 })
  const world = new World({
    simulationName: 'test',
    executionId: 'test',
    domains: [{ name: 'Cells', lifecycle }],
  })
  const fabric = new Fabric(segments, control, world, () => true)
  fabric.addPartition({ domain: 0, cell: -1, name: 'Cells-0-0' })
  if (shutdown) control.setShutdown()
  const heard: string[] = []
  const over = Promise.withResolvers<void>()
  const place = {
    executionId: 'test',
    simulation: 'test',
    domain: 'Cells',
    name: 'Cells-0-0',
    partition: 0,
  }
  const app: App = new App(
    {
      ...place,
      launcher: processLauncher,
      lifecycle,
      command: [process.execPath, '-e', ''],
      closedFolders: [],
      workingFolder: tmpdir(),
      fabricFolder: tmpdir(),
      ports: [],
      timeoutMs: 0,
      stream: 'none',
      onOutput: () => undefined,
    },
    fabric,
    {
      attached: () => heard.push('attached'),
      changed: () => {
        heard.push(app.state.status)
        if (app.state.status === 'STOPPED') over.resolve()
      },
      restarting: () => {
        heard.push('restarting')
        over.resolve()
      },
      waits: () => heard.push('waits'),
      failed: () => heard.push('failed'),
      ended: () => heard.push('ended'),
    },
  )
  app.launch()
  await over.promise
  await app.abandon()
  return heard
}

test('an app that exits while the simulation runs is started again', async () => {
  assert.deepEqual((await heardOf('BySpatialSubdivision', false)).slice(0, 2), [
    'STARTING',
    'restarting',
  ])
})

test('an app that exits after the shutdown signal has not failed', async () => {
  for (const lifecycle of ['BySpatialSubdivision', 'ByRequest'] as const)
    assert.equal((await heardOf(lifecycle, true))[0], 'STOPPED')
})
