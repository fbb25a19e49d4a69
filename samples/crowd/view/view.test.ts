import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { LockstepWorld, SPATIAL_DOMAIN } from '../../../sdk/typescript/src/testing/lockstep.ts'
import { frames } from '../frames.ts'
import { drawCells, drawMap, Rates } from '../map.ts'
import { CrowdCell } from '../spatial/crowd.ts'
import { Audience } from './audience.ts'
import { decodeFrame, encodeFrame, type Frame, FrameSplitter, withLength } from './frame.ts'
import { View } from './view.ts'

const bounds = { minX: -60, maxX: 60, minY: -60, maxY: 60 }
const CELLS = 4

function watchedCrowd(every = 1) {
  const world = new LockstepWorld({ columns: 2, rows: 2, bounds, customApps: ['view'] })
  const crowd = world.applications
    .slice(0, CELLS)
    .map((application) => new CrowdCell(application, { seed: 3, people: 300 }))
  const view = new View(world.applications[CELLS], { domain: SPATIAL_DOMAIN, every })
  let newest: Frame | undefined
  return {
    world,
    tick(): Frame | undefined {
      newest = undefined
      world.tick(...crowd.map((cell) => cell.update.bind(cell)), (transaction) => {
        newest = view.look(transaction)
      })
      return newest
    },
  }
}

test('the view sees all people as of the last tick, and counts changes of cells', () => {
  const { world, tick } = watchedCrowd()
  let granted = 0
  for (let count = 0; count < 400; count++) {
    const frame = tick()!
    assert.equal(frame.tick, count)
    assert.equal(frame.ids.length, count < 1 ? 0 : 300)
    assert.equal(frame.handoffs, granted)
    granted += world.handoffs.granted
    // A person who leaves at the end of this tick appears in the next one, in the new cell.
    const sum = frame.cells.reduce((one, other) => one + other, 0)
    assert.equal(sum, frame.ids.length)
  }
  assert.ok(granted > 50, `${granted} handoffs`)
  const populations = world.applications.map(
    (application) => application.runtimeMetrics().activeEntity,
  )
  assert.equal(
    populations.reduce((one, other) => one + other),
    300,
  )
})

test('a view that looks at every third tick sees the same crowd', () => {
  const often = watchedCrowd(1)
  const seldom = watchedCrowd(3)
  for (let count = 0; count < 31; count++) {
    const each = often.tick()!
    const third = seldom.tick()
    assert.equal(third !== undefined, count % 3 === 0)
    if (third) assert.deepEqual([...third.places].sort(), [...each.places].sort())
  }
})

test('a deleted entity is gone from the frame', () => {
  const world = new LockstepWorld({ bounds, customApps: ['view'] })
  const view = new View(world.applications[2], { domain: SPATIAL_DOMAIN, every: 1 })
  const people: number[] = []
  for (let tick = 0; tick < 4; tick++)
    world.tick(
      (transaction) => {
        if (tick === 0) transaction.createEntity(512, [-10, 0, 0])
        if (tick === 0) transaction.createEntity(512, [-20, 0, 0])
        if (tick === 1) transaction.deleteEntity([...transaction.ownedEntities()][0])
      },
      () => undefined,
      (transaction) => {
        people.push(view.look(transaction)!.ids.length)
      },
    )
  assert.deepEqual(people, [0, 2, 1, 1])
})

const frame: Frame = {
  tick: 2 ** 40,
  columns: 2,
  rows: 1,
  handoffs: 12,
  world: bounds,
  ids: new Float64Array([2 ** 32, 2 ** 33 + 1]),
  cells: new Uint32Array([2, 0]),
  places: new Uint16Array([0, 65535, 30000, 10]),
}

test('a frame survives encoding and decoding, and other bytes are rejected', () => {
  const bytes = encodeFrame(frame)
  assert.deepEqual(decodeFrame(bytes), frame)
  assert.throws(() => decodeFrame(bytes.subarray(1)), /no frame/)
  assert.throws(() => decodeFrame(bytes.subarray(0, 60)), /does not have 60 bytes/)
})

test('a stream is cut into frames wherever its chunks end', () => {
  const stream = Buffer.concat([withLength(encodeFrame(frame)), withLength(encodeFrame(frame))])
  for (const size of [1, 3, 50, 1000]) {
    const splitter = new FrameSplitter()
    const found: Frame[] = []
    for (let at = 0; at < stream.length; at += size)
      found.push(...splitter.push(stream.subarray(at, at + size)).map(decodeFrame))
    assert.deepEqual(found, [frame, frame])
  }
})

test('clients over TCP and over WebSocket get the same frames, and end with the view', async () => {
  const audience = await Audience.listen({ tcp: 0, web: 0 })
  const sending = setInterval(() => audience.send(encodeFrame(frame)), 5)
  try {
    for (const [transport, port] of [
      ['tcp', audience.ports.tcp],
      ['websocket', audience.ports.web],
    ] as const) {
      let received = 0
      for await (const found of frames({ host: '127.0.0.1', port, transport })) {
        assert.deepEqual(found, frame)
        if (++received === 3) break
      }
    }
    const rest = frames({ host: '127.0.0.1', port: audience.ports.tcp, transport: 'tcp' })
    await rest.next()
    audience.close()
    let ended = await rest.next()
    while (!ended.done) ended = await rest.next()
  } finally {
    clearInterval(sending)
    audience.close()
  }
})

test('a client that does not read misses frames, and costs no memory', async () => {
  const audience = await Audience.listen({ tcp: 0, web: 0 })
  const socket = connect(audience.ports.tcp, '127.0.0.1')
  try {
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.pause()
    while (audience.size === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const big = new Uint8Array(1 << 20)
    const before = process.memoryUsage().arrayBuffers
    for (let count = 0; count < 200; count++) {
      audience.send(big)
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 100 * 2 ** 20)
  } finally {
    socket.destroy()
    audience.close()
  }
})

test('the map is darkest where most people are', () => {
  const crowded = {
    ...frame,
    ids: new Float64Array(3),
    places: new Uint16Array([0, 0, 0, 0, 65535, 65535]),
  }
  assert.deepEqual(drawMap(crowded, 2, 2), [' +', '@ '])
  assert.deepEqual(drawCells(frame), ['     2     0'])
})

test('rates are counted over the time that passed', () => {
  const rates = new Rates()
  rates.add({ ...frame, tick: 10, handoffs: 5 }, 0)
  rates.add({ ...frame, tick: 40, handoffs: 65 }, 1000)
  assert.deepEqual([rates.ticks, rates.handoffs], [30, 60])
})
