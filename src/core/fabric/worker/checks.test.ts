import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Segment } from '../../../base/memory.ts'
import { ClockMachine } from '../../tick/clock-machine.ts'
import { rowState } from '../memory/columns.ts'
import type { Fabric } from '../memory/fabric.ts'
import { partitionFile, partitionLayout } from '../memory/layout.ts'
import type { PartitionMemory } from '../memory/partition-memory.ts'
import { partitionHeaderRecord } from '../memory/partition-records.ts'
import type { Side } from '../memory/side.ts'
import { PartitionOwner } from '../owner/partition-owner.ts'
import { type HeapSegments, testFabric } from '../testing/test-fabric.ts'
import { type ClockReport, ClockWork } from './clock-work.ts'

/** A world under the product's clock. A partition's app can write anything before it commits. */
function openWorld() {
  const world = testFabric({ columns: 3, makers: 1, sizes: { entityLimit: 64 } })
  const { fabric } = world
  // What was asked of the fabric's own clock is over: this one goes on from there.
  const reports: ClockReport[] = []
  const machine = new ClockMachine({
    partitionCapacity: fabric.control.sizes.partitionCapacity,
    partitions: fabric.partitions(),
    committedTick: 0,
    tickRate: 0,
  })
  const work = new ClockWork(machine, fabric, { report: (report) => reports.push(report) })
  for (const partition of fabric.partitions()) machine.obey({ kind: 'join', partition }, 0)
  const owners = new Map<number, PartitionOwner>()
  return {
    ...world,
    reports,
    machine,
    work,
    owners,
    release() {
      machine.obey({ kind: 'start' }, 0)
      work.goOn(0)
      machine.obey({ kind: 'stop' }, 0)
    },
    compute(partition: number, wrong?: () => void) {
      const owner = owners.get(partition) ?? new PartitionOwner(fabric, partition)
      owners.set(partition, owner)
      owner.begin(fabric.control.tick)
      const { tick } = owner
      if (tick === 1) for (let made = 0; made < 6; made++) world.put(owner, partition * 10 + 1, 5)
      // Some go to and fro, and messages with them.
      if (owner.rows > 0 && owner.back.state[tick % owner.rows] !== rowState.free)
        owner.setPosition(tick % owner.rows, ((partition + tick) % 3) * 10 + 2, 5, 0)
      if (tick === 1 && owner.rows > 0) owner.storeField(0, 1, 9, new Uint8Array(8).fill(tick))
      owner.send({ target: (partition + 1) % 4, payload: new Uint8Array(5) })
      owner.finish()
      wrong?.()
      fabric.commits.commit(partition)
    },
    /** The app's process was ended, and another one is launched. */
    relaunch(partition: number) {
      fabric.commits.readmit(partition)
      const { control } = fabric
      control.setPartitionWord(
        partition,
        'incarnation',
        control.partitionWord(partition, 'incarnation') + 1,
      )
      owners.delete(partition)
    },
  }
}

type Wrong = (side: Side, memory: PartitionMemory, fabric: Fabric) => void

/** Writes over a number of what partition 0 has claimed. */
function claim(name: keyof typeof partitionHeaderRecord.index, value: number): Wrong {
  return (_side, _memory, { segments, control }) => {
    const { headerOffset, bytes } = partitionLayout(control.sizes)
    const { buffer } = segments.open(partitionFile(0, 1, 'state'), { offsetBytes: 0, bytes }, true)
    new Uint32Array(buffer, headerOffset)[partitionHeaderRecord.index[name]] = value
  }
}

