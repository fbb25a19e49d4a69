// One simulation from its start to its end: reads what to start, brings up fabric, clock and apps, obeys commands, and takes everything down again.
// Owns the order of these steps and the status; never touches entities, and leaves nothing behind when it ends.

import { rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectLocation } from '../base/object-location.ts'
import { s3Uri } from '../base/s3-uri.ts'
import type { WorldCopy } from '../core/fabric/worker/clock-work.ts'
import { copyBytes } from '../core/fabric/worker/side-columns.ts'
import { appTimeoutMsOf, refuseUnknownDomains } from '../core/lifecycle/app-timeouts.ts'
import { findApp, refuseUnlessCustom } from '../core/lifecycle/apps.ts'
import { restartText } from '../core/lifecycle/lost-worker.ts'
import { emptyStatus } from '../core/lifecycle/simulation.ts'
import { placeApps } from '../core/schema/placement.ts'
import type { SimulationSchema } from '../core/schema/schema.ts'
import { executionFabricFolder, logFolderOf, RESTORING_FOLDER, TICK_FILE } from '../core/wire/places.ts'
import type { WorkerPlan } from '../core/wire/plan.ts'
import type { AppState, Refusal, WorkerAnswer, WorkerCommand, WorkerStatus } from '../core/wire/worker-protocol.ts'
import { openFilesMax } from '../io/launch/proc.ts'
import { killProcesses } from '../io/launch/processes.ts'
import { openLogStreams } from '../io/logs/log-streams.ts'
import { listStreams } from '../io/logs/read-logs.ts'
import { openObjects } from '../io/objects/open-objects.ts'
import { removePackages } from '../io/packages/packages.ts'
import { Apps, packagesFolder } from './apps/apps.ts'
import { Clock } from './clock/clock.ts'
import { Journal } from './reports/journal.ts'
import { readMetrics } from './reports/metrics.ts'
import { StatusBook } from './reports/status-book.ts'
import { AutoSnapshots } from './snapshots/auto-snapshots.ts'
import { MadeSnapshots } from './snapshots/made-snapshots.ts'
import { saveWorld } from './snapshots/saved-world.ts'
import type { SnapshotPlace } from './snapshots/snapshot-place.ts'
import type { SnapshotOutcome } from './snapshots/snapshot-thread.ts'
import { type SnapshotInProgress, Snapshots, simulationHeader } from './snapshots/snapshots.ts'
import { failureOf, requireFiles, StartFailure, startFailure } from './start/start-failure.ts'
import { readStartSource } from './start/start-source.ts'
import { type FabricSetup, setUpFabric } from './start/world-setup.ts'

/** How long a stop waits for the tick that is being computed. */
const lastTickMs = 5_000
const timerMsMax = 2 ** 31 - 1
const noteTickMs = 1_000
/** Bytes of a stream before its older part is let go, and streams of apps that have ended. */
const ungroupedLogs = { streamBytesMax: 1024 ** 2, endedAppsMax: 64 }

