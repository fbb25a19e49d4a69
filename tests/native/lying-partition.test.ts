// A partition that says it has claimed more than all memory counts for nothing, for the owners of
// both SDKs.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PAGE_BYTES } from '../../src/base/memory.ts'
import { ControlBlock } from '../../src/core/fabric/memory/control-block.ts'
import { Fabric } from '../../src/core/fabric/memory/fabric.ts'
import { partitionLayout } from '../../src/core/fabric/memory/layout.ts'
import { partitionHeaderRecord } from '../../src/core/fabric/memory/partition-records.ts'
import { smallSizes, testFabric } from '../../src/core/fabric/testing/test-fabric.ts'
import { type Parts, realParts } from '../simulator/parts.ts'
import { missingLibrary } from './library.ts'

const ENTITIES = 5000
const sizes = { ...smallSizes, entityLimit: ENTITIES }

/** Creates entities beside a partition that says `pages`; returns how many there was room for. */
function createdBeside(pages: number, { Segments, Owner }: Parts): number {
  const { world } = testFabric({ columns: 2, sizes }).fabric
  const segments = new Segments({ headroomBytes: 1 << 20 })
  try {
    const control = ControlBlock.create(segments, sizes, { tickRate: 0, tick: 0 })
    const fabric = new Fabric(segments, control, world, () => true)
    for (const cell of [0, 1]) fabric.addPartition({ domain: 0, cell, name: `ground-${cell}` })
    const { epoch } = fabric.partition(1)
    const state = segments.open(`1-${epoch}/state`, { offsetBytes: 0, bytes: PAGE_BYTES }, true)
    const { headerOffset } = partitionLayout(sizes)
    const header = new Uint32Array(state.buffer, state.startBytes + headerOffset)
    header[partitionHeaderRecord.index.claimedPages] = pages
    const owner = new Owner(fabric, 0, {})
    owner.begin(1)
    let made = 0
    while (made < ENTITIES && owner.create(512) >= 0) made++
    return made
  } finally {
    segments.release()
  }
}

test('a partition that says more than all memory counts for nothing, in both SDKs', {
  skip: missingLibrary(),
}, async () => {
  const { nativeParts } = await import('./native-parts.ts')
  const most = 0x7fff_ffff
  for (const parts of [realParts, nativeParts]) {
    assert.equal(createdBeside(0xffff_ffff, parts), ENTITIES)
    assert.ok(createdBeside(most, parts) < ENTITIES, 'what could be so is believed')
  }
})
