// One simulation of a test: asks the API about it, reads its logs, and kills its processes on
// demand. Knows the world only from state-hash lines and snapshots, as a user would.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type SimSpaceWeaver from 'aws-sdk/clients/simspaceweaver.js'
import { readWorld, type World } from '../../scripts/demo/compare.ts'
import { isEnded, processesOf, type SimulationProcess } from './processes.ts'
import { Hopeless, waitFor } from './waiting.ts'

/**
 * A tag for StartSimulation: the worker then logs the state's hash to /sim/management at this
 * interval.
 */
export function hashEvery(ticks: number): { Tags: Record<string, string> } {
  return { Tags: { 'heddle:state-hash-interval': String(ticks) } }
}

interface HashLine {
  tick: number
  entities: number
  handoffs: number
  stateHash: string
}

export interface StartErrorEntry {
  errorType: string
  errorMessage: string
}

/** What a simulation needs of its Heddle. */
interface Home {
  readonly weaver: SimSpaceWeaver
  readonly bucket: string
  readonly data: string
  readonly fabricFolder: string
  keys(prefix: string): Promise<string[]>
  download(key: string): Promise<string>
}

export class Simulation {
  readonly name: string
  readonly executionId: string
  readonly #heddle: Home

  constructor(heddle: Home, name: string, executionId: string) {
    this.#heddle = heddle
    this.name = name
    this.executionId = executionId
  }

  async describe(): Promise<SimSpaceWeaver.DescribeSimulationOutput> {
    return this.#heddle.weaver.describeSimulation({ Simulation: this.name }).promise()
  }

  /** Waits for a status. Fails at once if the status is FAILED or STOPPED instead. */
  async is(status: string): Promise<SimSpaceWeaver.DescribeSimulationOutput> {
    let last: SimSpaceWeaver.DescribeSimulationOutput | undefined
    return waitFor(
      async () => {
        last = await this.describe()
        if (last.Status === status) return last
        if (last.Status === 'FAILED' || (last.Status === 'STOPPED' && status !== 'DELETED'))
          throw new Hopeless(
            `simulation ${this.name} is ${last.Status}: ${last.StartError ?? this.errors()}`,
          )
        return undefined
      },
      () => `simulation ${this.name} to be ${status}; it is ${last?.Status}`,
    )
  }

  /** Waits for FAILED and returns the entries of StartError; none if the start itself succeeded. */
  async fails(): Promise<StartErrorEntry[]> {
    const { StartError } = await this.is('FAILED')
    return StartError === undefined ? [] : (JSON.parse(StartError) as StartErrorEntry[])
  }

  async startClock(): Promise<void> {
    await this.#heddle.weaver.startClock({ Simulation: this.name }).promise()
    await this.clockIs('STARTED')
  }

  async stopClock(): Promise<void> {
    await this.#heddle.weaver.stopClock({ Simulation: this.name }).promise()
    await this.clockIs('STOPPED')
  }

  async clockStatus(): Promise<string | undefined> {
    return (await this.describe()).LiveSimulationState?.Clocks?.[0]?.Status
  }

  async clockIs(status: string): Promise<void> {
    await waitFor(
      async () => (await this.clockStatus()) === status,
      `the clock of ${this.name} to be ${status}`,
    )
  }

  async stop(): Promise<void> {
    await this.#heddle.weaver.stopSimulation({ Simulation: this.name }).promise()
    await this.is('STOPPED')
    await this.leavesNothing()
  }

  async startApp(domain: string, app: string, commands?: string[]): Promise<void> {
    const LaunchOverrides = commands && { LaunchCommands: commands }
    await this.#heddle.weaver
      .startApp({
        Simulation: this.name,
        Domain: domain,
        Name: app,
        ...(LaunchOverrides && { LaunchOverrides }),
      })
      .promise()
  }

  async stopApp(domain: string, app: string): Promise<void> {
    await this.#heddle.weaver.stopApp({ Simulation: this.name, Domain: domain, App: app }).promise()
  }

  async deleteApp(domain: string, app: string): Promise<void> {
    await this.#heddle.weaver
      .deleteApp({ Simulation: this.name, Domain: domain, App: app })
      .promise()
  }

  async app(domain: string, app: string): Promise<SimSpaceWeaver.DescribeAppOutput> {
    return this.#heddle.weaver
      .describeApp({ Simulation: this.name, Domain: domain, App: app })
      .promise()
  }

  async appIs(
    domain: string,
    app: string,
    status: string,
  ): Promise<SimSpaceWeaver.DescribeAppOutput> {
    let last: SimSpaceWeaver.DescribeAppOutput | undefined
    return waitFor(
      async () => {
        last = await this.app(domain, app)
        if (last.Status === 'ERROR' && status !== 'ERROR')
          throw new Hopeless(`app ${app} is in ERROR: ${this.errors()}`)
        return last.Status === status ? last : undefined
      },
      () => `app ${app} of ${domain} to be ${status}; it is ${last?.Status}`,
    )
  }

  /** Returns the address for clients of an app, once it is started. */
  async endpoint(
    domain: string,
    app: string,
    declared: number,
  ): Promise<{ host: string; port: number }> {
    const { EndpointInfo } = await this.appIs(domain, app, 'STARTED')
    const port = EndpointInfo?.IngressPortMappings?.find(
      ({ Declared }) => Declared === declared,
    )?.Actual
    return { host: EndpointInfo?.Address ?? '', port: port ?? 0 }
  }

