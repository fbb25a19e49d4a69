// Control as a whole: opens store, objects, supervision and operations in the order they need.
// Owns that order; never listens on a port (server.ts does).

import { createHmac, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import type { Logger } from 'pino'
import type { Objects } from '../io/objects/objects.ts'
import { openObjects } from '../io/objects/open-objects.ts'
import { makeFabricFolder } from '../io/shm/fabric-folder.ts'
import { openSqliteStore } from '../io/store/sqlite-store.ts'
import type { SimulationRecord, Store } from '../io/store/store.ts'
import type { WorkerHost } from '../joints/worker-host/worker-host.ts'
import { clearRegularly } from './clear-objects.ts'
import { type ControlConfig, type Environment, objectsConfig } from './config.ts'
import { type Credentials, loadCredentials } from './credentials.ts'
import { type DataFolder, dataFolder, hostOf, makeDataFolder } from './data-folder.ts'
import type { OperationHandlers } from './http/handlers.ts'
import { KeptFiles, withKeptFiles } from './kept-files.ts'
import { type Lock, takeLock } from './lock.ts'
import { TOKEN_AGE_MS_MAX } from './operations/idempotency.ts'
import { operationHandlers } from './operations/operations.ts'
import { findStrays, StraysError } from './supervision/strays.ts'
import { SUPERVISION_LIMITS, type Supervision } from './supervision/supervision.ts'
import { Supervisor } from './supervision/supervisor.ts'

export interface Control {
  config: ControlConfig
  data: DataFolder
  lock: Lock
  credentials: Credentials
  store: Store
  objects: Objects
  supervisor: Supervisor
  supervision: Supervision
  handlers: OperationHandlers
  /** Closes everything; simulations keep running. */
  close(): Promise<void>
}

export interface ControlOptions {
  log: Logger
  environment: Environment
  /** A program that replaces the real worker, for tests. */
  workerProgram?: string
  /** Wraps the store, for tests that end control at a write. */
  wrapStore?: (store: Store) => Store
  limits?: Partial<typeof SUPERVISION_LIMITS>
}

/**
 * Opens everything and finds all simulations again. Throws LockedError, FabricFolderError,
 * StraysError, ConfigError, StoreError or ObjectsError, and then leaves nothing open.
 */
export async function openControl(
  config: ControlConfig,
  options: ControlOptions,
): Promise<Control> {
  const data = dataFolder(config.dataFolder)
  makeDataFolder(data)
  await using opened = new AsyncDisposableStack()
  const lock = takeLock(data)
  opened.defer(() => lock.release())
  makeFabricFolder(config.fabricFolder)
  const host = hostOf(data, config.fabricFolder, options.workerProgram)
  const isStoreMissing = !existsSync(data.store)
  // Checked before there is a store: none must be made beside worlds that another store knows.
  if (isStoreMissing) await demandNoStrays(data, host, [])
  const credentials = await loadCredentials(data.credentials, options.environment)
  const plainStore = openSqliteStore(data.store)
  const store = options.wrapStore?.(plainStore) ?? plainStore
  opened.defer(() => store.close())
  if (!isStoreMissing) await demandNoStrays(data, host, await store.listSimulations())
  const storage = objectsConfig(config, data)
  const objects = await openObjects(storage)
  opened.defer(() => objects.close())
  const clearing = clearRegularly(objects, options.log)
  opened.defer(() => clearing.stop())
  const supervision: Supervision = {
    store,
    host,
    log: options.log,
    launching: {
      region: config.region,
      accountId: config.accountId,
      objects: storage,
      appTimeoutMs: config.appTimeoutMs,
      get simulationLimits() {
        return config.limits.simulation
      },
      snapshots: config.snapshots,
    },
    ...SUPERVISION_LIMITS,
    workerTimeoutMs: config.workerTimeoutMs,
    ...options.limits,
  }
  const supervisor = new Supervisor(supervision)
  opened.defer(() => supervisor.close())
  await store.forgetTokensBefore(Date.now() - TOKEN_AGE_MS_MAX)
  await supervisor.recover()
  const plainHandlers = operationHandlers({
    owner: { region: config.region, accountId: config.accountId },
    store,
    supervisor,
    objects,
    // The same after a restart, and unique to this installation.
    pageTokenKey: createHmac('sha256', credentials.secretAccessKey)
      .update('heddle page tokens')
      .digest(),
    limits: config.limits,
    get address() {
      return addressForClients(config)
    },
    snapshots: config.snapshots,
    nowMs: Date.now,
    newExecutionId: randomUUID,
  })
  const handlers = withKeptFiles(plainHandlers, new KeptFiles(data))
  const kept = opened.move()
  return {
    config,
    data,
    lock,
    credentials,
    store,
    objects,
    supervisor,
    supervision,
    handlers,
    close: () => kept.disposeAsync(),
  }
}

/** Throws if worlds run that the store does not know: they would be removed as remains. */
async function demandNoStrays(
  data: DataFolder,
  host: WorkerHost,
  records: readonly SimulationRecord[],
): Promise<void> {
  const strays = await findStrays(host, records)
  if (strays.length > 0) throw new StraysError(data, strays, !existsSync(data.store))
}

/**
 * Returns the advertised address, or else the one listened on. Nobody can connect to "all
 * addresses", so then it is the first address of this host that others can reach.
 */
export function addressForClients({ host, advertise, network }: ControlConfig): string {
  const wanted = advertise ?? network.advertise
  if (wanted !== undefined) return wanted
  if (host !== '0.0.0.0' && host !== '::') return host
  const outside = Object.values(networkInterfaces())
    .flat()
    .filter((each) => each !== undefined && !each.internal && !each.address.startsWith('fe80:'))
  const first = outside.find((each) => each?.family === 'IPv4') ?? outside[0]
  return first?.address ?? '127.0.0.1'
}
