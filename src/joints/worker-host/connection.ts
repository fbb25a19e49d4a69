// The connection to a worker, over any bus: validates what the worker answers and publishes.
// Owns that check; a worker that breaks the protocol is disconnected.

import { parseValue } from '../../base/parse.ts'
import {
  type WorkerCommand,
  workerAnswerShape,
  workerStatusShape,
} from '../../core/wire/worker-protocol.ts'
import { type Bus, BusError } from '../../io/bus/bus.ts'
import type { WorkerConnection } from './worker-host.ts'

export async function connectWorker(bus: Bus, address: string): Promise<WorkerConnection> {
  const client = await bus.connect<WorkerCommand, unknown, unknown>(address)
  return {
    async request(command, timeoutMs) {
      const answer = await client.request(command, timeoutMs)
      const { content, fault } = parseValue(workerAnswerShape, answer)
      if (content !== undefined) return content
      const what = `the worker's answer to ${command.command} is not understood`
      throw new BusError('Failed', `${what}: ${fault}`)
    },
    onEvent(listener) {
      client.onEvent((event) => {
        const { content } = parseValue(workerStatusShape, event)
        if (content !== undefined) listener(content)
        else void client.close()
      })
    },
    onClose: (listener) => client.onClose(listener),
    close: () => client.close(),
  }
}
