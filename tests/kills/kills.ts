// Kills the worker, control, or the foreign S3 while snapshots are taken or restored, at moments
// that a seed decides.
// Owns what must hold after each kill: a snapshot is whole or absent, the statuses are true, and
// nothing else is left. Targets two Heddles: one with objects of its own, and one over the S3 of a
// third.

import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { readSnapshot } from '../../src/joints/snapshot/snapshot-file.ts'
import { layWire, type Wire } from '../clients/wire.ts'
import { Random } from '../simulator/random.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

type Work = 'take' | 'restore'
type Victim = 'worker' | 'control' | 'store'

/** Taken in turn, whatever the seed. */
const turns = [
  ['s3', 'take', 'worker'],
  ['s3', 'take', 'store'],
  ['folder', 'restore', 'worker'],
  ['folder', 'take', 'worker'],
  ['s3', 'restore', 'store'],
  ['folder', 'take', 'control'],
  ['s3', 'take', 'control'],
  ['folder', 'restore', 'control'],
  ['s3', 'restore', 'worker'],
  ['s3', 'restore', 'control'],
] as const satisfies readonly (readonly ['folder' | 's3', Work, Victim])[]

/** Incompressible, and large enough that an upload has several parts. */
const ENTITIES = 11_000
/** What a StartError says when the worker was killed, during the start or after it. */
const WORKER_LOST = /the worker process ended unexpectedly/
const text = schema({
  tickRate: '100',
  domains: {
    Cells: {
      kind: 'spatial',
      grid: [1, 1],
      command: `assorted.ts --entities ${ENTITIES} --sizes 1024`,
    },
  },
})
/** Moments extend a little beyond the work's end. */
const STRETCH = 1.15

interface KillsOptions {
  seed: number
  kills: number
  /** Number of the first kill. */
  from?: number
  onKill?: (what: string) => void
}

interface KillsReport {
  kills: number
  /** Snapshots that were whole after a kill while they were taken. */
  whole: number
  none: number
  /** Restored worlds that started despite the kill. */
  started: number
}

export class KillFailure extends Error {
  override readonly name = 'KillFailure'
}

/** Throws KillFailure, with the command that repeats the kill. */
export async function runKills({
  seed,
  kills,
  from = 0,
  onKill,
}: KillsOptions): Promise<KillsReport> {
  const report: KillsReport = { kills: 0, whole: 0, none: 0, started: 0 }
  await using range = await openRange()
  for (let number = from; number < from + kills; number++) {
    const [place, work, victim] = turns[number % turns.length]
    const random = new Random(seed, number)
    const target = range[place]
    const afterMs = Math.round(random.fraction() * STRETCH * target.durationMs[work])
    const what = `kill ${number}: ${victim} after ${afterMs} ms of a ${work} over ${place}`
    try {
      const outcome = await target[work](number, victim, afterMs)
      await target.isClean()
      onKill?.(`${what}: ${outcome}`)
      report.kills++
      report[outcome]++
    } catch (cause) {
      const again = `npm run test:kills -- --seed ${seed} --from ${number} --kills 1`
      throw new KillFailure(`${what}, seed ${seed}: ${(cause as Error).message}\nagain: ${again}`, {
        cause,
      })
    }
  }
  return report
}

interface Range extends AsyncDisposable {
  folder: Target
  s3: Target
}

