// The manifest of a snapshot: what the zip holds, and what is true of the simulation at its tick.
// Owns the shape of manifest.json, its version, and the reading of one that nobody vouches for;
// never opens a zip.

import { z } from 'zod'
import { IDS_PER_LANE } from '../entities/ids.ts'
import type { SnapshotHeader } from '../entities/partition-state.ts'
import { layOut, type Shape } from '../entities/shape.ts'
import { lifecycleShape } from '../schema/lifecycle.ts'
import { appStatusShape } from '../wire/worker-protocol.ts'
import {
  isSnapshotFault,
  type SnapshotFault,
  type SnapshotLimits,
  snapshotFault,
} from './snapshot-fault.ts'

const SNAPSHOT_FORMAT = 'heddle-snapshot'
/**
 * Raised when an older reader would misread the file; members that it may ignore can be added
 * without.
 */
const SNAPSHOT_FORMAT_VERSION = 3
export const MANIFEST_PATH = 'manifest.json'
export const SCHEMA_PATH = 'schema.yaml'

/** Where the entities of a partition lie in the zip. */
export function partitionPath(domain: string, name: string): string {
  return `entities/${domain}/${name}.arrow`
}

/** So that every id is a number without rounding. */
const ID_LANES_MAX = 2 ** 21
/** Leaves a world room for further ticks. */
const TICK_MAX = 2 ** 52

const wholeNumber = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in lower-case hex')
/** Names of domains, apps and simulations. Also keeps a path inside its folder. */
const resourceName = z.string().regex(/^(?!\.+$)[a-zA-Z0-9_\-.]{1,128}$/, 'not a name')
const domainName = resourceName.refine((name) => !/^\.+$/.test(name), 'not a name')
const range = z
  .tuple([z.number(), z.number()])
  .refine(([min, max]) => min < max, 'the minimum is not below the maximum')

const partitionEntry = z.object({
  path: z.string(),
  domain: domainName,
  lifecycle: lifecycleShape,
  name: resourceName,
  cell: z.object({ x: wholeNumber, y: wholeNumber }).optional(),
  idLane: wholeNumber,
  idCounter: wholeNumber.max(IDS_PER_LANE),
  rows: wholeNumber,
  /** Indices of the data fields that have a column of bytes, rising. */
  fields: z.array(wholeNumber.min(1)),
  /**
   * Data fields that have columns of numbers, by the shape that was declared, rising. Version 1 had
   * none.
   */
  shapes: z
    .array(
      z.object({
        field: wholeNumber.min(1),
        typeId: wholeNumber.max(0xffff_ffff),
        shape: z.unknown().transform((shape, context): Shape => {
          const layout = layOut(shape)
          if (typeof layout === 'string') context.addIssue({ code: 'custom', message: layout })
          return shape as Shape
        }),
      }),
    )
    .default([]),
  bytes: wholeNumber,
  sha256,
})

const manifestShape = z.object({
  format: z.literal(SNAPSHOT_FORMAT),
  formatVersion: wholeNumber.min(1).max(SNAPSHOT_FORMAT_VERSION),
  heddleVersion: z.string().max(128),
  simulation: z.object({ name: resourceName, executionId: resourceName }),
  tick: wholeNumber.max(TICK_MAX),
  takenAt: z.iso.datetime(),
  entities: wholeNumber,
  stateHash: z.string().regex(/^[0-9a-f]{16}$/, 'not 16 lower-case hex digits'),
  nextIdLane: wholeNumber.max(ID_LANES_MAX),
  grids: z.array(
    z.object({
      domain: domainName,
      columns: wholeNumber.min(1),
      rows: wholeNumber.min(1),
      bounds: z.object({ x: range, y: range }),
    }),
  ),
  apps: z.array(
    z.object({
      domain: domainName,
      name: resourceName,
      lifecycle: lifecycleShape,
      status: appStatusShape,
    }),
  ),
  schema: z.object({ path: z.literal(SCHEMA_PATH), bytes: wholeNumber, sha256 }),
  partitions: z.array(partitionEntry),
})

