// What an app writes over its own files after its commit ends no other program: its neighbours
// compute on, and the clock reads the side or names it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rowState } from '../memory/columns.ts'
import { messageLayout, partitionFile, partitionLayout } from '../memory/layout.ts'
import { readMessages } from '../memory/messages.ts'
import { Subscription } from '../reader/subscriptions.ts'
import { type TestFabric, testFabric } from '../testing/test-fabric.ts'
import { CopyRoom, copySides, doneAtOnce } from '../worker/side-columns.ts'
import { SideError } from '../worker/side-error.ts'
import { hashWorld } from '../worker/state.ts'
import { PartitionOwner } from './partition-owner.ts'

const SIZES = { entityLimit: 64, messageLimit: 16, messageHeapBytes: 256 }
const BOX = { minX: -1e9, minY: -1e9, maxX: 1e9, maxY: 1e9 }
const IN_PART = { minX: 9, minY: 1, maxX: 12, maxY: 4 }
const [SOURCE, NEIGHBOUR] = [1, 2]

class Seen extends Error {}

/** Calls `look` in a tick in which the neighbour will take things from the source. */
function inTheMidst(look: (world: TestFabric, tick: number) => void): void {
  const world = testFabric({ columns: 3, sizes: SIZES })
  const { memory } = populate(world)
  assert.ok(memory.side(1).get('handoffGroups') > 0)
  const looking = () =>
    world.tick((owner) => {
      if (owner.index !== SOURCE) return
      look(world, owner.tick)
      throw new Seen()
    })
  assert.throws(looking, Seen)
}

/** Entities with fields in each cell, of which some go on to the next cell, and messages. */
function populate(world: TestFabric): PartitionOwner {
  world.tick((owner) => {
    for (let made = 0; made < 6; made++) {
      const row = world.put(owner, owner.index * 10 + made, 1 + made)
      owner.storeField(row, 1 + (made % 3), 600, new Uint8Array(4 + made * 4).fill(made))
    }
    if (owner.index !== SOURCE) return
    for (const row of [0, 2, 4]) owner.setPosition(row, 25, 5, 0)
    const payload = new Uint8Array(8)
    for (let sent = 0; sent < 4; sent++) owner.send({ target: NEIGHBOUR, payload })
  })
  return world.owners.get(SOURCE)!
}

function wordsOf(world: TestFabric, file: 'state' | 'messages' | 'index', offsetBytes = 0) {
  const name = partitionFile(SOURCE, world.fabric.partition(SOURCE).epoch, file)
  const { buffer } = world.segments.open(name, { offsetBytes, bytes: 4 })
  return new Uint32Array(buffer)
}

/** All that a neighbour does in a tick. */
function computeNeighbour({ fabric }: TestFabric, tick: number): PartitionOwner {
  const owner = new PartitionOwner(fabric, NEIGHBOUR, { refusesOutside: true })
  owner.begin(tick)
  for (const box of [BOX, IN_PART]) {
    const subscription = new Subscription(fabric, { owner: NEIGHBOUR, domain: 0, box })
    const events = subscription.look(tick - 1)
    for (const { entity } of events) assert.equal(typeof entity.id, 'number')
    assert.ok(events.length <= fabric.control.sizes.entityLimit * 3)
    for (const { memory, places } of subscription.covered(tick - 1)) {
      const { rows } = memory.side(tick - 1)
      for (let place = 0; place < places.count; place++) assert.ok(places.rows[place] < rows)
      assert.ok(places.count <= SIZES.entityLimit * 3)
    }
  }
  let bytes = 0
  for (const { payload } of readMessages(fabric, NEIGHBOUR, tick - 1)) bytes += payload.length
  assert.ok(bytes <= SIZES.messageHeapBytes)
  owner.addedIds()
  owner.finish()
  return owner
}

function assertWhole({ back, rows, memory }: PartitionOwner): void {
  for (let row = 0; row < rows; row++) {
    if (back.state[row] === rowState.free) continue
    for (let field = 1; field <= 3; field++) {
      const view = memory.field(memory.sides.indexOf(back), field)
      if (view) assert.ok(view.length[row] >= 0 && view.length[row] <= view.stride + 1)
    }
  }
}

function readAsTheClock({ fabric }: TestFabric, tick: number): void {
  const readings = [
    () => hashWorld(fabric, tick),
    () => doneAtOnce(copySides(fabric, tick, new CopyRoom(new SharedArrayBuffer(0)))),
  ]
  for (const reading of readings) {
    try {
      reading()
    } catch (error) {
      assert.ok(error instanceof SideError && error.partition === SOURCE, String(error))
    }
  }
}

test('a neighbour takes in what it was granted, and keeps what it read', () => {
  inTheMidst((world, tick) => {
    const neighbour = computeNeighbour(world, tick)
    assert.equal(neighbour.population, 6 + 3)
    assertWhole(neighbour)
  })
})

test('nothing that an app writes over its files ends a neighbour or the clock', () => {
  const value = fc.oneof(fc.nat(40), fc.nat(0xffff_ffff), fc.constant(0xffff_ffff))
  const write = fc.record({ at: fc.nat(0xffff_ffff), value })
  const state = fc.array(write, { minLength: 1, maxLength: 400 })
  const messages = fc.array(write, { maxLength: 40 })
  fc.assert(
    fc.property(state, messages, fc.boolean(), (stateWrites, messageWrites, indexed) =>
      inTheMidst((world, tick) => {
        const layout = partitionLayout(world.fabric.control.sizes)
        const words = wordsOf(world, 'state')
        const used = layout.bytes / 4
        for (const { at, value } of stateWrites) words[at % used] = value
        const { bytes } = messageLayout(world.fabric.control.sizes)
        const messageWords = wordsOf(world, 'messages', ((tick - 1) % 2) * bytes)
        for (const { at, value } of messageWrites) messageWords[at % 32] = value
        if (indexed)
          world.fabric
            .partition(SOURCE)
            .side(tick - 1)
            .set('indexed', 1)
        assertWhole(computeNeighbour(world, tick))
        readAsTheClock(world, tick - 1)
      }),
    ),
    { numRuns: 300 },
  )
})
