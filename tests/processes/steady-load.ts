// Requests at a steady rate over a few kept-open connections, like monitoring pages and scripts.
// Owns the pace and the connections; never judges an answer.

import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from '../fuzz/connection.ts'
import { signatureHeaders } from '../fuzz/signer.ts'
import type { Heddle } from '../support/heddle.ts'

const CONNECTION_COUNT = 8

/**
 * Describes and lists the simulation and its apps, in turn; returns the counts of answers by
 * status, and the time of each.
 */
export async function requestsAtRate(
  heddle: Heddle,
  simulation: string,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<{ statuses: Map<number, number>; latenciesMs: number[] }> {
  const endpoint = new URL(heddle.endpoint)
  const targets = [
    ['/describesimulation', `simulation=${simulation}`],
    ['/listsimulations', ''],
    ['/listapps', `simulation=${simulation}`],
  ] as const
  const statuses = new Map<number, number>()
  const latenciesMs: number[] = []
  const total = perSecond * seconds
  const startedAtMs = performance.now()
  let next = 0
  const run = async () => {
    const connection = await Connection.open(endpoint)
    while (next < total) {
      const number = next++
      await sleep(Math.max(0, startedAtMs + (number * 1000) / perSecond - performance.now()))
      const [path, query] = targets[number % targets.length]
      const sentAtMs = performance.now()
      connection.write(bytesOf(heddle, endpoint.host, path, query))
      const answer = await connection.answer(true)
      const status = answer?.status ?? 0
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      latenciesMs.push(performance.now() - sentAtMs)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: CONNECTION_COUNT }, run))
  return { statuses, latenciesMs }
}

function bytesOf({ credentials }: Heddle, host: string, path: string, query: string): Buffer {
  const headers: [string, string][] = [['host', host]]
  const signing = { credentials, service: 'simspaceweaver', region: 'us-west-2', date: new Date() }
  const signature = signatureHeaders(
    { method: 'GET', path, query, headers, body: Buffer.alloc(0) },
    signing,
  )
  const lines = [...headers, ...signature].map(([name, value]) => `${name}: ${value}`)
  return Buffer.from(
    [`GET ${path}${query === '' ? '' : `?${query}`} HTTP/1.1`, ...lines, '', ''].join('\r\n'),
  )
}