export type Manifest = z.infer<typeof manifestShape>
export type ManifestPartition = z.infer<typeof partitionEntry>

/** What is known of the parts once they have been written. */
interface WrittenParts {
  schema: { bytes: number; sha256: string }
  partitions: ManifestPartition[]
  stateHash: string
}

export function buildManifest(
  header: Omit<SnapshotHeader, 'stateHash'>,
  parts: WrittenParts,
): Manifest {
  return {
    format: SNAPSHOT_FORMAT,
    formatVersion: SNAPSHOT_FORMAT_VERSION,
    heddleVersion: header.heddleVersion,
    simulation: { name: header.simulationName, executionId: header.executionId },
    tick: header.tick,
    takenAt: new Date(header.takenAtMs).toISOString(),
    entities: parts.partitions.reduce((sum, partition) => sum + partition.rows, 0),
    stateHash: parts.stateHash,
    nextIdLane: header.nextIdLane,
    grids: header.grids,
    apps: header.apps,
    schema: { path: SCHEMA_PATH, ...parts.schema },
    partitions: parts.partitions,
  }
}

export function manifestHeader(manifest: Manifest, schemaText: string): SnapshotHeader {
  return {
    simulationName: manifest.simulation.name,
    executionId: manifest.simulation.executionId,
    tick: manifest.tick,
    takenAtMs: Date.parse(manifest.takenAt),
    nextIdLane: manifest.nextIdLane,
    grids: manifest.grids,
    apps: manifest.apps,
    stateHash: manifest.stateHash,
    schemaText,
    heddleVersion: manifest.heddleVersion,
  }
}

/**
 * Reads a manifest that may hold anything. What is returned keeps every rule that can be checked
 * without the other parts.
 */
export function parseManifest(text: string, limits: SnapshotLimits): Manifest | SnapshotFault {
  const json = parseJson(text)
  if (isSnapshotFault(json)) return json
  const head = z
    .object({ format: z.literal(SNAPSHOT_FORMAT), formatVersion: wholeNumber })
    .safeParse(json.value)
  if (!head.success)
    return snapshotFault('NotASnapshot', `the format is not "${SNAPSHOT_FORMAT}"`, MANIFEST_PATH)
  if (head.data.formatVersion > SNAPSHOT_FORMAT_VERSION) {
    return snapshotFault(
      'NewerFormat',
      `written in the newer format ${head.data.formatVersion}; this program reads up to ` +
        `${SNAPSHOT_FORMAT_VERSION}`,
      MANIFEST_PATH,
    )
  }
  const parsed = manifestShape.safeParse(json.value)
  if (!parsed.success) return badManifest(issueText(parsed.error))
  return firstFault(parsed.data, limits) ?? parsed.data
}

function parseJson(text: string): { value: unknown } | SnapshotFault {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    return snapshotFault(
      'BadManifest',
      `not JSON (${error instanceof Error ? error.message : error})`,
      MANIFEST_PATH,
    )
  }
}

function issueText(error: z.ZodError): string {
  const issue = error.issues[0]!
  const more = error.issues.length > 1 ? ` (and ${error.issues.length - 1} more)` : ''
  return `${issue.path.join('.')}: ${issue.message}${more}`
}

function badManifest(message: string): SnapshotFault {
  return snapshotFault('BadManifest', message, MANIFEST_PATH)
}

/** The rules that span members. */
function firstFault(manifest: Manifest, limits: SnapshotLimits): SnapshotFault | undefined {
  return (
    totalsFault(manifest, limits) ??
    repeated(manifest.grids, (grid) => grid.domain, 'a grid of the domain') ??
    repeated(manifest.apps, (app) => `${app.domain}/${app.name}`, 'the app') ??
    repeated(manifest.partitions, (partition) => partition.path, 'the partition') ??
    repeated(manifest.partitions, (partition) => String(partition.idLane), 'the id lane') ??
    repeated(
      manifest.partitions.filter((partition) => partition.cell !== undefined),
      ({ domain, cell }) => `${domain} ${cell!.x},${cell!.y}`,
      'the cell',
    ) ??
    firstOf(manifest.partitions, (partition) => partitionFault(manifest, partition, limits))
  )
}