  async apps(domain?: string): Promise<SimSpaceWeaver.SimulationAppList> {
    const found: SimSpaceWeaver.SimulationAppList = []
    for (let NextToken: string | undefined; ; ) {
      const page = await this.#heddle.weaver
        .listApps({ Simulation: this.name, Domain: domain, MaxResults: 100, NextToken })
        .promise()
      found.push(...(page.Apps ?? []))
      NextToken = page.NextToken
      if (NextToken === undefined) return found
    }
  }

  /**
   * Returns the lines of a stream without their times, except the oldest ones of a long stream;
   * none if the stream doesn't exist.
   */
  log(stream: string): string[] {
    const files = [`${stream}.log.old`, `${stream}.log`].map((name) => join(this.#logFolder, name))
    const text = files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('')
    return text
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [line.slice(line.indexOf(' ') + 1)]))
  }

  /** Returns the names of its log streams. */
  streams(): string[] {
    if (!existsSync(this.#logFolder)) return []
    const files = readdirSync(this.#logFolder, { recursive: true, encoding: 'utf8' })
    return files
      .filter((file) => file.endsWith('.log'))
      .map((file) => `/${file.slice(0, -'.log'.length)}`)
  }

  /** Returns the lines of all apps of a domain. */
  output(domain: string): string[] {
    const names = this.streams().filter((name) => name.startsWith(`/domain/${domain}/app/`))
    return names.flatMap((name) => this.log(name))
  }

  errors(): string {
    return this.log('/sim/errors').join('\n')
  }

  /** Waits until /sim/errors contains it: a log may be a moment behind the API. */
  async saysError(pattern: RegExp): Promise<void> {
    await waitFor(
      () => pattern.test(this.errors()),
      () => `${pattern} in /sim/errors of ${this.name}, which says: ${this.errors()}`,
    )
  }

  /** Returns the state hashes logged so far, by tick; needs `hashEvery`. */
  hashes(): Map<number, HashLine> {
    const found = new Map<number, HashLine>()
    for (const line of this.log('/sim/management')) {
      const [, tick, entities, handoffs, stateHash] =
        /^tick=(\d+) entities=(\d+) handoffs=(\d+) state-hash=(\S+)$/.exec(line) ?? []
      if (tick)
        found.set(Number(tick), {
          tick: Number(tick),
          entities: Number(entities),
          handoffs: Number(handoffs),
          stateHash,
        })
    }
    return found
  }

  /** Returns the newest hash; tick 0 if there is none yet. */
  newest(): HashLine {
    const found = [...this.hashes().values()].at(-1)
    return found ?? { tick: 0, entities: 0, handoffs: 0, stateHash: '' }
  }

  /**
   * Waits until a tick is reached, and returns the first hash line from it on; needs `hashEvery`.
   */
  async reaches(tick: number, timeoutMs?: number): Promise<HashLine> {
    return waitFor(
      () => [...this.hashes().values()].find((line) => line.tick >= tick),
      () =>
        `tick ${tick} of ${this.name}; it is at ${this.newest().tick}; errors: ${this.errors()}`,
      timeoutMs,
    )
  }

  /** Waits for this many ticks from now on. */
  async ticksOn(count = 3): Promise<void> {
    await this.reaches(this.newest().tick + count)
  }

  /** Makes a snapshot and returns its key. */
  async snapshot(): Promise<string> {
    const prefix = `of-${this.name}-${Math.random().toString(36).slice(2)}`
    await this.#heddle.weaver
      .createSnapshot({
        Simulation: this.name,
        Destination: { BucketName: this.#heddle.bucket, ObjectKeyPrefix: prefix },
      })
      .promise()
    await this.is('STARTED')
    const [key] = await this.#heddle.keys(prefix)
    if (key === undefined) throw new Error(`no snapshot was made: ${this.errors()}`)
    return key
  }

  /** Returns the world of a snapshot taken now. */
  async world(): Promise<World> {
    return readWorld(await this.#heddle.download(await this.snapshot()))
  }

  processes(): SimulationProcess[] {
    return processesOf(this.executionId)
  }

  /** Waits for the process of an app (other than `not`). */
  async appPid(domain: string, app: string, not?: number): Promise<number> {
    return waitFor(
      () =>
        this.processes().find(
          (process) => process.domain === domain && process.app === app && process.pid !== not,
        ),
      `a process of ${domain}/${app}`,
    ).then(({ pid }) => pid)
  }

  /** Waits for the worker's process. */
  async workerPid(): Promise<number> {
    const isWorker = ({ app }: SimulationProcess) => app === undefined
    return waitFor(() => this.processes().find(isWorker), `a worker of ${this.name}`).then(
      ({ pid }) => pid,
    )
  }

  /** Kills a process, and waits until it is gone. */
  async kill(pid: number): Promise<void> {
    process.kill(pid, 'SIGKILL')
    await waitFor(() => isEnded(pid), `process ${pid} to end`)
  }

  /** Waits until no process and no memory is left. */
  async leavesNothing(): Promise<void> {
    await waitFor(
      () =>
        this.processes().length === 0 &&
        !existsSync(join(this.#heddle.fabricFolder, this.executionId)),
      () =>
        `nothing to be left of ${this.name}; ` +
        `there are processes ${JSON.stringify(this.processes())}`,
    )
  }

  get #logFolder(): string {
    return join(this.#heddle.data, 'logs', 'test', `${this.name}-${this.executionId.slice(0, 8)}`)
  }
}
