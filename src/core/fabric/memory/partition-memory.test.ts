import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PAGE_BYTES } from '../../../base/memory.ts'
import type { PartitionOwner } from '../owner/partition-owner.ts'
import { findInBox } from '../reader/box-query.ts'
import { smallSizes, type TestFabric, testFabric } from '../testing/test-fabric.ts'
import { columns, rowState } from './columns.ts'
import { controlRecord } from './control-records.ts'
import { controlLayout, partitionLayout } from './layout.ts'
import { partitionHeaderRecord } from './partition-records.ts'
import { PlaceList } from './place-list.ts'
import { kindBytes } from './placing.ts'

const roomy = {
  entityLimit: 100_000,
  messageLimit: 1000,
  messageBytesMax: 100,
  messageHeapBytes: 100_000,
}
/** With the file `wake`. */
const controlPages = controlLayout(smallSizes.partitionCapacity).bytes / PAGE_BYTES + 1
const perEntity = columns
  .filter(({ rows }) => rows === 'entity')
  .map(({ width, kind }) => width * kindBytes[kind])

function limitPages(world: TestFabric, pages: number): void {
  world.fabric.control.words[controlRecord.index.memoryPagesMax] = pages
}

/** Pages for so many rows of all columns, on both sides. */
function pagesFor(rows: number): number {
  return 2 * perEntity.reduce((sum, bytes) => sum + Math.ceil((rows * bytes) / PAGE_BYTES), 0)
}

test('what is claimed is what the entities need, an eighth more, and a page a column', () => {
  const world = testFabric({ columns: 1, sizes: roomy })
  const memory = world.fabric.partition(0)
  for (const rows of [300, 5000, 60_000]) {
    const before = memory.claimedPages
    assert.ok(memory.ensureRows(rows) && memory.ensureField(1, 12))
    const bytes = memory.claimedPages * PAGE_BYTES
    const needed = rows * 2 * (34 + 8 + 12)
    assert.ok(
      bytes >= needed && bytes < needed * 1.125 + 80 * PAGE_BYTES + 256 * 108,
      `${bytes} for ${needed}`,
    )
    assert.ok(memory.claimedPages > before)
  }
})

test('all partitions together keep the limit, and a claim that fits exactly succeeds', () => {
  const world = testFabric({ columns: 2, sizes: roomy })
  const { control } = world.fabric
  const [memory, other] = [0, 1].map((index) => world.fabric.partition(index))
  assert.ok(memory.ensureRows(1000))
  const claimed = memory.claimedPages
  const taken = controlPages + claimed + other.claimedPages
  const more = pagesFor(5000) - pagesFor(1280)
  limitPages(world, taken + more - 1)
  assert.equal(memory.ensureRows(5000), false)
  const mebibytes = (pages: number) => ((pages * PAGE_BYTES) / 1024 ** 2).toFixed(1)
  const said =
    `uses ${mebibytes(taken)} of the .* may have, and ` + `${mebibytes(more)} MiB more are wanted`
  assert.match(memory.refusal, new RegExp(said))
  assert.equal(memory.claimedPages, claimed)
  limitPages(world, taken + more)
  assert.ok(memory.ensureRows(5000))
  assert.equal(memory.claimedPages, claimed + more)
  assert.equal(other.ensureRows(1000), false, 'the limit is one for all, at once')
  assert.ok(other.ensureRows(256), 'what is claimed already can be used')
  world.tick()
  assert.equal(control.memoryPages, control.memoryPagesMax)
  world.fabric.removePartition(0)
  assert.ok(other.ensureRows(1000), 'a partition that is gone makes room')
})

test('a partition that says more than all memory counts for nothing, and no claim is', () => {
  const world = testFabric({ columns: 2, sizes: roomy })
  const [memory, other] = [0, 1].map((index) => world.fabric.partition(index))
  const { sizes } = world.fabric.control
  const { buffer, startBytes } = world.segments.open(`1-${other.epoch}/state`, {
    offsetBytes: 0,
    bytes: PAGE_BYTES,
  })
  const header = new Uint32Array(buffer, startBytes + partitionLayout(sizes).headerOffset)
  const at = partitionHeaderRecord.index.claimedPages
  assert.equal(header[at], other.claimedPages)
  header[at] = 0xffff_ffff
  assert.ok(memory.ensureRows(5000), memory.refusal)
  const claimed = memory.claimedPages
  // While a claim is refused that is more than all memory, others see none of it.
  const seen: number[] = []
  limitPages(world, claimed + controlPages + 10)
  Object.defineProperty(other, 'claimedPages', {
    get: () => {
      seen.push(memory.claimedPages)
      return 0
    },
  })
  assert.equal(memory.ensureRows(60_000), false)
  assert.ok(seen.length > 0)
  assert.deepEqual([...new Set(seen)], [claimed])
})

test('what a process said that died while it claimed is forgotten by the next one', () => {
  const world = testFabric({ columns: 2, sizes: roomy })
  const { control } = world.fabric
  world.tick()
  const before = control.memoryPages
  const memory = world.fabric.partition(0)
  const limit = control.memoryPagesMax
  limitPages(world, before + 1000)
  const claim = world.segments.open('0-1/state', { offsetBytes: 0, bytes: PAGE_BYTES })
  claim.claim = () => assert.fail('it dies')
  assert.throws(() => memory.ensureRows(5000), /it dies/)
  limitPages(world, limit)
  world.owners.clear()
  Object.assign(claim, { claim: () => true })
  world.tick()
  assert.equal(control.memoryPages, before)
})

