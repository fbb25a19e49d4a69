// Measures how many API calls a second one control answers: DescribeSimulation and ListSimulations,
// with 1,000 simulations in the store, signed, authorized by policies and audited. The reference is
// a route of the same server that does nothing.
// Owns the calls; support/http-load.ts sends them. `value` and `reference` are those of the slower
// operation.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { HeddleClient } from '../clients/typescript/src/index.ts'
import { requestTarget, wireRequest } from '../clients/typescript/src/wire.ts'
import { addUser } from '../src/control/access/edit-access.ts'
import type { Credentials } from '../src/control/credentials.ts'
import { dataFolder } from '../src/control/data-folder.ts'
import { type InputOf, type OperationName, SERVICE_NAME } from '../src/core/api/operations.ts'
import { storeEnded } from '../tests/support/ended.ts'
import { startHeddle } from '../tests/support/heddle.ts'
import { benchmark } from './support/benchmark.ts'
import { HttpLoad, type LoadMeasured } from './support/http-load.ts'
import { interleaved, median } from './support/rounds.ts'

const SIMULATIONS = 1000
const ROUND_MS = 2_000
/** Calls of each operation that let the JIT compile all of the code. */
const WARM_UP_CALLS = 120_000
const WARM_UP_ROUNDS_MAX = 10
const REGION = 'us-west-2'
/** As in docs/access.md: by tag, with a denial beside it. */
const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Deny', Action: 'simspaceweaver:Delete*', Resource: '*' },
    { Effect: 'Allow', Action: 'simspaceweaver:List*', Resource: '*' },
    {
      Effect: 'Allow',
      Action: 'simspaceweaver:*',
      Resource: 'arn:aws:simspaceweaver:*:*:simulation/*',
      Condition: { StringEquals: { 'aws:ResourceTag/team': 'water' } },
    },
  ],
}
/** Unit of the times in /proc. */
const CLOCK_TICK_MS = 10
/** Greatest age of a request's signature: half of what the server accepts. */
const SIGNED_SECONDS_AGO_MAX = 450

await benchmark(async ({ say, defer }) => {
  const heddle = await startHeddle()
  defer(() => heddle.stop())
  await heddle.interrupt()
  const ended = Array.from({ length: SIMULATIONS }, (_, index) => ({
    name: nameOf(index),
    tags: { team: 'water' },
    apps: ['view'],
  }))
  await storeEnded(dataFolder(heddle.data).store, ended)
  const credentials = addUser(dataFolder(heddle.data).access, 'bench', [POLICY])
  await heddle.up()
  say(`${SIMULATIONS} simulations are in the store`)

  const { host, port } = new URL(heddle.endpoint)
  const sign = signerFor(host, credentials)
  const client = new HeddleClient({ endpoint: heddle.endpoint, region: REGION, credentials })
  const tokens: (string | undefined)[] = [undefined]
  for await (const { NextToken } of client.pages('ListSimulations', {}))
    if (NextToken) tokens.push(NextToken)
  const requests = {
    hello: [`GET /health HTTP/1.1\r\nhost: ${host}\r\n\r\n`],
    describe: await many(4 * SIMULATIONS, (index) =>
      sign('DescribeSimulation', { Simulation: nameOf(index % SIMULATIONS) }),
    ),
    list: await many(2 * SIMULATIONS, (index) => {
      const NextToken = tokens[index % tokens.length]
      return sign('ListSimulations', NextToken === undefined ? {} : { NextToken })
    }),
  }
  say(`requests are signed; a list has ${tokens.length} pages`)

  const load = new HttpLoad(Number(port))
  const measure = async (name: keyof typeof requests): Promise<Measured> => {
    const cpuBeforeMs = cpuMs(heddle.controlPid)
    const measured = await load.measure(requests[name], ROUND_MS)
    const serverMicros = (1000 * (cpuMs(heddle.controlPid) - cpuBeforeMs)) / measured.count
    return { ...measured, serverMicros }
  }
  defer(() => load.close())
  for (const name of ['describe', 'list'] as const) {
    let calls = 0
    for (let round = 0; round < WARM_UP_ROUNDS_MAX && calls < WARM_UP_CALLS; round += 1) {
      calls += (await load.measure(requests[name], ROUND_MS)).count
    }
    say(`warm-up: ${calls} calls of ${name}`)
  }
  const rounds = await interleaved(
    {
      hello: () => measure('hello'),
      describe: () => measure('describe'),
      list: () => measure('list'),
    },
    {
      say,
      tell: ({ perSecond, p99Ms, busy, serverMicros }) =>
        `${perSecond.toFixed(0)}/s, p99 ${p99Ms.toFixed(2)} ms, ` +
        `server ${serverMicros.toFixed(0)} µs, client ${busy.toFixed(2)} busy`,
    },
  )
  const { hello, describe, list } = {
    hello: summary(rounds.hello),
    describe: summary(rounds.describe),
    list: summary(rounds.list),
  }
  return {
    unit: 'requests/s',
    value: Math.min(describe.perSecond, list.perSecond),
    reference: hello.perSecond,
    referenceName: 'GET /health of the same server',
    goal: '>= 0.3',
    more: { simulations: SIMULATIONS, hello, describe, list },
  }
})

/** Returns the CPU time of a process so far. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user) + Number(system)) * CLOCK_TICK_MS
}

function nameOf(index: number): string {
  return `simulation-${String(index).padStart(4, '0')}`
}

function many(count: number, make: (index: number) => Promise<string>): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => make(index)))
}

/** Signs whole requests with different times, so that no two are the same. */
function signerFor(host: string, credentials: Credentials) {
  const signer = new SignatureV4({
    service: SERVICE_NAME,
    region: REGION,
    credentials,
    sha256: Sha256,
  })
  let signed = 0
  return async <Name extends OperationName>(name: Name, input: InputOf<Name>): Promise<string> => {
    const wire = wireRequest(name, input, randomUUID)
    const signingDate = new Date(Date.now() - (signed++ % SIGNED_SECONDS_AGO_MAX) * 1000)
    const { headers } = await signer.sign(
      {
        method: wire.method,
        protocol: 'http:',
        hostname: host,
        path: wire.path,
        query: { ...wire.query },
        headers: { host, 'user-agent': 'heddle-bench' },
      },
      { signingDate },
    )
    const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}`)
    return [`${wire.method} ${requestTarget(wire)} HTTP/1.1`, ...lines, '', ''].join('\r\n')
  }
}

interface Measured extends LoadMeasured {
  /** CPU time of the server per request: less disturbed by other load on the machine. */
  readonly serverMicros: number
}

function summary(rounds: readonly Measured[]) {
  const of = (name: keyof Measured) =>
    Number(median(rounds.map((round) => round[name])).toPrecision(4))
  return {
    perSecond: of('perSecond'),
    p99Ms: of('p99Ms'),
    busy: of('busy'),
    serverMicros: of('serverMicros'),
  }
}
