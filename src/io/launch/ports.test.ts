import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { releasePorts, reservePorts, sweepPorts } from './ports.ts'
import { startTimeOf } from './proc.ts'

let root: string
let counter = 0

before(() => {
  root = mkdtempSync(join(tmpdir(), 'heddle-ports-'))
})
after(() => rmSync(root, { recursive: true }))

function newFolder(): string {
  return join(root, String(counter++))
}

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

test('a declared port that is free is the actual one, and can be bound', async () => {
  const folder = newFolder()
  const port = await freePort()
  assert.deepEqual(await reservePorts([port], { folder }), [{ declared: port, actual: port }])
  const server = createServer().listen(port, '0.0.0.0')
  await once(server, 'listening')
  server.close()
})

test('a port that is taken for TCP, on any address, is replaced by a free one', async () => {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const folder = newFolder()
    const { server, port } = await listen(host)
    const [{ declared, actual }] = await reservePorts([port], { folder })
    assert.equal(declared, port)
    assert.notEqual(actual, port)
    assert.deepEqual(readdirSync(folder), [String(actual)])
    const other = createServer().listen(actual, '0.0.0.0')
    await once(other, 'listening')
    other.close()
    server.close()
  }
})

test('a port that is taken for UDP is replaced by a free one', async () => {
  const socket: Socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  const [{ actual }] = await reservePorts([port], { folder: newFolder() })
  assert.notEqual(actual, port)
  socket.close()
})

test('a reserved port is nobody else’s until it is released', async () => {
  const folder = newFolder()
  const port = await freePort()
  const [first] = await reservePorts([port], { folder })
  const [second] = await reservePorts([port], { folder })
  const [third] = await reservePorts([port], { folder })
  assert.equal(new Set([first.actual, second.actual, third.actual]).size, 3)
  releasePorts([port], { folder })
  assert.equal((await reservePorts([port], { folder }))[0].actual, port)
})

test('askers at the same time get different ports', async () => {
  const folder = newFolder()
  const port = await freePort()
  const all = await Promise.all(Array.from({ length: 10 }, () => reservePorts([port], { folder })))
  assert.equal(new Set(all.map(([{ actual }]) => actual)).size, 10)
  assert.ok(all.some(([{ actual }]) => actual === port))
})

test('another port never takes what the same call declares later, and the order stays', async () => {
  const folder = newFolder()
  const { server, port } = await listen()
  const [{ actual: stolen }] = await reservePorts([port], { folder })
  releasePorts([stolen], { folder })
  const mappings = await reservePorts([port, stolen], { folder })
  assert.deepEqual(
    mappings.map(({ declared }) => declared),
    [port, stolen],
  )
  assert.equal(mappings[1].actual, stolen)
  assert.notEqual(mappings[0].actual, stolen)
  server.close()
})

test('the ports of an owner that has ended are free again, also if its number was given to another process', async () => {
  const folder = newFolder()
  const port = await freePort()
  const owner = spawn('sleep', ['1000'], { stdio: 'ignore' })
  await once(owner, 'spawn')
  await reservePorts([port], { folder, ownerPid: owner.pid })
  assert.notEqual((await reservePorts([port], { folder }))[0].actual, port)
  // Not ours to release.
  releasePorts([port], { folder })
  assert.notEqual((await reservePorts([port], { folder }))[0].actual, port)
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  assert.equal((await reservePorts([port], { folder }))[0].actual, port)

  const other = await freePort()
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, String(other)), `${process.pid} ${startTimeOf(process.pid)! - 1}`)
  assert.equal((await reservePorts([other], { folder }))[0].actual, other)
})

test('a take-over that was cut short keeps nobody from the port for long', async () => {
  const folder = newFolder()
  const port = await freePort()
  await reservePorts([port], { folder })
  for (const name of [String(port), `${port}.takeover`]) writeFileSync(join(folder, name), '999999999 1')
  assert.notEqual((await reservePorts([port], { folder }))[0].actual, port)
  assert.equal((await reservePorts([port], { folder }))[0].actual, port)
})

test('releasing leaves nothing behind, and what is reserved meanwhile stays', async () => {
  const folder = newFolder()
  const { server, port } = await listen()
  const mappings = await reservePorts([port, await freePort()], { folder })
  releasePorts([mappings[0].actual], { folder })
  assert.deepEqual(readdirSync(folder), [String(mappings[1].actual)])
  releasePorts([mappings[1].actual], { folder })
  assert.ok(!existsSync(folder))
  releasePorts([1, 2], { folder })
  server.close()
})

test('a sweep removes what ended owners left, and nothing else', async () => {
  const folder = newFolder()
  const [{ actual }] = await reservePorts([await freePort()], { folder })
  for (const name of ['2000', '2001', '2001.takeover', '2002.takeover', 'draft-999999999-2003'])
    writeFileSync(join(folder, name), '999999999 1')
  sweepPorts(folder)
  sweepPorts(folder)
  assert.deepEqual(readdirSync(folder), [String(actual)])
  releasePorts([actual], { folder })
  assert.ok(!existsSync(folder))
  sweepPorts(folder)
})

test('ports can be reserved and released again and again by several processes at once', async () => {
  const folder = newFolder()
  const port = await freePort()
  const module = new URL('./ports.ts', import.meta.url).href
  const script = `import { reservePorts, releasePorts } from ${JSON.stringify(module)}
    for (let round = 0; round < 20; round++) {
      const [{ actual }] = await reservePorts([${port}], { folder: ${JSON.stringify(folder)} })
      releasePorts([actual], { folder: ${JSON.stringify(folder)} })
    }`
  const codes = await Promise.all(
    [1, 2, 3].map(
      async () =>
        (await once(spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }), 'exit'))[0],
    ),
  )
  assert.deepEqual(codes, [0, 0, 0])
  sweepPorts(folder)
  assert.ok(!existsSync(folder))
})