test('a claim that the machine refuses in the middle leaves nothing claimed', () => {
  const world = testFabric({ columns: 1, sizes: roomy })
  const { control } = world.fabric
  const memory = world.fabric.partition(0)
  const before = control.memoryPages
  for (const claims of [0, 1, 5]) {
    world.segments.claimsLeft = claims
    assert.equal(memory.ensureRows(5000), false)
    assert.equal(memory.ensureField(1, 40), false)
    assert.equal(memory.ensureMessages(0, 2000, 0), false)
    assert.match(memory.refusal, /full/)
    assert.deepEqual([control.memoryPages, memory.claimedPages], [before, before - controlPages])
  }
})

/** Makes so many entities in one tick, each with a field that says its id, and sends messages. */
function peak(world: TestFabric, owner: PartitionOwner, count: number): void {
  for (let made = 0; made < count; made++) {
    const row = world.put(owner, 1 + (made % 80) / 10, 5)
    const bytes = new Uint8Array(new Float64Array([owner.back.id[row]]).buffer)
    assert.ok(owner.storeField(row, 1, 9, bytes))
  }
}

function checkWorld(world: TestFabric, wanted: readonly number[]): void {
  const { fabric } = world
  const memory = fabric.partition(0)
  const tick = fabric.control.committedTick
  const side = memory.side(tick)
  const field = memory.field(tick % 2, 1)!
  const ids: number[] = []
  for (let row = 0; row < side.rows; row++) {
    if (side.state[row] === rowState.free) continue
    ids.push(side.id[row])
    const start = row * field.stride
    assert.equal(new Float64Array(field.data.slice(start, start + 8).buffer)[0], side.id[row])
  }
  assert.deepEqual(ids, wanted)
  const found = new PlaceList()
  findInBox(fabric, memory, tick, { minX: 1, maxX: 8.95, minY: 4, maxY: 6 }, found)
  assert.equal(found.count, ids.length)
}

test('memory is given back after a peak, while entities, fields and the index stay', () => {
  const world = testFabric({ columns: 2, sizes: roomy })
  const { control } = world.fabric
  let survivors: number[] = []
  for (let round = 0; round < 3; round++) {
    world.tick((owner) => {
      if (owner.index !== 0) return
      peak(world, owner, 20_000)
      for (let count = 0; count < 900; count++)
        owner.send({ target: 1, payload: new Uint8Array(100) })
    })
    const atPeak = world.fabric.partition(0).claimedPages
    assert.ok(atPeak * PAGE_BYTES > 20_000 * 2 * (34 + 16))
    world.tick((owner) => {
      if (owner.index === 0) for (let row = 700; row < owner.rows; row++) owner.delete(row)
    })
    survivors = world.ids()[0]
    assert.equal(survivors.length, 700)
    for (let tick = 0; tick < 256; tick++) {
      world.tick((owner) => {
        if (owner.index !== 0) return
        owner.keepWholeIndex()
        owner.setPosition(tick, 2 + tick / 100, 5, 0)
        if (tick % 50 === 0) owner.moved(0, owner.rows)
      })
      checkWorld(world, survivors)
    }
    const { claimedPages } = world.fabric.partition(0)
    assert.ok(
      claimedPages * PAGE_BYTES < 1024 * 2 * (34 + 16 + 20) + 60 * PAGE_BYTES,
      `${claimedPages} of ${atPeak} pages`,
    )
    const others = controlPages + world.fabric.partition(1).claimedPages
    assert.equal(control.memoryPages, others + claimedPages)
  }
})

test('an owner that starts after the peak gives memory back as well', () => {
  const world = testFabric({ columns: 1, sizes: roomy })
  world.tick((owner) => peak(world, owner, 20_000))
  const atPeak = world.fabric.partition(0).claimedPages
  world.tick((owner) => {
    for (let row = 300; row < owner.rows; row++) owner.delete(row)
  })
  world.owners.clear()
  const survivors = world.ids()[0]
  for (let tick = 0; tick < 130; tick++) {
    world.tick()
    checkWorld(world, survivors)
  }
  assert.ok(world.fabric.partition(0).claimedPages < atPeak / 5)
})

test('a partition that fills and empties again and again within a window keeps its memory', () => {
  const world = testFabric({ columns: 1, sizes: roomy })
  const claimed = new Set<number>()
  for (let tick = 0; tick < 600; tick++) {
    world.tick((owner) => {
      if (tick % 50 === 0) peak(world, owner, 5000)
      if (tick % 50 === 20)
        for (let row = 10; row < owner.rows; row++) if (owner.back.state[row]) owner.delete(row)
    })
    if (tick > 50) claimed.add(world.fabric.partition(0).claimedPages)
  }
  assert.equal(claimed.size, 1)
})

test('an entity keeps its row, and the rows below it their memory, until it is gone', () => {
  const world = testFabric({ columns: 1, sizes: roomy })
  world.tick((owner) => peak(world, owner, 20_000))
  const atPeak = world.fabric.partition(0).claimedPages
  world.tick((owner) => {
    for (let row = 0; row < 19_999; row++) owner.delete(row)
  })
  for (let tick = 0; tick < 300; tick++) world.tick()
  assert.equal(world.fabric.partition(0).claimedPages, atPeak)
  world.tick((owner) => owner.delete(19_999))
  for (let tick = 0; tick < 300; tick++) world.tick()
  assert.ok(world.fabric.partition(0).claimedPages < atPeak / 10)
})
