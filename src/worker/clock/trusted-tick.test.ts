import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ControlBlock } from '../../core/fabric/memory/control-block.ts'
import { controlRecord } from '../../core/fabric/memory/control-records.ts'
import { MemorySegments } from '../../io/shm/memory-segments.ts'
import { TrustedTick } from './trusted-tick.ts'

const SIZES = {
  partitionCapacity: 1,
  entityLimit: 1,
  fieldBytesMax: 1,
  messageLimit: 1,
  messageBytesMax: 1,
  messageHeapBytes: 1,
}

const { index } = controlRecord

const SCRIBBLES: readonly [what: string, scribble: (control: ControlBlock) => void][] = [
  ['magic', ({ words }) => words.fill(0, index.magic, index.magic + 1)],
  ['version', ({ words }) => words.fill(99, index.layoutVersion, index.layoutVersion + 1)],
  [
    'no tick',
    ({ floats }) => floats.fill(Number.NaN, index.committedTick, index.committedTick + 1),
  ],
  ['a half tick', ({ floats }) => floats.fill(45.5, index.committedTick, index.committedTick + 1)],
  ['an older tick', ({ floats }) => floats.fill(44, index.committedTick, index.committedTick + 1)],
  ['a later tick', ({ floats }) => floats.fill(1e9, index.committedTick, index.committedTick + 1)],
]

test('a tick is believed as long as it moves on in a control segment that is whole', () => {
  for (const [what, scribble] of SCRIBBLES) {
    const control = ControlBlock.create(new MemorySegments(), SIZES, {
      tickRate: 30,
      tick: 44,
    })
    const trusted = new TrustedTick(control)
    control.floats.fill(45, index.tick, index.tick + 1)
    control.floats.fill(45, index.committedTick, index.committedTick + 1)
    assert.equal(trusted.tick, 45)
    assert.equal(trusted.look(), undefined)
    scribble(control)
    assert.equal(trusted.tick, 45, what)
    assert.match(trusted.look() ?? '', /^the shared memory was written over by another program: /)
  }
})
