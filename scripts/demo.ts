// `npm run demo`: the whole story of Heddle through its public endpoints, with 20,000 people on
// nine cells.
// Owns the order of the story and what is shown; the last line is `demo: ok`, or the exit code
// isn't 0. Leaves nothing running.

import { join } from 'node:path'
import { frames } from '../samples/crowd/frames.ts'
import { drawCells, drawMap, Rates } from '../samples/crowd/map.ts'
import { SCHEMA_KEY, uploadCrowd, VIEW_DOMAIN } from '../samples/crowd/package.ts'
import type { Frame } from '../samples/crowd/view/frame.ts'
import { Clients } from './demo/clients.ts'
import { firstDifference, readWorld, type World } from './demo/compare.ts'
import { Heddle } from './demo/heddle.ts'
import { StepFailure, step, until } from './demo/waiting.ts'

const crowd = { bucket: 'crowd-demo', people: 20_000, columns: 3, rows: 3, seed: 7 }
const ORIGINAL = 'crowd'
const RESTORED = 'crowd-restored'
const view = { Domain: VIEW_DOMAIN, App: 'view' }
const RoleArn = 'arn:aws:iam::111122223333:role/demo'
/** The worker then writes the hash of the whole state to /sim/management after every tick. */
const Tags = { 'heddle:state-hash-interval': '1' }
const WATCH_MS = 6_000
const TICKS_AFTER = 100

const interruption = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => interruption.abort())
const startedAtMs = performance.now()
const executionIds: string[] = []

process.exitCode = await demo()

async function demo(): Promise<number> {
  const heddle = await Heddle.create()
  let clients: Clients | undefined
  try {
    const endpoint = await within('start Heddle', 20, () => heddle.ready())
    say(`Heddle serves at ${endpoint}, in ${heddle.folder}`)
    clients = new Clients(endpoint, await heddle.credentials())
    const summary = await story(heddle, clients)
    await within('take Heddle down', 60, () => takeDown(heddle))
    await heddle.remove()
    say('heddle down: no process left, and nothing in memory')
    console.log(['', ...summary, `in all: ${seconds()} s`, 'demo: ok'].join('\n'))
    return 0
  } catch (error) {
    await failed(heddle, error)
    return interruption.signal.aborted ? 130 : 1
  } finally {
    clients?.close()
  }
}

