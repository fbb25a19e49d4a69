// Brings up the parts of a simulation (source, fabric, clock, apps), and removes what they leave.
// Owns the order of both. The simulation's life decides what follows from it.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ObjectLocation } from '../base/object-location.ts'
import { refuseUnknownApp } from '../core/lifecycle/app-debug.ts'
import { appTimeoutMsOf, refuseUnknownDomains } from '../core/lifecycle/app-timeouts.ts'
import type { LifeEvent } from '../core/lifecycle/life.ts'
import { placeApps } from '../core/schema/placement.ts'
import type { SimulationSchema } from '../core/schema/schema.ts'
import {
  BY_HAND_FOLDER,
  executionFabricFolder,
  logFolderOf,
  RESTORING_FOLDER,
} from '../core/wire/places.ts'
import type { WorkerPlan } from '../core/wire/plan.ts'
import { openFilesMax } from '../io/launch/proc.ts'
import { processLauncher } from '../io/launch/processes.ts'
import { openLogStreams } from '../io/logs/log-streams.ts'
import { listStreams } from '../io/logs/read-logs.ts'
import { openObjects } from '../io/objects/open-objects.ts'
import { removePackages } from '../io/packages/packages.ts'
import { AppPackages, packagesFolder } from './apps/app-packages.ts'
import { Apps } from './apps/apps.ts'
import { Clock } from './clock/clock.ts'
import type { Journal } from './reports/journal.ts'
import { MadeSnapshots } from './snapshots/made-snapshots.ts'
import { requireFiles, StartFailure, startFailure } from './start/start-failure.ts'
import { readStartSource } from './start/start-source.ts'
import { type FabricSetup, setUpFabric } from './start/world-setup.ts'

/**
 * For streams without a log group: bytes before the older part is dropped, and how many streams of
 * ended apps stay.
 */
const UNGROUPED_LOGS = { streamBytesMax: 1024 ** 2, endedAppsMax: 64 }

/** A simulation's world and its sources. */
export interface RunningWorld {
  schema: SimulationSchema
  schemaText: string
  /** The own snapshot that the simulation continues from after a loss. */
  from: ObjectLocation | undefined
  made: MadeSnapshots
  setup: FabricSetup
  clock: Clock
  apps: Apps
}

interface BringUpOptions {
  plan: WorkerPlan
  journal: Journal
  /** Cancels the start. */
  signal: AbortSignal
  hear(event: LifeEvent): void
  /** Called once, when fabric, clock and apps exist, before any app is launched. */
  made(world: RunningWorld): void
}

/** Resolves when all apps are launched. Throws StartFailure, or the signal's reason. */
export async function bringUp(options: BringUpOptions): Promise<void> {
  const { plan, journal, signal, hear } = options
  await using opened = new AsyncDisposableStack()
  const objects = await openObjects(plan.objects)
  opened.defer(() => objects.close())
  if (plan.last) await openLog(plan, journal, plan.last.logGroup)
  const made = new MadeSnapshots(plan.runFolder)
  const source = await readStartSource(plan, objects, {
    made,
    signal,
    passedOver: (reason) => journal.error(reason),
  })
  const { schema, schemaText, packageFolders, snapshot, ownSnapshot } = source
  await describe(schema, options)
  journal.note(`simulation=${plan.simulationName} execution=${plan.executionId} starts`)
  const placement = placeApps(schema, { unitsPerWorker: plan.limits.unitsPerWorker })
  if ('errors' in placement) throw new StartFailure(placement.errors)
  requireFiles(placement.apps.length, openFilesMax())
  const unknownDomain = refuseUnknownDomains(plan.tags.appTimeouts, schema.domains)
  if (unknownDomain !== undefined) throw startFailure('SchemaFormatInvalid', unknownDomain)
  const customs = schema.domains.filter(({ lifecycle }) => lifecycle === 'ByRequest')
  const unknownApp = refuseUnknownApp(
    plan.tags.appDebug,
    placement.apps.map(({ domain, name }) => ({ domain, name })),
    customs.map(({ name }) => name),
  )
  if (unknownApp !== undefined) throw startFailure('SchemaFormatInvalid', unknownApp)
  signal.throwIfAborted()
  const setup = await setUpFabric({
    folder: executionFabricFolder(plan.fabricFolder, plan.executionId),
    simulationName: plan.simulationName,
    executionId: plan.executionId,
    schema,
    placed: placement.apps,
    snapshot,
    limits: plan.limits.fabric,
  })
  await snapshot?.close()
  const clock = createClock(setup, schema, options)
  const packages = new AppPackages(plan)
  const parts = { plan, schema, packages, placement, setup, clock, journal }
  const apps: Apps = new Apps({
    ...parts,
    launcher: processLauncher,
    listener: {
      changed: () => hear({ kind: 'appsChanged', apps: apps.states, areReady: apps.areReady }),
      failed: (app, reason) => hear({ kind: 'appFailed', app, reason }),
    },
  })
  options.made({ schema, schemaText, from: ownSnapshot, made, setup, clock, apps })
  await packages.fetchAll(schema, { objects, packageFolders, signal })
  signal.throwIfAborted()
  await apps.launch(plan.last?.apps ?? [])
}

