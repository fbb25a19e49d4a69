import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { after, before } from '../../base/testing/hooks.ts'
import { type Bus, BusError, MESSAGE_BYTES_MAX } from './bus.ts'
import { memoryBus } from './memory-bus.ts'
import { unixBus } from './unix-bus.ts'

const LIMIT_MS = 20_000
let folder = ''
let lastAddress = 0

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-bus-'))
})
after(async () => {
  await rm(folder, { recursive: true })
})

function newAddress(): string {
  lastAddress += 1
  return join(folder, `${lastAddress}.sock`)
}

function isFault(fault: string): (error: unknown) => boolean {
  return (error) => error instanceof BusError && error.fault === fault
}

/** Each implementation passes the same suite. */
const buses: [string, Bus][] = [
  ['a unix socket', unixBus],
  ['the memory of a process', memoryBus()],
]
for (const [name, bus] of buses) {
  describe(`the bus over ${name}`, () => {
    test('answers each of many concurrent requests with its own answer', async () => {
      const path = newAddress()
      const server = await bus.serve<{ n: number }, { n: number }, never>(path, {
        onRequest: async ({ n }) => {
          if (n % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
          return { n: n * 10 }
        },
      })
      const client = await bus.connect<{ n: number }, { n: number }, never>(path)
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) => client.request({ n: index }, LIMIT_MS)),
      )
      assert.deepEqual(
        answers.map((answer) => answer.n),
        Array.from({ length: 100 }, (_, index) => index * 10),
      )
      await client.close()
      await server.close()
    })

    test('gives every event to every listener, in order', async () => {
      const path = newAddress()
      const server = await bus.serve<string, string, number>(path, {
        onRequest: (command) => command,
      })
      const clients = await Promise.all([1, 2].map(() => bus.connect<string, string, number>(path)))
      const seen: number[][] = clients.map(() => [])
      const done = clients.map(
        (client, index) =>
          new Promise<void>((resolve) => {
            client.onEvent((event) => {
              seen[index]?.push(event)
              if (event === 20) resolve()
            })
          }),
      )
      await Promise.all(clients.map((client) => client.request('hello', LIMIT_MS)))
      for (let event = 1; event <= 20; event += 1) server.publish(event)
      await Promise.all(done)
      assert.deepEqual(seen[0], seen[1])
      assert.equal(seen[0]?.length, 20)
      await server.close()
    })

    test('carries the message of a failed request to the asker', async () => {
      const path = newAddress()
      const server = await bus.serve<string, string, never>(path, {
        onRequest: () => {
          throw new Error('the loom is broken')
        },
      })
      const client = await bus.connect<string, string, never>(path)
      await assert.rejects(client.request('x', LIMIT_MS), /the loom is broken/)
      await server.close()
    })

    test('a server that ends fails what waits and tells the listener', async () => {
      const path = newAddress()
      let asked: (() => void) | undefined
      const askedOnce = new Promise<void>((resolve) => {
        asked = resolve
      })
      const server = await bus.serve<string, string, never>(path, {
        onRequest: () => {
          asked?.()
          return new Promise<string>(() => undefined)
        },
      })
      const client = await bus.connect<string, string, never>(path)
      const closed = new Promise<void>((resolve) => client.onClose(resolve))
      const waiting = assert.rejects(client.request('x', LIMIT_MS), isFault('Closed'))
      await askedOnce
      await server.close()
      await waiting
      await closed
      await assert.rejects(client.request('x', LIMIT_MS), isFault('Closed'))
    })

    test('an answer that never comes is a Timeout, and the connection goes on', async () => {
      const path = newAddress()
      const server = await bus.serve<string, string, never>(path, {
        onRequest: (command) =>
          command === 'never' ? new Promise<string>(() => undefined) : command,
      })
      const client = await bus.connect<string, string, never>(path)
      await assert.rejects(client.request('never', 5), isFault('Timeout'))
      assert.equal(await client.request('ping', LIMIT_MS), 'ping')
      await client.close()
      await server.close()
    })

    test('one address has one server, and is free again after its end', async () => {
      const path = newAddress()
      const handlers = { onRequest: (command: string) => command }
      await assert.rejects(bus.connect(path), isFault('Unreachable'))
      const first = await bus.serve(path, handlers)
      await assert.rejects(bus.serve(path, handlers), isFault('InUse'))
      await first.close()
      const second = await bus.serve(path, handlers)
      await second.close()
    })

    test('a message that is too large is refused, and the next one passes', async () => {
      const path = newAddress()
      const server = await bus.serve<string, number, never>(path, {
        onRequest: (command) => command.length,
      })
      const client = await bus.connect<string, number, never>(path)
      await assert.rejects(
        client.request('x'.repeat(MESSAGE_BYTES_MAX), LIMIT_MS),
        isFault('TooLarge'),
      )
      assert.equal(await client.request('abc', LIMIT_MS), 3)
      await client.close()
      await server.close()
    })
  })
}

test('a request that comes in pieces, several in one piece, is answered', async () => {
  const path = newAddress()
  const server = await unixBus.serve<string, string, never>(path, {
    onRequest: (command) => command.toUpperCase(),
  })
  const socket = createConnection(path)
  let received = ''
  const both = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      received += chunk.toString('utf8')
      if (received.split('\n').length === 3) resolve()
    })
  })
  socket.setNoDelay(true)
  const bytes = Buffer.from('{"id":1,"request":"é"}\n{"id":2,"request":"b"}\n')
  for (const byte of bytes.subarray(0, 21)) {
    await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve))
  }
  socket.write(bytes.subarray(21))
  await both
  assert.equal(received, '{"id":1,"answer":"É"}\n{"id":2,"answer":"B"}\n')
  socket.destroy()
  await server.close()
})

test('a peer that sends nonsense or an endless line is disconnected', async () => {
  const path = newAddress()
  const server = await unixBus.serve<string, string, never>(path, {
    onRequest: (command) => command,
  })
  const other = await unixBus.connect<string, string, never>(path)
  for (const sent of [
    'nonsense\n',
    '7\n',
    '{"request":1}\n',
    Buffer.alloc(MESSAGE_BYTES_MAX + 1, 'x'),
  ]) {
    const socket = createConnection(path)
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    socket.on('error', () => undefined)
    socket.resume()
    socket.write(sent)
    await closed
  }
  assert.equal(await other.request('still', LIMIT_MS), 'still')
  await other.close()
  await server.close()
})

test('a socket file left by a dead process is replaced', async () => {
  const path = newAddress()
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(path, resolve))
  // Closing by the handle leaves the file, as a killed process does.
  const { link, rename } = await import('node:fs/promises')
  await link(path, `${path}.kept`)
  await new Promise<void>((resolve) => dead.close(() => resolve()))
  await rename(`${path}.kept`, path)
  const server = await unixBus.serve<string, string, never>(path, {
    onRequest: (command) => command,
  })
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  const client = await unixBus.connect<string, string, never>(path)
  assert.equal(await client.request('x', LIMIT_MS), 'x')
  await client.close()
  await server.close()
})
