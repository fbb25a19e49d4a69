// All apps of a simulation: those that the schema starts and those that callers start.
// Owns their ports and partitions. Its listener decides what an app's failure means.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { PortMapping } from '../../base/port-mapping.ts'
import { isStartedByHand } from '../../core/lifecycle/app-debug.ts'
import { appTimeoutMsOf } from '../../core/lifecycle/app-timeouts.ts'
import { failureLimits } from '../../core/limits.ts'
import { type FreeUnits, type Placement, placeCustomApp } from '../../core/schema/placement.ts'
import type { CustomDomain, Domain, SimulationSchema } from '../../core/schema/schema.ts'
import { BY_HAND_FOLDER } from '../../core/wire/places.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import type { AppState, Refusal } from '../../core/wire/worker-protocol.ts'
import type { Launcher } from '../../io/launch/launcher.ts'
import { PortReservations } from '../../io/launch/ports.ts'
import type { Clock } from '../clock/clock.ts'
import type { Journal } from '../reports/journal.ts'
import { type FabricSetup, partitionKey } from '../start/world-setup.ts'
import { App, type AppListener } from './app.ts'
import type { AppPackages } from './app-packages.ts'
import { portsWantedByOthers } from './wanted-ports.ts'

const ATTACH_POLL_MS = 10

interface AppsListener {
  /** Any app's state changed. */
  changed(): void
  /** A spatial or service app failed for good: the simulation cannot continue. */
  failed(app: AppState, reason: string): void
}

/** The options of StartApp. */
interface CustomAppOptions {
  domain: string
  name: string
  description?: string
  launchCommands?: string[]
}

interface AppsOptions {
  plan: WorkerPlan
  schema: SimulationSchema
  /** Packages are fetched before any app is launched. */
  packages: AppPackages
  placement: Placement
  setup: FabricSetup
  clock: Clock
  journal: Journal
  launcher: Launcher
  listener: AppsListener
}

export class Apps {
  readonly #options: AppsOptions
  readonly #apps = new Map<string, App>()
  readonly #workerOf = new Map<string, string>()
  readonly #poll: NodeJS.Timeout
  readonly #freeUnits: Map<string, number>
  readonly #ports = new PortReservations()
  readonly #preparing = new Map<App, Promise<void>>()

