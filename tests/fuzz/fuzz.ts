// Sends a Heddle very many requests, right and wrong ones, and checks the form of every answer.
// Owns the Heddle, the connections and the counts; requests.ts decides what is sent, judge.ts what
// is right.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../simulator/random.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { isEnded, residentMiB } from '../support/processes.ts'
import { type Answer, Connection } from './connection.ts'
import { faultOf } from './judge.ts'
import { fuzzRequest } from './requests.ts'
import { SCHEMA_KEY, STEADY_WORLD } from './values.ts'
import type { FuzzRequest } from './wire-request.ts'

interface FuzzOptions {
  seed: number
  /** Number of the first request, to repeat part of a longer run. */
  from?: number
  requests: number
  connections?: number
  onProgress?(report: FuzzReport): void
}

export interface FuzzReport {
  sent: number
  seconds: number
  /** Counts of answers by status and error; `closed` if the connection ended instead. */
  answers: Map<string, number>
  /** Resident memory of control after each hundredth of the requests. */
  residentMiB: number[]
}

/** Allows for garbage not collected yet. */
const GROWTH_MIB_MAX = 150

/**
 * Returns the growth of control's memory since it had warmed up, after a quarter of the requests.
 * Throws FuzzFailure if it grew too much.
 */
export function memoryGrowthMiB({ residentMiB }: FuzzReport): number {
  const grown = (residentMiB.at(-1) ?? 0) - (residentMiB[Math.floor(residentMiB.length / 4)] ?? 0)
  if (grown > GROWTH_MIB_MAX)
    throw new FuzzFailure(`control's memory grows: ${residentMiB.map(Math.round).join(', ')} MiB`)
  return grown
}

/**
 * A wrong answer, with everything needed to repeat the request; or a server that ended, or grows.
 */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure'
}

const PROGRESS_STEPS = 100
const BYTES_SHOWN = 2000
const LINES_SHOWN = 5
const configuration = `
quotas: {simulations: 4, custom_apps_per_simulation: 2}
audit: {s3: true, file_mebibytes: 8, files: 3}
`
const world = schema({
  domains: {
    Cells: { kind: 'spatial', grid: [1, 1], command: 'idle.ts' },
    View: { kind: 'custom', command: 'idle.ts' },
  },
})

/** Throws FuzzFailure at the first wrong answer, and if the server has ended. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  await using opened = new AsyncDisposableStack()
  const heddle = await startHeddle({ configuration })
  opened.defer(() => heddle.stop())
  await heddle.put(SCHEMA_KEY, world)
  await heddle.startSimulation(STEADY_WORLD, world)
  return await fuzzHeddle(heddle, options)
}

async function fuzzHeddle(heddle: Heddle, options: FuzzOptions): Promise<FuzzReport> {
  const { seed, from = 0, requests, connections = 32, onProgress } = options
  const report: FuzzReport = { sent: 0, seconds: 0, answers: new Map(), residentMiB: [] }
  const endpoint = new URL(heddle.endpoint)
  const startedAtMs = performance.now()
  let next = from
  const run = async () => {
    let connection: Connection | undefined
    while (next < from + requests) {
      const number = next++
      const { credentials } = heddle
      const request = fuzzRequest(new Random(seed, number), {
        host: endpoint.host,
        credentials,
        now: new Date(),
      })
      try {
        if (connection === undefined || !connection.isOpen)
          connection = await Connection.open(endpoint)
        if (!(await send(connection, request, report))) connection = undefined
      } catch (cause) {
        next = Number.POSITIVE_INFINITY
        throw failureOf(cause, request, { seed, number, heddle })
      }
      report.sent++
      if (report.sent % Math.ceil(requests / PROGRESS_STEPS) === 0) {
        report.seconds = (performance.now() - startedAtMs) / 1000
        report.residentMiB.push(residentMiB([heddle.controlPid]))
        onProgress?.(report)
      }
    }
    connection?.close()
  }
  const runs = await Promise.allSettled(Array.from({ length: connections }, run))
  for (const one of runs) if (one.status === 'rejected') throw one.reason
  if (isEnded(heddle.controlPid)) throw new FuzzFailure(`the server has ended: ${heddle.output}`)
  report.seconds = (performance.now() - startedAtMs) / 1000
  return report
}

/** Returns false if the connection can't be used any more. Throws what is wrong. */
async function send(
  connection: Connection,
  request: FuzzRequest,
  report: FuzzReport,
): Promise<boolean> {
  connection.write(request.bytes)
  if (!request.isWhole) {
    connection.endWriting()
    // The bytes may contain any number of requests.
    for (
      let answer = await connection.answer(true);
      answer !== undefined;
      answer = await connection.answer(true)
    ) {
      check(answer, request, report)
    }
    connection.close()
    return false
  }
  const answer = await connection.answer(request.hasBodyInAnswer)
  if (answer === undefined) {
    if (request.service !== 'any') throw new Error('the connection was closed without an answer')
    count(report, 'closed')
    return false
  }
  check(answer, request, report)
  if (answer.headers.get('connection') !== 'close') return true
  connection.close()
  return false
}

function check(answer: Answer, request: FuzzRequest, report: FuzzReport): void {
  const { status, headers, body } = answer
  const code =
    headers.get('x-amzn-errortype') ?? /<Code>(\w+)<\/Code>/.exec(String(body))?.[1] ?? ''
  count(report, `${status} ${code}`.trim())
  const fault = faultOf(answer, request.service, request.operation)
  if (fault === undefined) return
  const text = [...headers].map(([name, value]) => `${name}: ${value}`).join('\n')
  throw new Error(`${fault}\n\n${status}\n${text}\n\n${body.toString('utf8').slice(0, 2000)}`)
}

function count(report: FuzzReport, what: string): void {
  report.answers.set(what, (report.answers.get(what) ?? 0) + 1)
}

/** Returns the end of control's log and of the workers' logs. */
function lastOfLogs({ data }: Heddle): string {
  const files = globSync('{control.log,run/*/worker.log}', { cwd: data })
  return files
    .flatMap((file) => {
      const lines = readFileSync(join(data, file), 'utf8').trimEnd().split('\n').slice(-LINES_SHOWN)
      return lines.filter((line) => line !== '').map((line) => `  ${file}: ${line}`)
    })
    .join('\n')
}

function failureOf(
  cause: unknown,
  { kind, operation, bytes }: FuzzRequest,
  { seed, number, heddle }: { seed: number; number: number; heddle: Heddle },
): FuzzFailure {
  const life = isEnded(heddle.controlPid)
    ? `the server has ended: ${heddle.output}`
    : 'the server goes on'
  const what = [kind, operation].join(' ').trim()
  const shown = JSON.stringify(bytes.toString('latin1', 0, BYTES_SHOWN))
  const more = bytes.length - BYTES_SHOWN
  const text = [
    `request ${number} of seed ${seed} (${what}): ${(cause as Error).message}`,
    life,
    `The last lines of its logs:\n${lastOfLogs(heddle)}`,
    `It was: ${shown}${more > 0 ? ` and ${more} bytes more` : ''}`,
    `Again: node tests/fuzz/long.ts --seed ${seed} --from ${number} --requests 1`,
  ]
  return new FuzzFailure(text.join('\n'), { cause })
}
