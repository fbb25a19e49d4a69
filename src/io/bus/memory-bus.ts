// The bus within one process: the same promises as over sockets, for tests of what speaks on it.
// Owns the copies of messages (nobody shares an object with the other side); never touches the file system.

import { type Bus, type BusClient, BusError, type BusHandlers, type BusServer, MESSAGE_BYTES_MAX } from './bus.ts'
import { PendingRequests } from './pending.ts'

interface Served {
  handlers: BusHandlers<unknown, unknown>
  connections: Set<Connection>
}

interface Connection {
  deliver(event: unknown): void
  end(): void
}

/** A bus of its own; two of them never meet. */
export function openMemoryBus(): Bus {
  const served = new Map<string, Served>()
  return {
    async serve<Command, Answer, Event>(path: string, handlers: BusHandlers<Command, Answer>) {
      if (served.has(path)) throw new BusError('InUse', `${path} is served already`)
      const here: Served = { handlers: handlers as BusHandlers<unknown, unknown>, connections: new Set() }
      served.set(path, here)
      const server: BusServer<Event> = {
        publish(event) {
          for (const connection of here.connections) connection.deliver(copy(event))
        },
        async close() {
          served.delete(path)
          for (const connection of [...here.connections]) connection.end()
        },
      }
      return server
    },
    async connect<Command, Answer, Event>(path: string) {
      const there = served.get(path)
      if (there === undefined) throw new BusError('Unreachable', `nobody answers at ${path}`)
      return openConnection<Command, Answer, Event>(path, there)
    },
  }
}

function openConnection<Command, Answer, Event>(path: string, there: Served): BusClient<Command, Answer, Event> {
  const pending = new PendingRequests()
  let eventListener: ((event: Event) => void) | undefined
  let closeListener: (() => void) | undefined
  let closed = false
  const connection: Connection = {
    deliver(event) {
      queueMicrotask(() => {
        if (!closed) eventListener?.(event as Event)
      })
    },
    end() {
      if (closed) return
      closed = true
      there.connections.delete(connection)
      pending.failAll(`the connection to ${path} ended`)
      closeListener?.()
    },
  }
  there.connections.add(connection)
  return {
    async request(command, timeoutMs) {
      if (closed) throw new BusError('Closed', `the connection to ${path} has ended`)
      const message = copy(command)
      const { id, answer } = pending.open(timeoutMs)
      void answerInto(pending, id, there, message)
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
      connection.end()
    },
  }
}

async function answerInto(pending: PendingRequests, id: number, there: Served, command: unknown): Promise<void> {
  try {
    pending.settle(id, copy(await there.handlers.onRequest(command)))
  } catch (error) {
    pending.fail(id, new BusError('Failed', error instanceof Error ? error.message : String(error)))
  }
}

function copy(message: unknown): unknown {
  const text = JSON.stringify(message)
  if (Buffer.byteLength(text) > MESSAGE_BYTES_MAX) {
    throw new BusError('TooLarge', `a message is larger than ${MESSAGE_BYTES_MAX} bytes`)
  }
  return JSON.parse(text)
}
