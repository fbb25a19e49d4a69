// The operator's configuration file: takes YAML text, returns settings or all faults.
// Owns the keys, their order and their values; never chooses or reads a file (config.ts does).

import { isIP } from 'node:net'
import { isAbsolute, resolve } from 'node:path'
import { parseS3Uri } from '../base/s3-uri.ts'
import { type IpRange, parseIpRange } from '../core/access/ip-range.ts'
import { durationText, parseMaximumDuration } from '../core/lifecycle/duration.ts'
import {
  defaultSnapshotSettings,
  parseSnapshotEvery,
  SNAPSHOTS_KEPT_MAX,
  type SnapshotSettings,
} from '../core/lifecycle/snapshot-settings.ts'
import { awsLimits, defaultLimits, type FabricLimits, type Limits } from '../core/limits.ts'
import type { SchemaLimits } from '../core/schema/schema-limits.ts'
import { readYaml, type YamlValue } from '../core/schema/yaml-value.ts'

interface AuditSettings {
  /** Whether S3 calls are audited too. */
  s3: boolean
  /** When a file grows beyond this, it is closed and a new one begins. */
  fileBytesMax: number
  /** The number of files to keep; older ones are removed. */
  filesMax: number
}

/** How many requests the server takes at once, and how long it waits for senders. */
export interface ServingSettings {
  /** Most open connections. Beyond that, the one that has been idle longest is closed. */
  connectionsMax: number
  /** Most requests at once, for the API and for S3 each. The server answers others with 503. */
  requestsMax: number
  /**
   * Most bytes of request bodies in memory. The server answers requests that need more with 503.
   */
  bodyBytesMax: number
  /** Applies to the header of a request, and again to the body of an API call. */
  receiveMs: number
}

/** How other machines reach this Heddle. */
export interface NetworkSettings {
  /** Where clients connect to apps. By default, the address that control listens on. */
  advertise?: string
  /** Proxies whose `X-Forwarded-*` headers are trusted. */
  trustedProxies: readonly IpRange[]
}

/** Who may read the metrics page. */
export interface MetricsSettings {
  /** Holds the token that readers must send. Without it, programs on this machine read freely. */
  tokenFile?: string
}

export interface FileSettings {
  network: NetworkSettings
  limits: Limits
  serving: ServingSettings
  /** The default for new simulations; their tags override it. */
  snapshots: SnapshotSettings
  audit: AuditSettings
  metrics: MetricsSettings
}

const defaultAuditSettings: Readonly<AuditSettings> = Object.freeze({
  s3: false,
  fileBytesMax: 64 * 1024 ** 2,
  filesMax: 100,
})

export const defaultServingSettings: Readonly<ServingSettings> = Object.freeze({
  connectionsMax: 4096,
  requestsMax: 1000,
  bodyBytesMax: 64 * 1024 ** 2,
  receiveMs: 20_000,
})

export const defaultNetworkSettings: Readonly<NetworkSettings> = Object.freeze({
  trustedProxies: Object.freeze([]),
})

export const defaultFileSettings: Readonly<FileSettings> = Object.freeze({
  network: defaultNetworkSettings,
  limits: defaultLimits,
  serving: defaultServingSettings,
  snapshots: defaultSnapshotSettings,
  audit: defaultAuditSettings,
  metrics: Object.freeze({}),
})

/** A copy whose sections can be replaced while others hold a reference to it. */
export function copiedSettings(settings: FileSettings): FileSettings {
  const { limits, network, serving, snapshots, audit, metrics } = settings
  return {
    limits: { ...limits },
    network: { ...network },
    serving: { ...serving },
    snapshots: { ...snapshots },
    audit: { ...audit },
    metrics: { ...metrics },
  }
}