const wrongs: Record<string, Wrong> = {
  claimedRows: claim('claimedRows', 0xa7a7_a7a7),
  claimedPages: claim('claimedPages', 1),
  claimedShapes: claim('claimedShapes', 65),
  tick: (side) => side.setFloat('tick', 99),
  everyRowChanged: (side) => side.setFloat('everyRowChanged', Number.NaN),
  interestsTick: (_, { app }) => app.setTick('interestsTick', 7777),
  fieldsTick: (_, { app }) => app.setTick('fieldsTick', Number.POSITIVE_INFINITY),
  rows: (side) => side.set('rows', 4_000_000_000),
  nextRow: (side) => side.set('nextRow', 65),
  population: (side) => side.set('population', side.rows + 1),
  capacity: (side) => side.set('capacity', 65),
  strays: (side) => side.set('strays', 2),
  interests: (side) => side.set('interests', 17),
  idLane: (side) => side.setFloat('idLane', 2),
  idCounter: (side) => side.setFloat('idCounter', 1),
  'fieldStride of field 1': (side) => side.setFieldStride(1, 4096),
  indexed: (side) => side.set('indexed', 2),
  indexBins: (side) => {
    side.set('indexed', 1)
    side.set('indexBins', 1000)
  },
  handoffGroups: (side) => side.set('handoffGroups', 4_000_000_000),
  incomingGroups: (side) => side.set('incomingGroups', 1),
  'handoffTarget of group 0': (side) => side.handoffTarget.set([900], 0),
  'handoffStart of group 0': (side) => side.handoffStart.set([3], 0),
  'handoffCount of group 0': (side) => side.handoffCount.set([5000], 0),
  'leavingRow 0': (side) => side.leavingRow.set([60], 0),
  'leavingRow 1': (side) => {
    side.handoffCount[0] = 2
    side.leavingRow[1] = side.leavingRow[0]
  },
  messages: (side) => side.set('messages', 100),
  messageGroups: (side) => side.set('messageGroups', 5000),
  'messageTarget of group 0': (side) => side.messageTarget.set([0], 0),
  'messageStart of group 0': (side) => side.messageStart.set([1], 0),
  messageCount: (side) => side.messageCount.set([2], 0),
  'bytes of message 0': (_, memory, { control }) =>
    memory.messages(control.tick % 2).bytes.set([33], 0),
  'start of message 0': (_, memory, { control }) =>
    memory.messages(control.tick % 2).start.set([4000], 0),
}

for (const [number, makeWrong] of Object.entries(wrongs))
  test(`a wrong ${number} fails its app, and the next process computes the tick again`, () => {
    const world = openWorld()
    const { fabric, reports } = world
    for (let tick = 1; tick <= 4; tick++) {
      world.release()
      for (const partition of [1, 2, 3]) world.compute(partition)
      const memory = fabric.partition(0)
      const isWrong = tick === 2
      world.compute(0, () => isWrong && makeWrong(memory.side(tick), memory, fabric))
      world.work.goOn(0)
      if (!isWrong) continue
      assert.equal(fabric.control.committedTick, tick - 1)
      const refusals = reports.filter(({ kind }) => kind === 'refused')
      assert.equal(refusals.length, 1)
      const [refusal] = refusals as Extract<ClockReport, { kind: 'refused' }>[]
      assert.deepEqual([refusal.partition, refusal.tick, refusal.incarnation], [0, tick, 0])
      assert.ok(refusal.fault.startsWith(`${number} is `), refusal.fault)
      world.relaunch(0)
      world.compute(0)
      world.work.goOn(0)
    }
    assert.equal(fabric.control.committedTick, 4)
    const ids = Object.values(world.ids()).flat()
    assert.equal(new Set(ids).size, 24)
    assert.equal(ids.length, 24)
  })

test('a wrong claim that nothing else shows is found when its partition has its turn', () => {
  const world = testFabric({ columns: 5 })
  const { fabric } = world
  const tick = (wrong?: Wrong) =>
    world.tick(({ index, back, memory }) => {
      if (index === 0) wrong?.(back, memory, fabric)
    })
  for (let quiet = 1; quiet <= 6; quiet++) tick()
  const ticks = () => {
    for (let turn = 1; turn <= 5; turn++) tick(claim('claimedShapes', 65))
  }
  assert.throws(ticks, /partition 0 is refused: claimedShapes is 65/)
})

test('a partition whose app is gone after a wrong commit is computed by the clock', () => {
  const world = openWorld()
  const { fabric, machine, reports } = world
  world.release()
  for (const partition of [0, 1, 2, 3]) world.compute(partition)
  world.work.goOn(0)
  world.release()
  for (const partition of [1, 2, 3]) world.compute(partition)
  world.compute(0, () => fabric.partition(0).side(2).set('rows', 1000))
  // It is gone before the barrier looks.
  machine.obey({ kind: 'leave', partition: 0 }, 0)
  world.work.goOn(0)
  assert.equal(fabric.control.committedTick, 2)
  assert.deepEqual(
    reports.filter(({ kind }) => kind === 'refused' || kind === 'damaged'),
    [],
  )
  assert.equal(new Set(Object.values(world.ids()).flat()).size, 24)
})