  constructor(options: AppsOptions) {
    this.#options = options
    this.#freeUnits = new Map<string, number>(options.placement.freeUnits as FreeUnits)
    this.#poll = setInterval(() => this.#checkAttached(), ATTACH_POLL_MS)
    options.clock.on('refused', (refusal) => {
      for (const app of this.#apps.values())
        if (app.partition === refusal.partition) app.refuse(refusal)
    })
    options.clock.on('late', ({ tick, forMs, partitions }) => {
      for (const app of this.#apps.values())
        if (partitions.includes(app.partition)) app.checkLate(tick, forMs)
    })
  }

  get states(): AppState[] {
    return [...this.#apps.values()].map((app) => app.state)
  }

  /** Launches all spatial and service apps, and the custom apps that ran under a lost worker. */
  async launch(before: readonly AppState[]): Promise<void> {
    const { placement, schema, setup, journal } = this.#options
    const had = await this.#takeBack(before)
    const portsOf = (domain: string, name: string) => had.get(partitionKey(domain, name))
    const customs = before.filter(({ lifecycle }) => lifecycle === 'ByRequest')
    const again = customs.map((app) => this.#enlistCustom(app, portsOf(app.domain, app.name)))
    for (const { domain: domainName, name, workerId } of placement.apps) {
      const domain = schema.domains.find((candidate) => candidate.name === domainName)!
      const partition = setup.partitions.get(partitionKey(domainName, name))!
      const stream =
        domain.lifecycle === 'BySpatialSubdivision'
          ? `/domain/${domainName}/app/worker-${workerId}/${name}`
          : `/domain/${domainName}/app/${name}/${randomId()}`
      const ports = portsOf(domainName, name) ?? (await this.#reservePorts(domain))
      this.#add(domain, { name, partition, stream, ports, command: domain.launchCommand })
    }
    this.#options.listener.changed()
    for (const app of this.#apps.values()) if (app.state.lifecycle !== 'ByRequest') app.launch()
    for (const [index, custom] of again.entries()) {
      const refusal = 'refusal' in custom ? custom.refusal : await this.#launchCustom(custom.app)
      if (refusal)
        this.#ports.release(
          portsOf(customs[index].domain, customs[index].name)?.map(actualOf) ?? [],
        )
      if (refusal) journal.error(`an app is not started again: ${refusal.message}`)
    }
  }

  /**
   * Reserves the ports that apps had under a lost worker, by the app's key. This comes before any
   * app gets other ports.
   */
  async #takeBack(before: readonly AppState[]): Promise<Map<string, PortMapping[]>> {
    const taken = new Map<string, PortMapping[]>()
    const apps = before.filter(({ endpoint }) => endpoint !== undefined)
    const theirs = apps.flatMap(({ endpoint }) => endpoint!.ports.map(({ actual }) => actual))
    for (const { domain: domainName, name, endpoint } of apps) {
      const domain = this.#options.schema.domains.find((candidate) => candidate.name === domainName)
      if (!domain) continue
      const ports = await this.#reservePorts(domain, { before: endpoint!.ports, theirs })
      taken.set(partitionKey(domainName, name), ports)
      const others = ports.filter(({ actual }) => !theirs.includes(actual))
      for (const { declared, actual } of others)
        this.#options.journal.error(
          `app=${name} domain=${domainName} has port ${actual} for ${declared} now: ` +
            'the one that it had is taken',
        )
    }
    return taken
  }

  async #reservePorts(
    { ingressPorts }: Domain,
    {
      before = [],
      theirs = [],
    }: { before?: readonly PortMapping[]; theirs?: readonly number[] } = {},
  ): Promise<PortMapping[]> {
    if (ingressPorts.length === 0) return []
    const others = await portsWantedByOthers(this.#options.plan)
    return this.#ports.reserve(ingressPorts, { before, wanted: new Set([...others, ...theirs]) })
  }

  /** All spatial and service apps have attached, and no custom app is starting. */
  get areReady(): boolean {
    return this.states.every(
      ({ status, lifecycle }) =>
        status === 'STARTED' || (lifecycle === 'ByRequest' && status !== 'STARTING'),
    )
  }

  async startCustom(options: CustomAppOptions): Promise<Refusal | undefined> {
    const enlisted = this.#enlistCustom(options)
    if ('refusal' in enlisted) return enlisted.refusal
    this.#options.listener.changed()
    return this.#launchCustom(enlisted.app)
  }

  /** Restarts an app in ERROR. `packageText` gives the whole domain another package. */
  async restart(domain: string, name: string, packageText?: string): Promise<Refusal | undefined> {
    const app = this.#apps.get(partitionKey(domain, name))!
    if (packageText !== undefined) {
      const { packages } = this.#options
      const refusal = await packages.move(domain, packageText)
      if (refusal) return refusal
      const workingFolder = packages.folderOf(domain)
      for (const each of this.#apps.values())
        if (each.state.domain === domain) each.use({ workingFolder })
    }
    // The app may have been restarted or deleted while the package was fetched.
    if (app.state.status === 'ERROR') app.restart()
    return undefined
  }

  #enlistCustom(
    options: CustomAppOptions,
    ports: PortMapping[] = [],
  ): { app: App } | { refusal: Refusal } {
    const { schema, setup } = this.#options
    const domain = schema.domains.find((candidate) => candidate.name === options.domain)
    if (!domain)
      return refused('ValidationException', `the simulation has no domain '${options.domain}'`)
    if (domain.lifecycle !== 'ByRequest') {
      return refused(
        'ValidationException',
        `domain '${options.domain}' is no custom domain: ` +
          'the simulation itself starts and stops its apps',
      )
    }
    const key = partitionKey(options.domain, options.name)
    if (this.#apps.has(key)) {
      return refused(
        'ConflictException',
        `domain '${options.domain}' has an app '${options.name}' already: ` +
          'stop and delete it first, or take another name',
      )
    }
    const workerId = this.#takeUnits(domain)
    if (workerId === undefined) {
      const free = Math.max(0, ...this.#freeUnits.values())
      return refused(
        'ServiceQuotaExceededException',
        `an app of domain '${options.domain}' takes ${domain.resourceUnits} ` +
          `compute resource units; a worker has ${free} left at most`,
      )
    }
    this.#workerOf.set(key, workerId)
    const app = this.#add(domain, {
      ...options,
      // A partition from a snapshot waits for the app with its name.
      partition: setup.partitions.get(key) ?? NO_PARTITION,
      stream: `/domain/${options.domain}/app/${options.name}/${randomId()}`,
      ports,
      command: options.launchCommands?.length ? options.launchCommands : domain.launchCommand,
    })
    return { app }
  }

  async #launchCustom(app: App): Promise<Refusal | undefined> {
    const prepared = this.#prepare(app)
    this.#preparing.set(app, prepared)
    try {
      await prepared
    } catch (cause) {
      this.#retire(app)
      this.#forget(app)
      this.#options.listener.changed()
      const message = `no room for another app: ${(cause as Error).message}`
      return { error: 'ServiceQuotaExceededException', message }
    } finally {
      this.#preparing.delete(app)
    }
    // The simulation and its apps may have ended meanwhile.
    if (app.state.status === 'STARTING') app.launch()
    return undefined
  }

  /** Shuts a custom app down, by force after the grace period. Resolves when it has ended. */
  async stopCustom(domain: string, name: string): Promise<void> {
    const key = partitionKey(domain, name)
    const app = this.#apps.get(key)!
    // An app without a partition cannot be told to shut down.
    await this.#preparing.get(app)?.catch(() => undefined)
    if (this.#apps.get(key) !== app) return
    if (app.state.status === 'STOPPING' || app.state.status === 'STOPPED') return
    const { clock } = this.#options
    clock.shutDownApp(app.partition)
    await app.shutDown(failureLimits.shutdownGraceMs)
    this.#retire(app)
  }

  /** Gets a custom app's partition and ports. Throws if there is no room for them. */
  async #prepare(app: App): Promise<void> {
    const { domain: domainName, name } = app.options
    const { schema, setup, clock } = this.#options
    if (app.partition === NO_PARTITION) {
      const domainIndex = setup.fabric.world.domainIndex(domainName)
      const partition = await clock.addPartition(domainIndex, name)
      app.use({ partition })
      setup.partitions.set(partitionKey(domainName, name), partition)
    }
    const domain = schema.domains.find((candidate) => candidate.name === domainName)!
    if (app.ports.length === 0) app.use({ ports: await this.#reservePorts(domain) })
  }

  deleteCustom(domain: string, name: string): void {
    const app = this.#apps.get(partitionKey(domain, name))!
    this.#retire(app)
    this.#forget(app)
    this.#options.listener.changed()
  }

  /** Waits for the end of all apps, which were told to shut down through the fabric. */
  async shutDownAll(): Promise<void> {
    clearInterval(this.#poll)
    await Promise.all(
      [...this.#apps.values()]
        .filter(isAlive)
        .map((app) => app.shutDown(failureLimits.shutdownGraceMs)),
    )
    this.#ports.releaseAll()
  }

  async abandonAll(): Promise<void> {
    clearInterval(this.#poll)
    await Promise.all([...this.#apps.values()].filter(isAlive).map((app) => app.abandon()))
    this.#ports.releaseAll()
  }

  #add(
    domain: Domain,
    options: {
      name: string
      partition: number
      stream: string
      ports: PortMapping[]
      command: readonly string[]
      description?: string
      launchCommands?: string[]
    },
  ): App {
    const { plan, packages, setup, journal, launcher } = this.#options
    const { name, partition, ports, command, description, launchCommands } = options
    const byHand = isStartedByHand(plan.tags.appDebug, { domain: domain.name, name })
      ? join(plan.runFolder, BY_HAND_FOLDER, `${domain.name}.${name}`)
      : undefined
    const app = new App(
      {
        launcher,
        byHand,
        domain: domain.name,
        name,
        lifecycle: domain.lifecycle,
        partition,
        command,
        workingFolder: packages.folderOf(domain.name),
        closedFolders: plan.closedFolders,
        executionId: plan.executionId,
        simulation: plan.simulationName,
        fabricFolder: setup.folder,
        ports,
        timeoutMs: appTimeoutMsOf(domain, plan.tags.appTimeouts, plan.appTimeoutMs),
        description,
        launchCommands,
        stream: options.stream,
        onOutput: journal.appOutput(options.stream),
      },
      setup.fabric,
      this.#appListener,
    )
    this.#apps.set(partitionKey(domain.name, name), app)
    return app
  }

  readonly #appListener: AppListener = {
    attached: (app) => {
      this.#options.clock.join(app.partition)
      this.#options.journal.note(
        `app=${app.state.name} domain=${app.state.domain} ${app.place} attached`,
      )
    },
    changed: () => this.#options.listener.changed(),
    waits: (app, script, reason) => {
      const what = `app=${app.state.name} domain=${app.state.domain}`
      if (reason !== undefined) this.#options.journal.error(`${what} failed: ${reason}`)
      this.#options.journal.note(`${what} waits to be started by hand: ${script}`)
    },
    restarting: (app, reason, pauseMs) => {
      this.#options.journal.error(
        `app=${app.state.name} domain=${app.state.domain} failed: ${reason}; it is started again ` +
          `after ${pauseMs / 1000} s with its partition as of the last commit`,
      )
    },
    failed: (app, reason) => {
      this.#options.journal.error(
        `app=${app.state.name} domain=${app.state.domain} failed for good: ${reason}`,
      )
      if (app.state.lifecycle === 'ByRequest') this.#options.clock.leave(app.partition)
      else this.#options.listener.failed(app.state, reason)
    },
    ended: (app) => {
      this.#options.journal.note(`app=${app.state.name} domain=${app.state.domain} ended by itself`)
      this.#options.clock.leave(app.partition)
      this.#retire(app)
    },
  }

  /** Cleans up after an app's last process: removes its entities, and frees its ports and units. */
  #retire(app: App): void {
    const key = partitionKey(app.state.domain, app.state.name)
    const { setup, clock } = this.#options
    if (setup.partitions.get(key) === app.partition) {
      setup.partitions.delete(key)
      clock.removePartition(app.partition)
    }
    this.#ports.release(app.ports.map(actualOf))
    app.use({ ports: [] })
    this.#options.journal.appEnded(app.options.stream)
    const workerId = this.#workerOf.get(key)
    if (workerId === undefined) return
    this.#workerOf.delete(key)
    this.#freeUnits.set(workerId, this.#freeUnits.get(workerId)! + this.#unitsOf(app.state.domain))
  }

  #forget(app: App): void {
    this.#apps.delete(partitionKey(app.state.domain, app.state.name))
  }

  #takeUnits(domain: CustomDomain): string | undefined {
    const workerId = placeCustomApp(this.#freeUnits, domain.resourceUnits)
    if (workerId !== undefined)
      this.#freeUnits.set(workerId, this.#freeUnits.get(workerId)! - domain.resourceUnits)
    return workerId
  }

  #unitsOf(domainName: string): number {
    return this.#options.schema.domains.find((domain) => domain.name === domainName)!.resourceUnits
  }

  #checkAttached(): void {
    for (const app of this.#apps.values()) app.checkAttached()
  }
}

function actualOf({ actual }: PortMapping): number {
  return actual
}

function isAlive(app: App): boolean {
  return app.state.status !== 'STOPPED' && app.state.status !== 'ERROR'
}

/** The partition of an app that does not have one yet. */
const NO_PARTITION = -1

function randomId(): string {
  return randomBytes(6).toString('hex')
}

function refused(error: Refusal['error'], message: string): { refusal: Refusal } {
  return { refusal: { error, message } }
}