/** Removes everything of a simulation except its logs, status and snapshots. */
export async function leaveNothing(plan: WorkerPlan): Promise<void> {
  const { executionId, fabricFolder, runFolder } = plan
  await processLauncher.endAll(executionId)
  rmSync(executionFabricFolder(fabricFolder, executionId), { recursive: true, force: true })
  await removePackages(packagesFolder(plan))
  for (const folder of [RESTORING_FOLDER, BY_HAND_FOLDER])
    rmSync(join(runFolder, folder), { recursive: true, force: true })
}

/** Reports what is known as soon as the schema is read. */
async function describe(schema: SimulationSchema, options: BringUpOptions): Promise<void> {
  const { plan, journal, hear } = options
  const { logDestination: logGroup } = schema
  const domains = schema.domains.map(({ name, lifecycle }) => ({ name, lifecycle }))
  hear({ kind: 'described', domains, logGroup })
  if (!plan.last || logGroup !== plan.last.logGroup) await openLog(plan, journal, logGroup)
  for (const { name, image } of schema.domains)
    if (image)
      journal.note(`domain=${name} image=${image} is not used: apps run as processes of this host`)
}

/**
 * Opens the log streams. The user keeps those of a log group. Streams without one are shorter and
 * fewer, and are removed with the simulation.
 */
async function openLog(
  plan: WorkerPlan,
  journal: Journal,
  logGroup: string | undefined,
): Promise<void> {
  const folder = logFolderOf(plan, logGroup)
  if (logGroup !== undefined) return journal.open(openLogStreams(folder))
  const { streamBytesMax, endedAppsMax: endedMax } = UNGROUPED_LOGS
  const left = (await listStreams(folder)).filter((stream) => stream.startsWith('/domain/'))
  const streams = openLogStreams(folder, { limits: { streamBytesMax } })
  journal.open(streams, { endedMax, ended: left })
}

function createClock(
  setup: FabricSetup,
  { domains }: SimulationSchema,
  { plan, journal, hear }: BringUpOptions,
): Clock {
  const { appTimeoutMs, tags } = plan
  const timeoutsMs = domains.map((domain) => appTimeoutMsOf(domain, tags.appTimeouts, appTimeoutMs))
  const clock = new Clock(setup.fabric.control, {
    fabricFolder: setup.folder,
    world: setup.description,
    tickRate: setup.fabric.control.tickRate,
    appTimeoutMs: Math.min(...timeoutsMs.filter((ms) => ms > 0), Number.POSITIVE_INFINITY),
    hashInterval: tags.stateHashInterval,
  })
  clock.on('started', () => hear({ kind: 'clockIs', status: 'STARTED' }))
  clock.on('stopped', () => hear({ kind: 'clockIs', status: 'STOPPED' }))
  clock.on('stateHash', ({ tick, entities, handoffs, stateHash }) => {
    journal.stateHash(
      `tick=${tick} entities=${entities} handoffs=${handoffs} state-hash=${stateHash}`,
    )
  })
  clock.on('damaged', ({ tick, partition, fault }) => {
    const name = setup.fabric.control.partitionName(partition)
    const what = `tick ${tick} of app '${name}' can't be computed from what was committed`
    hear({ kind: 'clockFailed', reason: `${what}: ${fault}` })
  })
  clock.on('failed', (reason) => hear({ kind: 'clockFailed', reason }))
  return clock
}