async function story(heddle: Heddle, clients: Clients): Promise<string[]> {
  const { weaver } = clients
  await within('upload schema and packages', 20, async () => {
    const keys = await uploadCrowd(clients.s3, crowd)
    say(`uploaded ${keys.map((key) => `s3://${crowd.bucket}/${key}`).join(', ')}`)
  })
  await within('start the simulation', 30, async (signal) => {
    const SchemaS3Location = { BucketName: crowd.bucket, ObjectKey: SCHEMA_KEY }
    const started = await weaver
      .startSimulation({ Name: ORIGINAL, RoleArn, SchemaS3Location, Tags })
      .promise()
    executionIds.push(started.ExecutionId ?? '')
    await clients.simulationIs(signal, ORIGINAL, 'STARTED')
  })
  say(`simulation ${ORIGINAL} is STARTED: ${crowd.columns} × ${crowd.rows} cells, one process each`)
  const endpoint = await within('start the view app', 20, async (signal) => {
    await weaver.startApp({ Simulation: ORIGINAL, Domain: VIEW_DOMAIN, Name: view.App }).promise()
    return await clients.appEndpoint(signal, { Simulation: ORIGINAL, ...view })
  })
  await within('start the clock', 10, async (signal) => {
    await weaver.startClock({ Simulation: ORIGINAL }).promise()
    await clients.clockIs(signal, ORIGINAL, 'STARTED')
  })
  const address =
    `${endpoint.host}, TCP ${endpoint.ports.get(7000)}, ` + `WebSocket ${endpoint.ports.get(7001)}`
  say(`the clock runs; the view app answers at ${address}`)
  const watched = await within('watch over TCP', 40, (signal) => watch(signal, endpoint))
  await within('watch over WebSocket', 20, (signal) => lookOnce(signal, endpoint))

  const { snapshot, twin, bytes } = await branch(heddle, clients)
  await within('start the clock of the restored world', 10, async (signal) => {
    await weaver.startClock({ Simulation: RESTORED }).promise()
    await clients.clockIs(signal, RESTORED, 'STARTED')
  })
  const later = snapshot.tick + TICKS_AFTER
  say(`both worlds run on; comparing them at tick ${later}`)
  const hash = await within(`compare the worlds at tick ${later}`, 60, (signal) =>
    sameHashAt(signal, heddle, later),
  )
  await within('stop and delete both simulations', 40, (signal) => stopBoth(signal, clients))
  say('both simulations are stopped and deleted')
  return [
    `people: ${snapshot.entities.size} in ${crowd.columns} × ${crowd.rows} cells, one process each`,
    `tick rate: ${watched.ticksPerSecond.toFixed(1)} a second; ` +
      `handoffs: ${watched.handoffsPerSecond.toFixed(0)} a second`,
    `snapshot: tick ${snapshot.tick}, ${(bytes / 1e6).toFixed(2)} MB, taken while the clock ran`,
    `restored at tick ${twin.tick}: ${twin.entities.size} ids, ` +
      'types, positions and fields, all equal',
    `${TICKS_AFTER} ticks later, at tick ${later}: state hash ${hash} in both worlds`,
  ]
}

/** Shows the crowd while it walks. Throws where it isn't whole, or stands still. */
async function watch(signal: AbortSignal, endpoint: Endpoint) {
  const rates = new Rates()
  const begin = { atMs: 0, tick: 0, handoffs: 0 }
  let newest: Frame | undefined
  let shownAtMs = 0
  for await (const frame of frames({ ...tcp(endpoint), signal })) {
    if (frame.ids.length === 0) continue
    const nowMs = performance.now()
    if (!newest) Object.assign(begin, { atMs: nowMs, tick: frame.tick, handoffs: frame.handoffs })
    newest = frame
    rates.add(frame, nowMs)
    if (nowMs - shownAtMs >= 1000 && rates.ticks > 0) {
      shownAtMs = nowMs
      const cells = [...frame.cells].join(' ')
      const speed = `${rates.ticks.toFixed(1)} ticks/s, ${rates.handoffs.toFixed(0)} handoffs/s`
      say(`tick ${frame.tick}: ${frame.ids.length} people, ${speed}, people per cell: ${cells}`)
    }
    if (nowMs - begin.atMs >= WATCH_MS) break
  }
  if (!newest) throw new Error('the view app sent no frame')
  for (const line of [...drawMap(newest, 60, 18), ...drawCells(newest)]) console.log(`    ${line}`)
  const passedSeconds = (performance.now() - begin.atMs) / 1000
  if (newest.ids.length !== crowd.people)
    throw new Error(`the view shows ${newest.ids.length} people`)
  if (newest.handoffs === begin.handoffs) throw new Error('nobody crossed a border')
  return {
    ticksPerSecond: (newest.tick - begin.tick) / passedSeconds,
    handoffsPerSecond: (newest.handoffs - begin.handoffs) / passedSeconds,
  }
}

interface Endpoint {
  host: string
  ports: Map<number, number>
}

function tcp({ host, ports }: Endpoint) {
  return { host, port: ports.get(7000) ?? 0, transport: 'tcp' } as const
}

async function lookOnce(signal: AbortSignal, { host, ports }: Endpoint): Promise<void> {
  for await (const frame of frames({
    host,
    port: ports.get(7001) ?? 0,
    transport: 'websocket',
    signal,
  })) {
    if (frame.ids.length !== crowd.people)
      throw new Error(`the view shows ${frame.ids.length} people`)
    say(`the same over WebSocket: tick ${frame.tick}, ${frame.ids.length} people`)
    return
  }
  throw new Error('the view app sent no frame')
}

/**
 * A snapshot while the clock runs, a second world from it, and a snapshot of that one: both must
 * hold the same.
 */
async function branch(
  heddle: Heddle,
  clients: Clients,
): Promise<{ snapshot: World; twin: World; bytes: number }> {
  const { weaver } = clients
  const { key, bytes } = await within('take a snapshot while the clock runs', 30, (signal) =>
    takeSnapshot(signal, clients, ORIGINAL, 'demo'),
  )
  if ((await clients.clockStatus(ORIGINAL)) !== 'STARTED')
    throw new StepFailure('take a snapshot', 'the clock did not go on')
  say(`snapshot s3://${crowd.bucket}/${key}, ${(bytes / 1e6).toFixed(2)} MB`)
  await within('start a second world from the snapshot', 30, async (signal) => {
    const SnapshotS3Location = { BucketName: crowd.bucket, ObjectKey: key }
    const started = await weaver
      .startSimulation({ Name: RESTORED, RoleArn, SnapshotS3Location, Tags })
      .promise()
    executionIds.push(started.ExecutionId ?? '')
    await clients.simulationIs(signal, RESTORED, 'STARTED')
    const clock = await clients.clockStatus(RESTORED)
    if (clock !== 'STOPPED') throw new Error(`its clock is ${clock}, not STOPPED`)
  })
  say(`simulation ${RESTORED} is STARTED from it; its clock is stopped`)
  return await within('compare both worlds, entity by entity', 30, async (signal) => {
    const twinObject = await takeSnapshot(signal, clients, RESTORED, 'demo-restored')
    const files = [join(heddle.folder, 'original.zip'), join(heddle.folder, 'restored.zip')]
    await clients.download(crowd.bucket, key, files[0])
    await clients.download(crowd.bucket, twinObject.key, files[1])
    const [snapshot, twin] = [await readWorld(files[0]), await readWorld(files[1])]
    const difference = firstDifference(snapshot, twin)
    if (difference) throw new Error(`the restored world differs: ${difference}`)
    if (snapshot.entities.size !== crowd.people)
      throw new Error(`the snapshot holds ${snapshot.entities.size} people`)
    say(`both worlds at tick ${snapshot.tick}: ${snapshot.entities.size} entities, all equal`)
    return { snapshot, twin, bytes }
  })
}

async function takeSnapshot(
  signal: AbortSignal,
  clients: Clients,
  Simulation: string,
  ObjectKeyPrefix: string,
) {
  const Destination = { BucketName: crowd.bucket, ObjectKeyPrefix }
  await clients.weaver.createSnapshot({ Simulation, Destination }).promise()
  const found = await clients.objectBelow(signal, crowd.bucket, `${ObjectKeyPrefix}/snapshot/`)
  await clients.simulationIs(signal, Simulation, 'STARTED')
  return found
}

/** The state hash of both worlds at a tick, which must be one. */
async function sameHashAt(signal: AbortSignal, heddle: Heddle, tick: number): Promise<string> {
  const [one, other] = [
    await hashAt(signal, heddle, ORIGINAL, tick),
    await hashAt(signal, heddle, RESTORED, tick),
  ]
  if (one !== other) throw new Error(`the worlds went apart: state hash ${one} and ${other}`)
  say(`both worlds at tick ${tick}: state hash ${one}`)
  return one
}

async function hashAt(
  signal: AbortSignal,
  heddle: Heddle,
  simulation: string,
  tick: number,
): Promise<string> {
  const wanted = new RegExp(`\\btick=${tick} .*\\bstate-hash=([0-9a-f]{16})\\b`)
  return await until(signal, 500, async () => {
    const lines = await heddle.log(simulation, '/sim/management')
    return lines.map((line) => wanted.exec(line)?.[1]).find((found) => found !== undefined)
  })
}

async function stopBoth(signal: AbortSignal, clients: Clients): Promise<void> {
  const { weaver } = clients
  const names = [ORIGINAL, RESTORED]
  await Promise.all(
    names.map(async (Simulation) => {
      await weaver.stopSimulation({ Simulation }).promise()
      await clients.simulationIs(signal, Simulation, 'STOPPED')
      await weaver.deleteSimulation({ Simulation }).promise()
    }),
  )
  await until(signal, 100, async () => {
    const { Simulations = [] } = await weaver.listSimulations({}).promise()
    return Simulations.length === 0 ? true : undefined
  })
}

async function takeDown(heddle: Heddle): Promise<void> {
  const left = await heddle.stop()
  if (left.length > 0)
    throw new Error(`these went on and had to be killed:\n  ${left.join('\n  ')}`)
  const memory = heddle.sharedMemory(executionIds)
  if (memory.length > 0) throw new Error(`this shared memory was left behind: ${memory.join(', ')}`)
}

async function failed(heddle: Heddle, error: unknown): Promise<void> {
  const interrupted = interruption.signal.aborted
  if (!interrupted) {
    const lines = await heddle.lastLines(15)
    console.error(['', ...lines.map((line) => `  ${line}`), ''].join('\n'))
  }
  const left = await heddle.stop()
  for (const line of left) console.error(`  left over, killed: ${line}`)
  if (interrupted) await heddle.remove()
  else console.error(`logs: ${join(heddle.data, 'logs')} and ${join(heddle.data, 'control.log')}`)
  console.error(`demo: ${interrupted ? 'interrupted' : `failed: ${(error as Error).message}`}`)
  if (!(error instanceof StepFailure)) console.error((error as Error).stack)
}

async function within<Result>(
  name: string,
  limitSeconds: number,
  body: (signal: AbortSignal) => Promise<Result>,
) {
  return await step(name, limitSeconds * 1000, interruption.signal, body)
}

function say(text: string): void {
  console.log(`[${seconds().padStart(5)} s] ${text}`)
}

function seconds(): string {
  return ((performance.now() - startedAtMs) / 1000).toFixed(1)
}
