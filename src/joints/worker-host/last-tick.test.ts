import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ControlBlock } from '../../core/fabric/memory/control-block.ts'
import { controlRecord } from '../../core/fabric/memory/control-records.ts'
import { emptyStatus } from '../../core/lifecycle/simulation.ts'
import { TICK_FILE } from '../../core/wire/places.ts'
import { MemorySegments } from '../../io/shm/memory-segments.ts'
import { lastTick } from './last-tick.ts'

test('the tick of a lost worker comes from its memory, its note, or its last status', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-tick-'))
  try {
    const places = { fabricFolder: join(folder, 'fabric'), runFolder: join(folder, 'run') }
    const told = { ...emptyStatus('id'), tick: 7 }
    assert.equal(lastTick(places, 'id', undefined), 0)
    assert.equal(lastTick(places, 'id', told), 7)
    await mkdir(places.runFolder)
    await writeFile(join(places.runFolder, TICK_FILE), '41')
    assert.equal(lastTick(places, 'id', told), 41)
    // Cut short, as after a power failure.
    await writeFile(join(places.runFolder, TICK_FILE), '')
    assert.equal(lastTick(places, 'id', told), 7)
    await mkdir(join(places.fabricFolder, 'id'), { recursive: true })
    const control = join(places.fabricFolder, 'id', 'control')
    await writeFile(control, Buffer.alloc(controlRecord.bytes))
    assert.equal(lastTick(places, 'id', told), 7, 'memory that was not set up says nothing')
    await writeFile(control, controlAt(45))
    assert.equal(lastTick(places, 'id', told), 45)
  } finally {
    await rm(folder, { recursive: true })
  }
})

function controlAt(tick: number): Uint8Array {
  const sizes = {
    partitionCapacity: 1,
    entityLimit: 1,
    fieldBytesMax: 1,
    messageLimit: 1,
    messageBytesMax: 1,
    messageHeapBytes: 1,
  }
  const { segment } = ControlBlock.create(new MemorySegments(), sizes, { tickRate: 30, tick })
  return new Uint8Array(segment.buffer, segment.startBytes, controlRecord.bytes)
}