function totalsFault(manifest: Manifest, limits: SnapshotLimits): SnapshotFault | undefined {
  const { partitions } = manifest
  const rows = partitions.reduce((sum, partition) => sum + partition.rows, 0)
  if (rows !== manifest.entities) {
    const message = `says ${manifest.entities} entities, but its partitions have ${rows}`
    return snapshotFault('CountMismatch', message, MANIFEST_PATH)
  }
  if (rows > limits.entitiesMax) return tooLarge(`${rows} entities`, limits.entitiesMax)
  if (partitions.length > limits.partitionsMax)
    return tooLarge(`${partitions.length} partitions`, limits.partitionsMax)
  if (manifest.schema.bytes > limits.schemaBytesMax) {
    return tooLarge(`a schema of ${manifest.schema.bytes} bytes`, limits.schemaBytesMax)
  }
  const bytes = partitions.reduce((sum, partition) => sum + partition.bytes, manifest.schema.bytes)
  if (bytes > limits.totalBytesMax) return tooLarge(`${bytes} bytes`, limits.totalBytesMax)
  return undefined
}

function partitionFault(
  manifest: Manifest,
  partition: ManifestPartition,
  limits: SnapshotLimits,
): SnapshotFault | undefined {
  const { path, domain, name, cell, fields } = partition
  if (path !== partitionPath(domain, name))
    return badManifest(`the path of ${domain}/${name} is ${JSON.stringify(path)}`)
  if (partition.idLane >= manifest.nextIdLane)
    return badManifest(`${path} has the id lane ${partition.idLane}, not yet given`)
  if (partition.rows > limits.entitiesPerPartitionMax) {
    return tooLarge(`${partition.rows} entities in ${path}`, limits.entitiesPerPartitionMax)
  }
  if (partition.bytes > limits.partitionBytesMax) {
    return tooLarge(`${partition.bytes} bytes in ${path}`, limits.partitionBytesMax)
  }
  const shaped = partition.shapes.map(({ field }) => field)
  for (const indices of [fields, shaped]) {
    if (indices.some((field, at) => at > 0 && field <= indices[at - 1]!))
      return badManifest(`the fields of ${path} do not rise`)
    if (indices.some((field) => field > limits.fieldIndexMax)) {
      return tooLarge(`field ${indices.at(-1)} in ${path}`, limits.fieldIndexMax)
    }
  }
  if (cell === undefined) return undefined
  if (partition.lifecycle !== 'BySpatialSubdivision')
    return badManifest(`${path} has a cell, but is not spatial`)
  const grid = manifest.grids.find((candidate) => candidate.domain === domain)
  if (grid === undefined || cell.x >= grid.columns || cell.y >= grid.rows) {
    return badManifest(`the cell ${cell.x},${cell.y} of ${path} is not in its domain's grid`)
  }
  return undefined
}

function tooLarge(what: string, max: number): SnapshotFault {
  return snapshotFault('TooLarge', `${what}, over the limit of ${max}`, MANIFEST_PATH)
}

function repeated<T>(
  items: readonly T[],
  key: (item: T) => string,
  what: string,
): SnapshotFault | undefined {
  const seen = new Set<string>()
  return firstOf(items, (item) => {
    if (seen.has(key(item))) return badManifest(`${what} ${key(item)} is there twice`)
    seen.add(key(item))
    return undefined
  })
}

function firstOf<T>(
  items: readonly T[],
  find: (item: T) => SnapshotFault | undefined,
): SnapshotFault | undefined {
  for (const item of items) {
    const fault = find(item)
    if (fault !== undefined) return fault
  }
  return undefined
}
