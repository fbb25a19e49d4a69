// The bus over a unix socket, one JSON message a line.
// Owns sockets, their limits and their ends; never interprets a command or an event.
//
//   client → server      {"id":1,"request":…}
//   server → client      {"id":1,"answer":…}  or  {"id":1,"error":"…"}
//   server → all         {"event":…}

import { chmod, unlink } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import {
  type Bus,
  type BusClient,
  BusError,
  type BusHandlers,
  type BusServer,
  MESSAGE_BYTES_MAX,
} from './bus.ts'
import { LineDecoder } from './lines.ts'
import { PendingRequests } from './pending.ts'

/** A client with more unread bytes than this is disconnected. */
const BACKLOG_BYTES_MAX = 4 * MESSAGE_BYTES_MAX
/** Linux limits a socket's path to 108 bytes, including the final zero. */
export const SOCKET_PATH_BYTES_MAX = 107

/** Serves at `path` for this user alone. Replaces a socket file that a dead process left behind. */
async function serveBus<Command, Answer, Event>(
  path: string,
  handlers: BusHandlers<Command, Answer>,
): Promise<BusServer<Event>> {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) {
    throw new BusError(
      'Unreachable',
      `${path} is too long for a socket: at most ${SOCKET_PATH_BYTES_MAX} bytes`,
    )
  }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serveSocket(socket, handlers)
  })
  await listenOrReplace(server, path)
  // A connection that can't be accepted (no descriptors left) fails at the client; the others go
  // on.
  server.on('error', () => undefined)
  await chmod(path, 0o600)
  return {
    publish(event) {
      const line = encode({ event })
      for (const socket of sockets) send(socket, line)
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroySoon()
      await closed
    },
  }
}

/** Connects to the server at `path`. */
async function connectBus<Command, Answer, Event>(
  path: string,
): Promise<BusClient<Command, Answer, Event>> {
  const socket = await openSocket(path)
  const pending = new PendingRequests()
  let eventListener: ((event: Event) => void) | undefined
  let closeListener: (() => void) | undefined
  let closed = false
  readMessages(socket, (message) => {
    if ('event' in message) eventListener?.(message.event as Event)
    else if (typeof message.id !== 'number') throw new TypeError('an answer without a number')
    else if ('error' in message)
      pending.fail(message.id, new BusError('Failed', String(message.error)))
    else pending.settle(message.id, message.answer)
  })
  socket.on('close', () => {
    closed = true
    pending.failAll(`the connection to ${path} ended`)
    closeListener?.()
  })
  return {
    async request(command, timeoutMs) {
      if (closed) throw new BusError('Closed', `the connection to ${path} has ended`)
      const { id, answer } = pending.open(timeoutMs)
      try {
        send(socket, encode({ id, request: command }))
      } catch (error) {
        pending.fail(id, error as BusError)
      }
      return (await answer) as Answer
    },
    onEvent(listener) {
      eventListener = listener
    },
    onClose(listener) {
      closeListener = listener
      if (closed) listener()
    },
    async close() {
      if (closed) return
      const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      socket.destroy()
      await ended
    },
  }
}

export const unixBus: Bus = { serve: serveBus, connect: connectBus }

function serveSocket<Command, Answer>(
  socket: Socket,
  handlers: BusHandlers<Command, Answer>,
): void {
  readMessages(socket, (message) => {
    if (typeof message.id !== 'number' || !('request' in message))
      throw new TypeError('not a request')
    void answerRequest(socket, message.id, message.request as Command, handlers)
  })
}

async function answerRequest<Command, Answer>(
  socket: Socket,
  id: number,
  command: Command,
  handlers: BusHandlers<Command, Answer>,
): Promise<void> {
  let line: string
  try {
    line = encode({ id, answer: await handlers.onRequest(command) })
  } catch (error) {
    line = encode({ id, error: error instanceof Error ? error.message : String(error) })
  }
  send(socket, line)
}

/** Disconnects a peer that breaks the protocol: its further messages can't be trusted. */
function readMessages(socket: Socket, onMessage: (message: Record<string, unknown>) => void): void {
  const decoder = new LineDecoder(MESSAGE_BYTES_MAX)
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const line of decoder.push(chunk)) onMessage(parseMessage(line))
    } catch (error) {
      socket.destroy(error as Error)
    }
  })
  // 'close' always follows, and handles every end of a connection.
  socket.on('error', () => socket.destroy())
}

function parseMessage(line: string): Record<string, unknown> {
  const message: unknown = JSON.parse(line)
  if (typeof message !== 'object' || message === null) throw new TypeError('not a message')
  return message as Record<string, unknown>
}

function encode(message: object): string {
  const line = JSON.stringify(message)
  if (Buffer.byteLength(line) > MESSAGE_BYTES_MAX) {
    throw new BusError('TooLarge', `a message is larger than ${MESSAGE_BYTES_MAX} bytes`)
  }
  return `${line}\n`
}

function send(socket: Socket, line: string): void {
  if (!socket.writable) return
  if (socket.writableLength > BACKLOG_BYTES_MAX) socket.destroy()
  else socket.write(line)
}

async function listenOrReplace(server: Server, path: string): Promise<void> {
  try {
    await listen(server, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    if (await isServed(path))
      throw new BusError('InUse', `${path} is served by another process`, { cause: error })
    await unlink(path)
    await listen(server, path)
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function isServed(path: string): Promise<boolean> {
  try {
    const socket = await openSocket(path)
    socket.destroy()
    return true
  } catch {
    return false // refused: the file has no process behind it
  }
}

function openSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    const fail = (error: Error): void =>
      reject(new BusError('Unreachable', `nobody answers at ${path}`, { cause: error }))
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.off('error', fail)
      resolve(socket)
    })
  })
}
