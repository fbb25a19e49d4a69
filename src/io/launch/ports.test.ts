import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { test } from 'node:test'
import { PortReservations } from './ports.ts'

async function listen(host = '127.0.0.1'): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const { server, port } = await listen('0.0.0.0')
  server.close()
  await once(server, 'close')
  return port
}

/** Starts another process that reserves a port and keeps it. Resolves with the reserved port. */
async function reserveElsewhere(port: number): Promise<{ holder: ChildProcess; actual: number }> {
  const module = new URL('./ports.ts', import.meta.url).href
  const script = `import { PortReservations } from ${JSON.stringify(module)}
    const [{ actual }] = await new PortReservations().reserve([${port}])
    console.log(actual)
    setInterval(() => undefined, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [text] = await once(holder.stdout!, 'data')
  return { holder, actual: Number(text) }
}

test('a declared port that is free is the actual one, and can be bound', async () => {
  const port = await freePort()
  const ports = new PortReservations()
  assert.deepEqual(await ports.reserve([port]), [{ declared: port, actual: port }])
  const server = createServer().listen(port, '0.0.0.0')
  await once(server, 'listening')
  server.close()
  ports.releaseAll()
})

test('a port that is taken for TCP, on any address, is replaced by a free one', async () => {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const ports = new PortReservations()
    const { server, port } = await listen(host)
    const [{ declared, actual }] = await ports.reserve([port])
    assert.equal(declared, port)
    assert.notEqual(actual, port)
    const other = createServer().listen(actual, '0.0.0.0')
    await once(other, 'listening')
    other.close()
    server.close()
    ports.releaseAll()
  }
})

test('a port that is taken for UDP is replaced by a free one', async () => {
  const socket: Socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const ports = new PortReservations()
  const [{ actual }] = await ports.reserve([socket.address().port])
  assert.notEqual(actual, socket.address().port)
  socket.close()
  ports.releaseAll()
})

test('a reserved port is nobody else’s until it is released', async () => {
  const port = await freePort()
  const [first, second, third] = [
    new PortReservations(),
    new PortReservations(),
    new PortReservations(),
  ]
  const taken = [
    await first.reserve([port]),
    await second.reserve([port]),
    await third.reserve([port]),
  ]
  assert.equal(new Set(taken.map(([{ actual }]) => actual)).size, 3)
  // This one did not reserve the port and cannot release it.
  second.release([port])
  assert.notEqual((await third.reserve([port]))[0].actual, port)
  first.release([port])
  assert.equal((await third.reserve([port]))[0].actual, port)
  for (const ports of [first, second, third]) ports.releaseAll()
})

test('askers at the same time get different ports', async () => {
  const port = await freePort()
  const askers = Array.from({ length: 10 }, () => new PortReservations())
  const all = await Promise.all(askers.map((ports) => ports.reserve([port])))
  assert.equal(new Set(all.map(([{ actual }]) => actual)).size, 10)
  assert.ok(all.some(([{ actual }]) => actual === port))
  for (const ports of askers) ports.releaseAll()
})

test('a replacement never takes a port that is declared later, and the order stays', async () => {
  const ports = new PortReservations()
  const { server, port } = await listen()
  const [{ actual: stolen }] = await ports.reserve([port])
  ports.releaseAll()
  const mappings = await ports.reserve([port, stolen])
  assert.deepEqual(
    mappings.map(({ declared }) => declared),
    [port, stolen],
  )
  assert.equal(mappings[1].actual, stolen)
  assert.notEqual(mappings[0].actual, stolen)
  server.close()
  ports.releaseAll()
})

test('a reservation holds for the whole host until its holder is killed', async () => {
  const port = await freePort()
  const { holder, actual } = await reserveElsewhere(port)
  assert.equal(actual, port)
  const ports = new PortReservations()
  assert.notEqual((await ports.reserve([port]))[0].actual, port)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  assert.equal((await ports.reserve([port]))[0].actual, port)
  ports.releaseAll()
})

test('an app that returns gets its port back, and no port that others want', async () => {
  const declared = await freePort()
  const first = new PortReservations()
  const before = [...(await first.reserve([declared])), ...(await first.reserve([declared]))]
  const [mine, others] = before
  first.releaseAll()
  const ports = new PortReservations()
  const wanted = new Set(before.map(({ actual }) => actual))
  const [stranger] = await ports.reserve([declared], { wanted })
  assert.ok(!wanted.has(stranger.actual))
  assert.deepEqual(await ports.reserve([declared], { before: [others], wanted }), [others])
  assert.deepEqual(await ports.reserve([declared], { before: [mine], wanted }), [mine])
  const [late] = await ports.reserve([declared], { before: [mine], wanted })
  assert.ok(!wanted.has(late.actual), 'what was had and is taken is replaced by what nobody wants')
  ports.releaseAll()
})