async function openRange(): Promise<Range> {
  await using opened = new AsyncDisposableStack()
  const keeper = await startHeddle()
  opened.defer(() => keeper.stop())
  const wire = await layWire(keeper.endpoint)
  opened.defer(() => wire[Symbol.asyncDispose]())
  const folder = await startHeddle()
  opened.defer(() => folder.stop())
  const s3 = await startHeddle({ otherS3: { endpoint: wire.url, credentials: keeper.credentials } })
  opened.defer(() => s3.stop())
  const targets = { folder: new Target(folder, folder), s3: new Target(s3, keeper, wire) }
  for (const target of Object.values(targets)) await target.begin()
  const kept = opened.move()
  return { ...targets, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

class Target {
  /** Duration of each work without a kill. */
  readonly durationMs: Record<Work, number> = { take: 0, restore: 0 }
  readonly #heddle: Heddle
  /** The Heddle whose folder contains the objects. */
  readonly #keeper: Heddle
  readonly #wire: Wire | undefined
  #world!: Simulation
  #key = ''
  #stateHash = ''

  constructor(heddle: Heddle, keeper: Heddle, wire?: Wire) {
    this.#heddle = heddle
    this.#keeper = keeper
    this.#wire = wire
  }

  async begin(): Promise<void> {
    this.#world = await this.#heddle.startSimulation('first', text, hashEvery(1))
    await this.#world.startClock()
    this.#stateHash = (await this.#world.reaches(3)).stateHash
    const beganAtMs = performance.now()
    this.#key = await this.#world.snapshot()
    this.durationMs.take = performance.now() - beganAtMs
    await this.#exchange(await this.#restore('second'))
  }

  /** Replaces the world to target next. */
  async #exchange(world: Simulation): Promise<void> {
    const old = this.#world
    this.#world = world
    const { Status } = await old.describe()
    if (Status !== 'FAILED') await old.stop()
    await old.leavesNothing()
    await this.#heddle.weaver.deleteSimulation({ Simulation: old.name }).promise()
  }

  async #restore(name: string): Promise<Simulation> {
    const beganAtMs = performance.now()
    const world = await this.#heddle.branch(name, this.#key, hashEvery(1))
    await world.is('STARTED')
    this.durationMs.restore = performance.now() - beganAtMs
    await this.#isTheSame(world)
    return world
  }

  /** Checks that the world is unchanged: its content never changes. */
  async #isTheSame(world: Simulation): Promise<void> {
    await world.startClock()
    const { stateHash, tick } = await world.reaches(1)
    if (stateHash !== this.#stateHash)
      throw new Error(`${world.name} has the state hash ${stateHash} at tick ${tick}`)
  }

  async #kill(victim: Victim, world: Simulation): Promise<void> {
    switch (victim) {
      case 'worker':
        return world.kill(await world.workerPid())
      case 'control':
        await this.#heddle.killControl()
        return this.#heddle.up()
      case 'store':
        await this.#keeper.killControl()
        await this.#keeper.up()
        this.#wire?.leadTo(this.#keeper.endpoint)
    }
  }

  async take(number: number, victim: Victim, afterMs: number): Promise<'whole' | 'none'> {
    const world = this.#world
    const ObjectKeyPrefix = `kill-${number}`
    const Destination = { BucketName: this.#heddle.bucket, ObjectKeyPrefix }
    const call = this.#heddle.weaver
      .createSnapshot({ Simulation: world.name, Destination })
      .promise()
    const answered = call.then(
      () => true,
      () => false,
    )
    await sleep(afterMs)
    await this.#kill(victim, world)
    const isBegun = await answered
    if (victim === 'worker') {
      const { StartError = '' } = await waitForEnd(world)
      if (!WORKER_LOST.test(StartError))
        throw new Error(`a lost worker's StartError is ${StartError}`)
      await this.#exchange(await this.#restore(`after-${number}`))
    } else {
      await world.is('STARTED')
      await world.ticksOn(1)
    }
    await this.isClean()
    const keys = await this.#keeper.keys(`${ObjectKeyPrefix}/`)
    const isOutcome = (line: string) =>
      line.includes('snapshot=s3://') && line.includes(`/${ObjectKeyPrefix}/`)
    const said = () => world.log('/sim/management').some(isOutcome)
    const failed = () => world.log('/sim/errors').some(isOutcome)
    // A log may be a moment behind the API.
    if (victim !== 'worker' && isBegun)
      await waitFor(() => said() || failed(), 'the outcome in the log')
    if (keys.length > 1) throw new Error(`one snapshot, and ${keys.length} objects: ${keys}`)
    if (said() && keys.length === 0) throw new Error('a snapshot that was reported is not there')
    if (victim === 'control' && failed())
      throw new Error(`it failed, though only control was killed: ${world.errors()}`)
    if (failed() && keys.length > 0)
      throw new Error('a snapshot that was reported as failed is there')
    for (const key of keys) await this.#isWhole(key)
    return keys.length === 1 ? 'whole' : 'none'
  }

  async #isWhole(key: string): Promise<void> {
    const file = await this.#keeper.download(key)
    const snapshot = await readSnapshot(file)
    await snapshot.close()
    await rm(file)
    const { stateHash } = snapshot.header
    if (stateHash !== this.#stateHash)
      throw new Error(`the snapshot holds a world of state hash ${stateHash}`)
    await this.#keeper.s3.send(new DeleteObjectCommand({ Bucket: this.#keeper.bucket, Key: key }))
  }

  async restore(number: number, victim: Victim, afterMs: number): Promise<'started' | 'none'> {
    const name = `restored-${number}`
    const world = await this.#heddle.branch(name, this.#key, hashEvery(1))
    await sleep(afterMs)
    await this.#kill(victim, world)
    const { Status, StartError = '' } = await waitForEnd(
      world,
      victim === 'worker' ? undefined : 'STARTED',
    )
    if (Status === 'STARTED') {
      await this.#isTheSame(world)
      await this.#exchange(world)
      return 'started'
    }
    // A control killed between promising a worker and launching it has launched none.
    const reasons = {
      worker: WORKER_LOST,
      control: /the worker process/,
      store: /SnapshotNotFound.*the snapshot s3:\/\/\S+ can not be read/,
    }
    if (Status !== 'FAILED' || !reasons[victim].test(StartError))
      throw new Error(`it is ${Status}: ${StartError}`)
    await world.leavesNothing()
    const run = join(this.#heddle.data, 'run', world.executionId)
    await waitFor(
      () => !existsSync(join(run, 'snapshot')) && !existsSync(join(run, 'packages')),
      () => `the run folder to be cleared; it has ${readdirSync(run)}`,
    )
    await this.#heddle.weaver.deleteSimulation({ Simulation: name }).promise()
    return 'none'
  }

  /** Checks that nothing half-done is left anywhere. */
  async isClean(): Promise<void> {
    const { data, fabricFolder, bucket } = this.#heddle
    const worlds = await readdirs(fabricFolder)
    if (worlds.some((name) => name !== this.#world.executionId))
      await waitFor(
        () => readdirs(fabricFolder).length <= 1,
        () => `no memory but of one world; there is ${readdirs(fabricFolder)}`,
      )
    const left = async () => {
      const { Uploads = [] } = await this.#keeper.s3.send(
        new ListMultipartUploadsCommand({ Bucket: bucket }),
      )
      const places = ['.heddle/temporary', `.heddle/uploads/${bucket}`].map((path) =>
        join(this.#keeper.data, 'objects', path),
      )
      return [
        ...Uploads.map(({ Key }) => `an upload of ${Key}`),
        ...places.flatMap(readdirs),
        ...readdirs(join(data, 'uploads')),
      ]
    }
    let found: string[] = []
    await waitFor(
      async () => {
        found = await left()
        return found.length === 0
      },
      () => `no halves of objects to be left; there are: ${found.join(', ')}`,
    )
  }
}

function readdirs(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

/** Waits for FAILED, or the other status. */
async function waitForEnd(world: Simulation, other?: string) {
  let last: Awaited<ReturnType<Simulation['describe']>> | undefined
  return waitFor(
    async () => {
      last = await world.describe()
      return (last.Status === 'FAILED' || last.Status === other) && last
    },
    () => `${world.name} to come to an end; it is ${last?.Status}`,
  )
}
