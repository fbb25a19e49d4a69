// Load on an HTTP server from a process of its own: kept-alive connections, with one request under
// way on each.
// Owns sending, counting and the times of answers. Never signs, and reads only the status and
// length of an answer, so that it costs far less than the server; `busy` tells whether it did.
//
//   const load = new HttpLoad(port)
//   await load.measure(requests, 2_000)   // whole requests as bytes, repeated from the first
//   await load.close()

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { quantile } from './rounds.ts'

export interface LoadMeasured {
  /** Number of answers. */
  readonly count: number
  readonly perSecond: number
  readonly p99Ms: number
  /**
   * CPU time of the sending process as a share of the time. From about 0.9 on, the result measures
   * the sender.
   */
  readonly busy: number
}

interface Order {
  readonly port: number
  readonly requests: readonly string[]
  readonly connections: number
  readonly durationMs: number
}

type Report = LoadMeasured | { readonly failed: string }

const CONNECTIONS = 32

export class HttpLoad {
  readonly #port: number
  readonly #process: ChildProcess

  constructor(port: number) {
    this.#port = port
    this.#process = fork(import.meta.filename, { serialization: 'advanced' })
  }

  /** Throws if an answer is not a 2xx. `requests` are in Latin-1, without bodies. */
  async measure(requests: readonly string[], durationMs: number): Promise<LoadMeasured> {
    const order: Order = { port: this.#port, requests, connections: CONNECTIONS, durationMs }
    const reported = once(this.#process, 'message')
    this.#process.send(order)
    const [report] = (await reported) as [Report]
    if ('failed' in report) throw new Error(report.failed)
    return report
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.disconnect()
    await exited
  }
}

if (import.meta.main) {
  process.on('message', (order: Order) => {
    load(order).then(
      (measured) => process.send!(measured),
      (error: Error) => process.send!({ failed: error.message }),
    )
  })
}

async function load({ port, requests, connections, durationMs }: Order): Promise<LoadMeasured> {
  const bytes = requests.map((request) => Buffer.from(request, 'latin1'))
  const sockets = await Promise.all(Array.from({ length: connections }, () => connected(port)))
  const cpuBefore = process.cpuUsage()
  const startedAtMs = performance.now()
  const endAtMs = startedAtMs + durationMs
  const tookMs: number[] = []
  let next = 0
  await Promise.all(
    sockets.map((socket) => converse(socket, () => bytes[next++ % bytes.length]!, tookMs, endAtMs)),
  )
  const lastedMs = performance.now() - startedAtMs
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    count: tookMs.length,
    perSecond: tookMs.length / (lastedMs / 1000),
    p99Ms: quantile(tookMs, 0.99),
    busy: (user + system) / 1000 / lastedMs,
  }
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** Sends one request after the other until the time is over. */
function converse(
  socket: Socket,
  nextRequest: () => Buffer,
  tookMs: number[],
  endAtMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sentAtMs = 0
    /** Bytes of the answer still to arrive; undefined until its header is complete. */
    let missing: number | undefined
    let header = ''
    const send = () => {
      sentAtMs = performance.now()
      header = ''
      missing = undefined
      socket.write(nextRequest())
    }
    socket.on('data', (chunk: Buffer) => {
      let bytes = chunk.length
      if (missing === undefined) {
        header += chunk.toString('latin1', 0, 2048)
        const end = header.indexOf('\r\n\r\n')
        if (end === -1) return
        if (!header.startsWith('HTTP/1.1 2'))
          return void socket.destroy(new Error(`an answer says: ${header}`))
        missing = Number(/^content-length: (\d+)/im.exec(header)?.[1]) - (bytes - end - 4)
        bytes = 0
      }
      missing -= bytes
      if (missing > 0) return
      const nowMs = performance.now()
      tookMs.push(nowMs - sentAtMs)
      if (nowMs < endAtMs) send()
      else socket.end()
    })
    socket.once('error', reject)
    socket.once('close', () =>
      performance.now() < endAtMs ? reject(new Error('the server has closed')) : resolve(),
    )
    send()
  })
}