export class Simulation {
  readonly #plan: WorkerPlan
  readonly #book: StatusBook
  readonly #journal: Journal
  readonly #startAborted = new AbortController()
  /** The start has done all it will do: apps are launched, or it has failed. */
  readonly #startSettled = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<void>()
  #running: Running | undefined
  #snapshot: SnapshotInProgress | undefined
  readonly #snapshots = new Snapshots()
  /** An app that it needs has failed for good, and the world waits until it is started again. */
  #held = false
  #autoSnapshots: AutoSnapshots | undefined
  #ending: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(plan: WorkerPlan, publish: (status: WorkerStatus) => void) {
    this.#plan = plan
    const begin = plan.last ?? emptyStatus(plan.executionId)
    this.#book = new StatusBook(
      plan.runFolder,
      { ...begin, revision: begin.revision + 1, workerPid: process.pid },
      publish,
    )
    this.#journal = new Journal(() => this.#tick)
  }

  get status(): WorkerStatus {
    const { status } = this.#book
    return { ...status, tick: this.#tick }
  }

  /** The newest committed tick. */
  get #tick(): number {
    return this.#running?.setup.fabric.control.committedTick ?? this.#book.status.tick
  }

  /** Resolves when the simulation has ended and nothing of it is left but its status and its logs. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  async start(): Promise<void> {
    try {
      await this.#start().finally(() => this.#startSettled.resolve())
    } catch (cause) {
      if (this.#ending) return
      await this.#fail(failureOf(cause))
    }
  }

  async obey(command: WorkerCommand): Promise<WorkerAnswer> {
    if (command.command === 'metrics' && this.#running && !this.#ending)
      return { metrics: readMetrics(this.#plan, this.status, this.#running.setup) }
    const refusal = await this.#obey(command)
    return refusal ? { refusal } : { status: this.status }
  }

  /** Stops the simulation, whatever it is doing. */
  stop(): Promise<void> {
    this.#ending ??= this.#stop()
    return this.#ending
  }

  async #start(): Promise<void> {
    const plan = this.#plan
    const objects = await openObjects(plan.objects)
    try {
      if (plan.last) await this.#openLog(plan.last.logGroup)
      const made = new MadeSnapshots(plan.runFolder)
      const { schema, schemaText, packageFolders, snapshot, ownSnapshot } = await readStartSource(plan, objects, {
        made,
        signal: this.#startAborted.signal,
        passedOver: (reason) => this.#journal.error(reason),
      })
      await this.#describe(schema)
      this.#journal.note(`simulation=${plan.simulationName} execution=${plan.executionId} starts`)
      const { limits } = plan
      const placement = placeApps(schema, { unitsPerWorker: limits.unitsPerWorker })
      if ('errors' in placement) throw new StartFailure(placement.errors)
      requireFiles(placement.apps.length, openFilesMax())
      const unknownDomain = refuseUnknownDomains(plan.tags.appTimeouts, schema.domains)
      if (unknownDomain !== undefined) throw startFailure('SchemaFormatInvalid', unknownDomain)
      this.#startAborted.signal.throwIfAborted()
      const folder = executionFabricFolder(plan.fabricFolder, plan.executionId)
      const setup = await setUpFabric({
        folder,
        simulationName: plan.simulationName,
        executionId: plan.executionId,
        schema,
        placed: placement.apps,
        snapshot,
        limits: limits.fabric,
      })
      await snapshot?.close()
      const clock = this.#createClock(setup, schema)
      const apps = new Apps({
        plan,
        schema,
        packageFolders,
        placement,
        setup,
        clock,
        objects,
        journal: this.#journal,
        listener: { changed: () => this.#appsChanged(), failed: (app, reason) => void this.#appFailed(app, reason) },
      })
      this.#running = { schema, schemaText, ownSnapshot, made, setup, clock, apps }
      this.#noteTicks()
      await apps.fetchPackages(plan.last?.packages ?? {}, this.#startAborted.signal)
      this.#startAborted.signal.throwIfAborted()
      await apps.launch(plan.last?.apps ?? [])
      this.#startAutoSnapshots()
      this.#armTimer()
    } finally {
      await objects.close()
    }
  }

  /** What is known once the schema is read. */
  async #describe(schema: SimulationSchema): Promise<void> {
    const { last } = this.#plan
    this.#book.change({
      domains: schema.domains.map(({ name, lifecycle }) => ({ name, lifecycle })),
      logGroup: schema.logDestination,
    })
    if (!last || schema.logDestination !== last.logGroup) await this.#openLog(schema.logDestination)
    for (const { name, image } of schema.domains)
      if (image) this.#journal.note(`domain=${name} image=${image} is not used: apps run as processes of this host`)
  }

  /** Streams of a log group are the user's to keep; those of none go with the simulation, and are fewer and shorter. */
  async #openLog(logGroup: string | undefined): Promise<void> {
    const folder = logFolderOf(this.#plan, logGroup)
    if (logGroup !== undefined) return this.#journal.open(openLogStreams(folder))
    const left = (await listStreams(folder)).filter((stream) => stream.startsWith('/domain/'))
    const limits = { streamBytesMax: ungroupedLogs.streamBytesMax }
    this.#journal.open(openLogStreams(folder, { limits }), { endedMax: ungroupedLogs.endedAppsMax, ended: left })
  }

  #createClock(setup: FabricSetup, { domains }: SimulationSchema): Clock {
    const { appTimeoutMs, tags } = this.#plan
    const timeoutsMs = domains.map((domain) => appTimeoutMsOf(domain, tags.appTimeouts, appTimeoutMs))
    const clock = new Clock(setup.fabric.control, setup.controlSegment, {
      fabricFolder: setup.folder,
      world: setup.description,
      tickRate: setup.fabric.control.tickRate,
      appTimeoutMs: Math.min(...timeoutsMs.filter((ms) => ms > 0), Number.POSITIVE_INFINITY),
      hashInterval: tags.stateHashInterval,
    })
    clock.on('started', () => this.#clockIs('STARTED'))
    clock.on('stopped', () => this.#clockIs('STOPPED'))
    clock.on('stateHash', ({ tick, entities, handoffs, stateHash }) => {
      this.#journal.stateHash(`tick=${tick} entities=${entities} handoffs=${handoffs} state-hash=${stateHash}`)
    })
    clock.on(
      'failed',
      (error) => void this.#fail(startFailure('InternalError', `the clock failed: ${error.stack}`, error)),
    )
    return clock
  }

  #clockIs(status: 'STARTED' | 'STOPPED'): void {
    const { clock } = this.#book.status
    if (this.#ending || clock.targetStatus !== status) return
    this.#book.change({ clock: { ...clock, status } })
    this.#journal.note(`clock=${status}`)
  }

  #appsChanged(): void {
    if (!this.#running) return
    const { apps } = this.#running
    this.#book.change({ apps: apps.states })
    if (this.#held) this.#lookAfterHeld(apps.states)
    if (this.#book.status.status !== 'STARTING' || this.#ending || !apps.areReady) return
    this.#book.change({ status: 'STARTED' })
    this.#journal.note('simulation=STARTED')
    if (this.#plan.last) this.#comeBack(this.#running)
    this.#armTimer()
  }

  /** In the place of a worker that was lost: says what that has cost, and lets the clock run again. */
  #comeBack({ ownSnapshot, clock }: Running): void {
    const { restarts = [], clock: wish } = this.#book.status
    const lost = restarts.at(-1)
    if (lost) {
      const tick = this.#tick
      const back = { tick, ...(ownSnapshot && { from: { bucket: ownSnapshot.bucket, key: ownSnapshot.key } }) }
      const restart = { ...lost, lostAtTick: Math.max(lost.lostAtTick, tick), back }
      this.#book.change({ restarts: restarts.with(-1, restart) })
      this.#journal.error(`${restartText(restart)}; why: ${lost.reason}`)
    }
    if (wish.targetStatus === 'STARTED') clock.start()
  }

  /** For whoever is to say what a loss has cost. After a loss of memory, too, there is then a tick. */
  #noteTicks(): void {
    if (!this.#plan.tags.restartOnLoss) return
    const file = join(this.#plan.runFolder, TICK_FILE)
    const note = () =>
      writeFile(file, String(this.#tick)).catch((cause: Error) => this.#journal.error(`${TICK_FILE}: ${cause.message}`))
    void note()
    setInterval(() => void note(), noteTickMs).unref()
  }

  async #appFailed(app: AppState, reason: string): Promise<void> {
    if (this.#ending) return
    if (this.#book.status.status === 'STARTING') return this.#fail(appFailure(app, reason))
    if (this.#plan.tags.onAppFailure === 'hold') return this.#hold(app)
    await this.#fail(appFailure(app, reason), () =>
      saveWorld(this.#plan, {
        write: (place) => this.#writeSnapshot(place),
        cancel: () => this.#snapshot?.cancel(),
        failed: (message) => this.#journal.error(message),
      }),
    )
  }

  /** The tick that waits for the app is never ended: the world stays as it was committed last, until the app is started again. */
  #hold({ domain, name }: AppState): void {
    const { apps, clock } = this.#book.status
    this.#held = true
    this.#book.change({ clock: { ...clock, status: 'STOPPED' } })
    this.#lookAfterHeld(apps)
    this.#journal.error(
      `simulation is held for app=${name} domain=${domain}: 'heddle app restart ${this.#plan.simulationName} ${domain} ${name}' lets it go on`,
    )
  }

  /** Says for whom it is held, and lets it go on once there is nobody any more. */
  #lookAfterHeld(apps: readonly AppState[]): void {
    const needed = apps.filter(({ lifecycle }) => lifecycle !== 'ByRequest')
    const failed = needed.filter(({ failure }) => failure !== undefined)
    this.#held = needed.some(({ status }) => status !== 'STARTED')
    const startErrors = failed.flatMap((app) => appFailure(app, app.failure!).errors)
    const { clock } = this.#book.status
    this.#book.change({ startErrors, ...(!this.#held && { clock: { ...clock, status: clock.targetStatus } }) })
    if (!this.#held) this.#journal.note('simulation goes on')
  }

  async #obey(command: WorkerCommand): Promise<Refusal | undefined> {
    if (command.command === 'status' || command.command === 'metrics') return undefined
    if (command.command === 'stop') {
      void this.stop()
      return undefined
    }
    const refusal = this.#refuseNow(command)
    if (refusal) return refusal
    const { apps, clock } = this.#running!
    switch (command.command) {
      case 'startClock':
        return this.#setClock('STARTED', () => clock.start())
      case 'stopClock':
        return this.#setClock('STOPPED', () => clock.stop())
      case 'startApp':
        return apps.startCustom(command)
      case 'stopApp':
        void apps.stopCustom(command.domain, command.name)
        return undefined
      case 'deleteApp':
        apps.deleteCustom(command.domain, command.name)
        return undefined
      case 'restartApp':
        return this.#restartApp(command)
      case 'createSnapshot':
        void this.#createSnapshot(command.location, false)
        return undefined
    }
  }

  async #restartApp({ domain, name, package: location }: RestartApp): Promise<Refusal | undefined> {
    const refusal = await this.#running!.apps.restart(domain, name, location)
    if (refusal) return refusal
    if (location !== undefined) this.#book.change({ packages: { ...this.#book.status.packages, [domain]: location } })
    this.#journal.note(
      `app=${name} domain=${domain} is started again${location === undefined ? '' : ` from ${location}`}`,
    )
    return undefined
  }

  #refuseNow(command: WorkerCommand): Refusal | undefined {
    const { status, snapshot } = this.#book.status
    const name = this.#plan.simulationName
    if (this.#ending || (status !== 'STARTED' && status !== 'SNAPSHOT_IN_PROGRESS')) {
      return {
        error: 'ConflictException',
        message: `simulation '${name}' is ${this.#ending ? 'STOPPING' : status}, not STARTED`,
      }
    }
    if (command.command === 'createSnapshot' && snapshot)
      return { error: 'ConflictException', message: `a snapshot of simulation '${name}' is being made already` }
    if (this.#held && (command.command === 'startClock' || command.command === 'startApp'))
      return {
        error: 'ConflictException',
        message: `simulation '${name}' is held, because an app that it needs is in ERROR: start that again with 'heddle app restart'`,
      }
    if (command.command !== 'stopApp' && command.command !== 'deleteApp' && command.command !== 'restartApp')
      return undefined
    const found = findApp(
      { name, targetStatus: 'STARTED', workerStatus: this.#book.status },
      command.domain,
      command.name,
    )
    if ('refusal' in found) return found.refusal
    if (command.command === 'restartApp') {
      if (found.app.status === 'ERROR') return undefined
      const message = `app '${command.name}' is ${found.app.status}: only an app in ERROR is started again`
      return { error: 'ConflictException', message }
    }
    const refusal = refuseUnlessCustom(found.app, command.command === 'stopApp' ? 'StopApp' : 'DeleteApp')
    if (refusal || command.command === 'stopApp') return refusal
    if (found.app.status === 'STOPPED' || found.app.status === 'ERROR') return undefined
    return {
      error: 'ConflictException',
      message: `app '${command.name}' is ${found.app.status}: stop it before you delete it`,
    }
  }

  #setClock(target: 'STARTED' | 'STOPPED', act: () => void): undefined {
    const { clock } = this.#book.status
    if (clock.targetStatus === target) return undefined
    const running = target === 'STARTED' ? 'STARTING' : 'STOPPING'
    this.#book.change({ clock: { status: this.#held ? 'STOPPED' : running, targetStatus: target } })
    act()
    return undefined
  }

  /** True where the object is there. */
  async #createSnapshot(location: ObjectLocation, isAutomatic: boolean, copy?: WorldCopy): Promise<boolean> {
    this.#book.change({ status: 'SNAPSHOT_IN_PROGRESS', snapshot: { location, tick: copy?.tick ?? this.#tick } })
    const copied = (tick: number) => this.#book.change({ snapshot: { location, tick } })
    const place = { objects: this.#plan.objects, location }
    const report = await this.#writeSnapshot(place, { isAutomatic, copied, copy })
    if (this.#ending) return false
    const { tick } = this.#book.status.snapshot!
    const where = s3Uri(location)
    if ('error' in report) this.#journal.error(`snapshot=${where} failed: ${report.error}`)
    else
      this.#journal.note(
        `snapshot=${where} snapshot-tick=${tick} entities=${report.entities} bytes=${report.bytes} state-hash=${report.stateHash}`,
      )
    const lastSnapshot =
      'error' in report ? { location, tick, bytes: 0, error: report.error } : { location, tick, bytes: report.bytes }
    this.#book.change({ status: 'STARTED', snapshot: undefined, lastSnapshot })
    this.#armTimer()
    return !('error' in report)
  }

  async #writeSnapshot(
    place: SnapshotPlace,
    { isAutomatic = false, copied = () => undefined, copy }: WriteOptions = {},
  ): Promise<SnapshotOutcome> {
    const running = this.#running!
    const header = simulationHeader(this.#plan, running, this.#book.status.apps)
    const location = 'location' in place ? place.location : undefined
    try {
      if (location) running.made.add({ ...location, isAutomatic })
      this.#snapshot = this.#snapshots.start({
        header,
        place,
        copyBytes: copyBytes(running.setup.fabric, this.#tick),
        isCopied: copy !== undefined,
        copyInto: async (room) => copy ?? running.clock.copyState(room),
        copied,
      })
      const report = await this.#snapshot.finished
      this.#snapshot = undefined
      if ('error' in report && location) running.made.forget(location)
      return report
    } catch (cause) {
      return { error: (cause as Error).message }
    }
  }

  /** Where the tags ask for it. */
  #startAutoSnapshots(): void {
    const { simulationName, objects, tags } = this.#plan
    if (!tags.snapshots) return
    this.#autoSnapshots = new AutoSnapshots({
      simulationName,
      rhythm: tags.snapshots,
      objects,
      made: this.#running!.made,
      tick: () => this.#tick,
      copyAt: (ticks) => this.#running!.clock.copyState(new SharedArrayBuffer(0), ticks),
      take: (location, copy) =>
        this.#refuseNow({ command: 'createSnapshot', location })
          ? undefined
          : this.#createSnapshot(location, true, copy),
      failed: (message) => this.#journal.error(message),
    })
  }

  /** The maximum duration ends the simulation, but neither its start nor a snapshot. */
  #armTimer(): void {
    clearTimeout(this.#timer)
    if (this.#ending || this.#book.status.status !== 'STARTED') return
    const leftMs = this.#plan.createdAtMs + this.#plan.maximumDurationMs - Date.now()
    this.#timer = setTimeout(
      () => {
        if (leftMs > timerMsMax) this.#armTimer()
        else if (this.#book.status.status === 'STARTED') {
          this.#journal.note('the maximum duration is over')
          void this.stop()
        }
      },
      Math.min(Math.max(0, leftMs), timerMsMax),
    )
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#startAborted.abort(new Error('the simulation is stopped'))
    this.#book.change({ status: 'STOPPING' })
    this.#journal.note('simulation=STOPPING')
    await this.#startSettled.promise
    await this.#cancelSnapshot()
    if (this.#running) {
      const { clock, apps } = this.#running
      const finished = clock.finish(this.#held)
      const late = setTimeout(() => void clock.finish(true), lastTickMs)
      await finished
      clearTimeout(late)
      await apps.shutDownAll()
    }
    await this.#leaveNothing()
    await this.#end({ status: 'STOPPED' })
  }

  /** `save` is called before anything ends; the place that it gives is named with the failure. */
  #fail(failure: StartFailure, save?: () => Promise<string | undefined>): Promise<void> {
    this.#ending ??= this.#failNow(failure, save)
    return this.#ending
  }

  async #failNow(failure: StartFailure, save?: () => Promise<string | undefined>): Promise<void> {
    clearTimeout(this.#timer)
    this.#startAborted.abort(failure)
    await this.#cancelSnapshot()
    const savedWorld = await save?.()
    const saved = savedWorld === undefined ? '' : `; the world as of tick ${this.#tick} is saved as ${savedWorld}`
    this.#journal.error(`simulation=FAILED ${failure.message}${saved}`)
    if (this.#running) {
      const { clock, apps } = this.#running
      await apps.abandonAll()
      await clock.finish(true)
    }
    await this.#leaveNothing()
    await this.#end({
      status: 'FAILED',
      startErrors: failure.errors.map((error) => ({
        ...error,
        errorMessage: `${error.errorMessage}${saved}`,
        ...(savedWorld !== undefined && { savedWorld }),
      })),
    })
  }

  async #cancelSnapshot(): Promise<void> {
    this.#autoSnapshots?.stop()
    this.#snapshot?.cancel()
    await this.#snapshot?.finished
  }

  /** Nothing of a simulation outlives it but its logs, its status and its snapshots. */
  async #leaveNothing(): Promise<void> {
    const { executionId, fabricFolder, runFolder } = this.#plan
    await killProcesses(executionId)
    rmSync(executionFabricFolder(fabricFolder, executionId), { recursive: true, force: true })
    await removePackages(packagesFolder(this.#plan))
    rmSync(join(runFolder, RESTORING_FOLDER), { recursive: true, force: true })
  }

  /** The logs are whole before the end is shown: who hears of it finds the reason there. */
  async #end(patch: Partial<WorkerStatus>): Promise<void> {
    const tick = this.status.tick
    this.#journal.note(`simulation=${patch.status}`)
    await this.#journal.close()
    this.#book.change({
      ...patch,
      tick,
      snapshot: undefined,
      clock: { status: 'STOPPED', targetStatus: 'STOPPED' },
      apps: this.#running?.apps.states ?? [],
    })
    this.#book.flush()
    this.#ended.resolve()
  }
}

type RestartApp = Extract<WorkerCommand, { command: 'restartApp' }>

interface WriteOptions {
  isAutomatic?: boolean
  /** Told the tick that the snapshot is of. */
  copied?(tick: number): void
  /** Of the world, where there is one already. */
  copy?: WorldCopy | undefined
}

function appFailure({ name, domain }: AppState, reason: string): StartFailure {
  return startFailure('AppFailed', `app '${name}' of domain '${domain}' failed again and again: ${reason}`)
}

interface Running {
  schema: SimulationSchema
  schemaText: string
  /** That it goes on from, after a loss. */
  ownSnapshot: ObjectLocation | undefined
  made: MadeSnapshots
  setup: FabricSetup
  clock: Clock
  apps: Apps
}
