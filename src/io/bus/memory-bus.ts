// The bus inside one process, for tests and for worlds that have no files.
// Owns the addresses of one such bus. Messages are copied as JSON, as they are on a socket.

import { type Bus, type BusClient, BusError, type BusHandlers, MESSAGE_BYTES_MAX } from './bus.ts'
import { PendingRequests } from './pending.ts'

interface Listener {
  receive(event: string): void
  cut(): void
}

interface Server {
  handlers: BusHandlers<unknown, unknown>
  listeners: Set<Listener>
}

export function memoryBus(): Bus {
  const servers = new Map<string, Server>()
  return {
    async serve(path, handlers) {
      if (servers.has(path)) throw new BusError('InUse', `${path} is served already`)
      const server: Server = { handlers: handlers as Server['handlers'], listeners: new Set() }
      servers.set(path, server)
      return {
        publish(event) {
          const text = encode(event)
          for (const listener of server.listeners) listener.receive(text)
        },
        async close() {
          if (servers.get(path) === server) servers.delete(path)
          for (const listener of [...server.listeners]) listener.cut()
        },
      }
    },
    async connect(path) {
      const server = servers.get(path)
      if (server === undefined) throw new BusError('Unreachable', `nobody answers at ${path}`)
      return connectTo(server, path)
    },
  }
}

function connectTo<Command, Answer, Event>(
  server: Server,
  path: string,
): BusClient<Command, Answer, Event> {
  const pending = new PendingRequests()
  let isClosed = false
  let eventListener: (event: Event) => void = () => undefined
  let closeListener: () => void = () => undefined
  // What travels arrives later, and in order.
  const deliver = (message: () => void): void => queueMicrotask(() => isClosed || message())
  const listener: Listener = {
    receive: (text) => deliver(() => eventListener(JSON.parse(text))),
    cut() {
      if (isClosed) return
      isClosed = true
      server.listeners.delete(listener)
      pending.failAll(`the connection to ${path} ended`)
      closeListener()
    },
  }
  server.listeners.add(listener)

  async function answer(id: number, request: string): Promise<void> {
    try {
      const text = encode(await server.handlers.onRequest(JSON.parse(request)))
      deliver(() => pending.settle(id, JSON.parse(text)))
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      deliver(() => pending.fail(id, new BusError('Failed', message)))
    }
  }

  return {
    async request(command, timeoutMs) {
      if (isClosed) throw new BusError('Closed', `the connection to ${path} has ended`)
      const request = encode(command)
      const { id, answer: answered } = pending.open(timeoutMs)
      queueMicrotask(() => void answer(id, request))
      return (await answered) as Answer
    },
    onEvent(wanted) {
      eventListener = wanted
    },
    onClose(wanted) {
      closeListener = wanted
      if (isClosed) wanted()
    },
    async close() {
      listener.cut()
    },
  }
}

function encode(message: unknown): string {
  const text = JSON.stringify(message)
  if (Buffer.byteLength(text) > MESSAGE_BYTES_MAX)
    throw new BusError('TooLarge', `a message is larger than ${MESSAGE_BYTES_MAX} bytes`)
  return text
}