export function replaceSettings(settings: FileSettings, next: FileSettings): void {
  for (const section of Object.keys(copiedSettings(next)) as (keyof FileSettings)[]) {
    const held: Record<string, unknown> = settings[section] as object as Record<string, unknown>
    for (const key of Object.keys(held)) delete held[key]
    Object.assign(held, next[section])
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** The limits while the file is being read. */
interface Draft {
  limits: Mutable<Limits>
  schema: Mutable<SchemaLimits>
  fabric: FabricLimits
  unitsPerWorker: { count: number }
}

/** How a key is read into the draft, and how the value in the draft is written. */
interface Quota {
  read(value: YamlValue, draft: Draft): void
  shown(draft: Draft): string
}

const DAY_MS = 86_400_000
/** Five digits of days are far beyond any use, and still exact. */
const DURATION_MS_MAX = 36_500 * DAY_MS
const MEBIBYTE = 1024 ** 2

export const QUOTAS: Readonly<Record<string, Quota>> = {
  simulations: whole(0, 1_000_000, (draft) => draft.limits, 'simulations'),
  maximum_duration: {
    read(value, draft) {
      const text = value.string()
      const parsed = text === undefined ? undefined : parseMaximumDuration(text, DURATION_MS_MAX)
      if (parsed === undefined) return
      if ('refusal' in parsed || parsed.durationMs === 0)
        value.fault('must be 1M to 36500D, such as 90M, 12H or 14D')
      else draft.limits.maximumDurationMs = parsed.durationMs
    },
    shown: (draft) => durationText(draft.limits.maximumDurationMs),
  },
  workers_per_simulation: whole(1, 9_999, (draft) => draft.schema, 'workersMax'),
  units_per_worker: whole(1, 100_000, (draft) => draft.unitsPerWorker, 'count'),
  units_per_app: whole(1, 100_000, (draft) => draft.schema, 'resourceUnitsMax'),
  domains_per_simulation: whole(1, 1_000, (draft) => draft.schema, 'domainsMax'),
  entities_per_partition: whole(1, 16_777_216, (draft) => draft.fabric, 'entitiesPerPartition'),
  fields_per_entity: whole(1, 63, (draft) => draft.fabric, 'fieldsPerEntity'),
  bytes_per_field: whole(1, MEBIBYTE, (draft) => draft.fabric, 'fieldBytesMax'),
  transfers_per_partition: {
    read(value, draft) {
      if (value.isText('unlimited')) delete draft.fabric.transfersPerTick
      else draft.fabric.transfersPerTick = value.integer(1, 16_777_216)
    },
    shown: (draft) => String(draft.fabric.transfersPerTick ?? 'unlimited'),
  },
  messages_per_tick: whole(1, MEBIBYTE, (draft) => draft.fabric, 'messagesPerTick'),
  bytes_per_message: whole(1, MEBIBYTE, (draft) => draft.fabric, 'messageBytesMax'),
  message_bytes_per_tick: whole(1, 1024 * MEBIBYTE, (draft) => draft.fabric, 'messageHeapBytes'),
  custom_apps_per_simulation: whole(0, 10_000, (draft) => draft.fabric, 'customApps'),
  memory_per_simulation: {
    read(value, draft) {
      const mebibytes = value.isText('auto') ? undefined : value.integer(1, 4_194_304)
      if (mebibytes === undefined) delete draft.fabric.memoryBytesMax
      else draft.fabric.memoryBytesMax = mebibytes * MEBIBYTE
    },
    shown: ({ fabric: { memoryBytesMax } }) =>
      memoryBytesMax === undefined ? 'auto' : String(memoryBytesMax / MEBIBYTE),
  },
  worker_groups: whole(1, 1_000, (draft) => draft.schema, 'workerGroupsMax'),
  worker_types: listOrAny(
    (draft) => draft.schema,
    'workerTypes',
    (item) => item.string(),
  ),
  strategies: whole(1, 1_000, (draft) => draft.schema, 'strategiesMax'),
  grid_cells_per_axis: whole(1, 256, (draft) => draft.schema, 'gridAxisMax'),
  service_apps_per_worker: whole(1, 100, (draft) => draft.schema, 'appsPerWorkerMax'),
  tick_rate_max: whole(1, 1_000, (draft) => draft.schema, 'tickRateMax'),
  tick_rates: listOrAny(
    (draft) => draft.schema,
    'tickRates',
    (item) => item.integer(1, 1_000),
  ),
}

/**
 * Lists all faults at once, each as `line 3, column 7: quotas.workers: is not a known property`.
 */
export function parseConfigFile(text: string): FileSettings | { faults: string[] } {
  const { root, faults } = readYaml(text)
  const settings: FileSettings = {
    network: { ...defaultNetworkSettings },
    limits: defaultLimits,
    serving: { ...defaultServingSettings },
    snapshots: { ...defaultSnapshotSettings },
    audit: { ...defaultAuditSettings },
    metrics: {},
  }
  if (root !== undefined && !root.isEmpty) {
    const fields = root.fields(
      [],
      [
        'limits',
        'quotas',
        'package_folders',
        'network',
        'serving',
        'snapshots',
        'audit',
        'metrics',
      ],
    )
    const base =
      fields?.get('limits')?.oneOf(['heddle', 'aws']) === 'aws' ? awsLimits : defaultLimits
    const limits = readQuotas(fields?.get('quotas'), base)
    settings.limits = withPackageFolders(limits, readPackageFolders(fields?.get('package_folders')))
    readNetwork(fields?.get('network'), settings.network)
    readServing(fields?.get('serving'), settings.serving)
    readSnapshots(fields?.get('snapshots'), settings.snapshots)
    readAudit(fields?.get('audit'), settings.audit)
    readMetrics(fields?.get('metrics'), settings.metrics)
  }
  if (faults.length === 0) return settings
  const sorted = faults.toSorted((a, b) => a.line - b.line || a.column - b.column)
  return {
    faults: sorted.map(
      ({ line, column, path, rule }) =>
        `line ${line}, column ${column}: ${path === '' ? '' : `${path}: `}${rule}`,
    ),
  }
}

/** Each quota's value as a file would write it. */
export function shownQuotas(limits: Limits): Record<string, string> {
  const draft = draftOf(limits)
  return Object.fromEntries(Object.entries(QUOTAS).map(([key, quota]) => [key, quota.shown(draft)]))
}

function readQuotas(value: YamlValue | undefined, base: Limits): Limits {
  const draft = draftOf(base)
  if (value !== undefined && !value.isEmpty) {
    for (const [key, entry] of value.fields([], Object.keys(QUOTAS)) ?? [])
      QUOTAS[key]?.read(entry, draft)
    if (draft.fabric.messageHeapBytes < draft.fabric.messageBytesMax) {
      value.fault('message_bytes_per_tick must not be smaller than bytes_per_message')
    }
  }
  const { limits, schema, fabric, unitsPerWorker } = draft
  return { ...limits, simulation: { schema, fabric, unitsPerWorker: unitsPerWorker.count } }
}

function readPackageFolders(value: YamlValue | undefined): string[] {
  if (value === undefined || value.isEmpty) return []
  const folders = value.items()?.map((item) => {
    const folder = item.string()
    if (folder === undefined || isAbsolute(folder)) return folder
    return item.fault(`must be an absolute path, not ${JSON.stringify(folder)}`)
  })
  return (folders ?? []).flatMap((folder) => (folder === undefined ? [] : [resolve(folder)]))
}

function withPackageFolders(limits: Limits, packageFolders: readonly string[]): Limits {
  const { simulation } = limits
  return {
    ...limits,
    simulation: { ...simulation, schema: { ...simulation.schema, packageFolders } },
  }
}

function draftOf(limits: Limits): Draft {
  const { schema, fabric, unitsPerWorker } = limits.simulation
  return {
    limits: { ...limits },
    schema: { ...schema },
    fabric: { ...fabric },
    unitsPerWorker: { count: unitsPerWorker },
  }
}

function readNetwork(value: YamlValue | undefined, network: NetworkSettings): void {
  if (value === undefined || value.isEmpty) return
  const fields = value.fields([], ['advertise', 'trusted_proxies'])
  const advertise = fields?.get('advertise')
  if (advertise !== undefined && !advertise.isEmpty) {
    network.advertise = parsed(
      advertise,
      (text) => (isAddressOrName(text) ? text : undefined),
      ADDRESS_OR_NAME,
    )
  }
  const proxies = fields?.get('trusted_proxies')
  if (proxies === undefined || proxies.isEmpty) return
  const ranges = proxies
    .items()
    ?.map((item) => parsed(item, parseIpRange, 'an IP address or a range, such as 10.0.0.0/8'))
  network.trustedProxies = ranges?.filter((range) => range !== undefined) ?? []
}

export const ADDRESS_OR_NAME =
  'an IP address or a host name, without a port, such as 203.0.113.7 or weaver.example.org'

export function isAddressOrName(text: string): boolean {
  return (
    isIP(text) !== 0 ||
    (/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/.test(text) && !/^[\d.]+$/.test(text))
  )
}

function readServing(value: YamlValue | undefined, serving: ServingSettings): void {
  if (value === undefined || value.isEmpty) return
  const fields = value.fields([], ['connections', 'requests', 'body_mebibytes', 'receive_seconds'])
  serving.connectionsMax =
    fields?.get('connections')?.integer(1, 1_000_000) ?? serving.connectionsMax
  serving.requestsMax = fields?.get('requests')?.integer(1, 1_000_000) ?? serving.requestsMax
  const mebibytes = fields?.get('body_mebibytes')?.integer(2, 65_536)
  if (mebibytes !== undefined) serving.bodyBytesMax = mebibytes * MEBIBYTE
  const seconds = fields?.get('receive_seconds')?.integer(1, 3_600)
  if (seconds !== undefined) serving.receiveMs = seconds * 1000
}

function readSnapshots(value: YamlValue | undefined, snapshots: SnapshotSettings): void {
  if (value === undefined || value.isEmpty) return
  const fields = value.fields([], ['every', 'to', 'keep', 'restart'])
  const [every, to] = [fields?.get('every'), fields?.get('to')]
  const rhythm = parsed(
    every,
    parseSnapshotEvery,
    'a time or ticks, such as 10M, 2H or "5000 ticks", or never',
  )
  if (rhythm !== undefined && rhythm !== 'never') snapshots.every = rhythm
  if (to !== undefined && !to.isEmpty) snapshots.to = parsed(to, parseS3Uri, 's3://bucket/prefix')
  else if (snapshots.every !== undefined)
    every?.fault('needs snapshots.to: s3://bucket/prefix for the snapshots')
  snapshots.keep = fields?.get('keep')?.integer(1, SNAPSHOTS_KEPT_MAX) ?? snapshots.keep
  snapshots.restart = fields?.get('restart')?.boolean() ?? snapshots.restart
}

function parsed<Result>(
  value: YamlValue | undefined,
  parse: (text: string) => Result | undefined,
  wanted: string,
): Result | undefined {
  const text = value?.string()
  if (text === undefined) return undefined
  return parse(text) ?? value?.fault(`must be ${wanted}, not ${JSON.stringify(text)}`)
}

function readMetrics(value: YamlValue | undefined, metrics: MetricsSettings): void {
  if (value === undefined || value.isEmpty) return
  const file = value.fields([], ['token_file'])?.get('token_file')
  if (file === undefined || file.isEmpty) return
  metrics.tokenFile = parsed(
    file,
    (text) => (text.startsWith('/') ? text : undefined),
    'an absolute path',
  )
}

function readAudit(value: YamlValue | undefined, audit: AuditSettings): void {
  if (value === undefined || value.isEmpty) return
  const fields = value.fields([], ['s3', 'file_mebibytes', 'files'])
  audit.s3 = fields?.get('s3')?.boolean() ?? audit.s3
  const mebibytes = fields?.get('file_mebibytes')?.integer(1, 65_536)
  if (mebibytes !== undefined) audit.fileBytesMax = mebibytes * MEBIBYTE
  audit.filesMax = fields?.get('files')?.integer(1, 1_000_000) ?? audit.filesMax
}

function whole<Key extends string, Part extends { [Name in Key]: number }>(
  min: number,
  max: number,
  partOf: (draft: Draft) => Part,
  key: Key,
): Quota {
  return {
    read(value, draft) {
      const number = value.integer(min, max)
      if (number !== undefined) Object.assign(partOf(draft), { [key]: number })
    },
    shown: (draft) => String(partOf(draft)[key]),
  }
}

/** A list of allowed values, or `any`. */
function listOrAny<Key extends string, Part extends { [Name in Key]?: readonly unknown[] }>(
  partOf: (draft: Draft) => Part,
  key: Key,
  readItem: (item: YamlValue) => unknown,
): Quota {
  return {
    read(value, draft) {
      if (value.isText('any')) {
        delete partOf(draft)[key]
        return
      }
      const items = value.items()
      if (items?.length === 0) value.fault('must name at least one, or be "any"')
      if (items !== undefined) Object.assign(partOf(draft), { [key]: items.map(readItem) })
    },
    shown: (draft) => {
      const list = partOf(draft)[key]
      return list === undefined ? 'any' : `[${list.join(', ')}]`
    },
  }
}