test('who waits for a copy of what an app has written over hears that there is none', () => {
  const world = openWorld()
  const { fabric, machine, reports } = world
  world.release()
  for (const partition of [0, 1, 2, 3]) world.compute(partition)
  world.work.goOn(0)
  fabric.partition(0).side(1).set('rows', 60)
  fabric.partition(0).side(1).setFieldStride(1, 4096)
  machine.obey({ kind: 'copyState', request: 5, room: new SharedArrayBuffer(0) }, 0)
  world.work.goOn(0)
  const [damaged, notCopied] = reports.slice(-2)
  assert.ok(damaged.kind === 'damaged' && damaged.partition === 0, JSON.stringify(damaged))
  assert.ok(notCopied.kind === 'notCopied' && notCopied.request === 5, JSON.stringify(notCopied))
  assert.match(notCopied.error, /tick 1 can't be copied/)
})

test('whatever an app writes over its partition, no other app and no clock fails', () => {
  const words = fc.oneof(fc.nat(4), fc.nat(100), fc.nat(0xffff_ffff), fc.constant(0xffff_ffff))
  const scribbles = fc.array(fc.record({ at: fc.nat(), word: words }), {
    minLength: 1,
    maxLength: 40,
  })
  const places = fc.constantFrom('head', 'columns', 'messages', 'fields')
  fc.assert(
    fc.property(
      scribbles,
      places,
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      (writes, place, wrongTick, leaves) => {
        const world = openWorld()
        const { fabric, machine, reports } = world
        const { control } = fabric
        const scribble = () => {
          const words = wordsOf(world.segments, fabric, place)
          for (const { at, word } of writes) words[at % words.length] = word
        }
        let isGone = false
        for (let tick = 1; tick <= 7 && control.committedTick === tick - 1; tick++) {
          world.release()
          for (const partition of [1, 2, 3]) world.compute(partition)
          for (let attempt = 0; attempt < 3 && !isGone && fabric.commits.isPending(0); attempt++) {
            try {
              world.compute(0, () => tick === wrongTick && attempt === 0 && scribble())
            } catch {
              // From what it wrote over, its own processes can't go on, either.
            }
            world.work.goOn(0)
            if (control.committedTick < tick) world.relaunch(0)
          }
          if (control.committedTick < tick && !isGone && leaves) {
            isGone = true
            machine.obey({ kind: 'leave', partition: 0 }, 0)
          }
          world.work.goOn(0)
        }
        const blamed = reports.filter(
          (report) => report.kind === 'refused' || report.kind === 'damaged',
        )
        assert.ok(control.committedTick === 7 || blamed.length > 0 || !leaves)
        for (const { partition } of blamed) assert.equal(partition, 0)
        // The clock can do all else that it does with it.
        machine.obey({ kind: 'copyState', request: 1, room: new SharedArrayBuffer(0) }, 0)
        world.work.goOn(0)
      },
    ),
    { numRuns: 400 },
  )
})

/** A part of the memory of partition 0 that is claimed. */
function wordsOf(
  segments: HeapSegments,
  fabric: Fabric,
  place: 'head' | 'columns' | 'messages' | 'fields',
): Uint32Array {
  const { sizes } = fabric.control
  const { headBytes, bytes } = partitionLayout(sizes)
  const open = (file: 'state' | 'messages' | 'fields', length: number): Segment =>
    segments.open(partitionFile(0, 1, file), { offsetBytes: 0, bytes: length })
  if (place === 'head') return new Uint32Array(open('state', bytes).buffer, 0, headBytes / 4)
  if (place === 'columns')
    return new Uint32Array(open('state', bytes).buffer, headBytes, (bytes - headBytes) / 4)
  return new Uint32Array(open(place, 4096).buffer, 0, 1024)
}
