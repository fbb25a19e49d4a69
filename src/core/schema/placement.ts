// Decides which app runs on which worker. Owns the arrangement and the names of workers and apps;
// never launches anything.

import { divideGrid } from './divide-grid.ts'
import { type Bin, fillWorkers, type TileSet } from './fill-workers.ts'
import type { ServiceDomain, SimulationSchema, Size, SpatialDomain } from './schema.ts'
import type { StartError } from './start-error.ts'

interface PlacedWorker {
  /** `0001` and up, so that the worker's log streams are those of `worker-0001`. */
  readonly id: string
  /** Name of the worker group in the schema. */
  readonly group: string
}

interface PlacedApp {
  readonly domain: string
  /**
   * Unique in its domain and the same at every start: `People-0-1` for cell x 0, y 1;
   * `Weather-0001-1` on worker 0001.
   */
  readonly name: string
  readonly workerId: string
  /** The cell of a spatial app; `index` is `y * columns + x`. */
  readonly cell?: { readonly x: number; readonly y: number; readonly index: number }
}

/** Free units of each worker, by its id. */
export type FreeUnits = ReadonlyMap<string, number>

export interface Placement {
  readonly workers: readonly PlacedWorker[]
  /**
   * Spatial and service apps: domains in the schema's order, spatial apps by cell, service apps by
   * worker.
   */
  readonly apps: readonly PlacedApp[]
  readonly freeUnits: FreeUnits
}

interface PlacementOptions {
  /** Compute resource units of a worker. Default: 17. */
  unitsPerWorker?: number
}

/**
 * Arranges spatial and service apps on the workers. The same schema always gives the same result;
 * an error says what to change if the apps do not fit.
 */
export function placeApps(
  schema: SimulationSchema,
  { unitsPerWorker = 17 }: PlacementOptions = {},
): Placement | { errors: StartError[] } {
  const workers = workersOf(schema)
  const services = schema.domains.filter((domain) => domain.lifecycle === 'PerWorker')
  const serviceUnits = services.reduce(
    (sum, domain) => sum + domain.countPerWorker * domain.resourceUnits,
    0,
  )
  const capacity = unitsPerWorker - serviceUnits
  if (capacity < 0)
    return refused(
      `${servicesText(services)} on every worker, which has ${unitsPerWorker}`,
      lower(),
    )
  const sets = placedTogether(schema)
  const bins: Bin[] = workers.map(({ group }) => ({ free: capacity, group }))
  const counts = fillWorkers(bins, sets)
  if (counts === undefined)
    return refused(...whyNot(sets, bins, services, unitsPerWorker, capacity))

  const freeUnits = new Map(workers.map(({ id }) => [id, capacity]))
  const workerOfCell = new Map<SpatialDomain, string[]>()
  for (const [index, set] of sets.entries()) {
    const pieceOf = divideGrid(set.size, counts[index])
    for (const piece of pieceOf)
      freeUnits.set(workers[piece].id, freeUnits.get(workers[piece].id)! - set.weight)
    for (const domain of set.domains) {
      workerOfCell.set(
        domain,
        cellsOf(domain).map((cell) => workers[pieceOf[tileOf(cell, domain.grid, set.size)]].id),
      )
    }
  }
  const apps = schema.domains.flatMap((domain) => {
    if (domain.lifecycle === 'ByRequest') return []
    if (domain.lifecycle === 'PerWorker') return serviceApps(domain, workers)
    return spatialApps(domain, workerOfCell.get(domain)!)
  })
  return { workers, apps, freeUnits }
}

/**
 * The worker for one more app: the one with the least free units left, so that larger apps still
 * find room later. Undefined if no worker has room. The caller keeps its own copy of `free` up to
 * date.
 */
export function placeCustomApp(free: FreeUnits, units: number): string | undefined {
  let best: string | undefined
  let bestFree = Number.POSITIVE_INFINITY
  for (const [id, freeUnits] of free) {
    if (freeUnits < units || freeUnits >= bestFree) continue
    best = id
    bestFree = freeUnits
  }
  return best
}

function workersOf(schema: SimulationSchema): PlacedWorker[] {
  const groups = schema.workers.flatMap(({ name, desired }) =>
    Array.from({ length: desired }, () => name),
  )
  return groups.map((group, index) => ({ id: String(index + 1).padStart(4, '0'), group }))
}

/**
 * Spatial domains that share workers tile by tile. Usually this is one domain, and a tile is a
 * cell.
 */
interface DomainSet extends TileSet {
  domains: SpatialDomain[]
  size: Size
}

function placedTogether(schema: SimulationSchema): DomainSet[] {
  const spatial = schema.domains.filter((domain) => domain.lifecycle === 'BySpatialSubdivision')
  let sets = spatial.map((domain) => ({
    domains: [domain],
    groups: new Set(schema.workers.map(({ name }) => name)),
  }))
  for (const { placedTogether, onWorkers } of schema.placementConstraints) {
    const isNamed = ({ domains }: (typeof sets)[number]) =>
      domains.some(({ name }) => placedTogether.includes(name))
    const joined = sets.filter(isNamed)
    const groups = new Set(
      onWorkers.filter((group) => joined.every((set) => set.groups.has(group))),
    )
    sets = [
      ...sets.filter((set) => !isNamed(set)),
      { domains: joined.flatMap(({ domains }) => domains), groups },
    ]
  }
  return sets.map(({ domains, groups }) => {
    const strategy = schema.strategies.find(({ name }) => name === domains[0].strategy)
    const size = strategy?.placementGroups ?? {
      x: domains.map(({ grid }) => grid.x).reduce(commonDivisor),
      y: domains.map(({ grid }) => grid.y).reduce(commonDivisor),
    }
    const tiles = size.x * size.y
    const units = domains.reduce(
      (sum, { grid, resourceUnits }) => sum + grid.x * grid.y * resourceUnits,
      0,
    )
    return { domains, groups, size, tiles, weight: units / tiles }
  })
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}

/** The tile that contains a cell; a tile is a block of whole cells. */
function tileOf(cell: Size, grid: Size, tiles: Size): number {
  return Math.floor(cell.y / (grid.y / tiles.y)) * tiles.x + Math.floor(cell.x / (grid.x / tiles.x))
}

function cellsOf({ grid }: SpatialDomain): { x: number; y: number; index: number }[] {
  return Array.from({ length: grid.x * grid.y }, (_, index) => ({
    x: index % grid.x,
    y: Math.floor(index / grid.x),
    index,
  }))
}

function spatialApps(domain: SpatialDomain, workerOfCell: string[]): PlacedApp[] {
  return cellsOf(domain).map((cell) => ({
    domain: domain.name,
    name: `${domain.name}-${cell.x}-${cell.y}`,
    workerId: workerOfCell[cell.index],
    cell,
  }))
}

function serviceApps(domain: ServiceDomain, workers: PlacedWorker[]): PlacedApp[] {
  return workers.flatMap(({ id }) =>
    Array.from({ length: domain.countPerWorker }, (_, index) => ({
      domain: domain.name,
      name: `${domain.name}-${id}-${index + 1}`,
      workerId: id,
    })),
  )
}

function refused(reason: string, advice: string): { errors: StartError[] } {
  const errorMessage = `no arrangement of the domains fits the workers: ${reason}. ${advice}`
  return { errors: [{ errorType: 'SchemaFormatInvalid', errorMessage }] }
}

/** The first reason why nothing fits, and what to change. */
function whyNot(
  sets: DomainSet[],
  bins: Bin[],
  services: ServiceDomain[],
  unitsPerWorker: number,
  capacity: number,
): [reason: string, advice: string] {
  const each =
    services.length === 0
      ? `${unitsPerWorker}`
      : `${unitsPerWorker} less ${unitsPerWorker - capacity} for service apps`
  for (const set of sets) {
    const names = set.domains.map(({ name }) => name).join(' and ')
    if (set.groups.size === 0) {
      return [
        `the on_workers of ${names} have no worker group in common`,
        'Change on_workers in placement_constraints.',
      ]
    }
    if (set.weight > capacity) {
      return [
        `${tileText(set)} of ${names} needs ${set.weight} compute resource units on one ` +
          `worker, which has ${each}`,
        lower('ask for more grid_placement_groups'),
      ]
    }
  }
  const needed = sets.reduce((sum, set) => sum + set.tiles * set.weight, 0)
  const needs = sets
    .flatMap(({ domains }) => domains)
    .map((domain) => {
      const apps = domain.grid.x * domain.grid.y
      return `${domain.name}: ${apps} apps of ${domain.resourceUnits}`
    })
  const available = capacity * bins.length
  const total = `the spatial apps need ${needed} compute resource units (${needs.join('; ')})`
  const reason = `${total}, and ${bins.length} workers have ${available} (${each} each)`
  if (needed > available)
    return [reason, lower(`ask for ${Math.ceil(needed / capacity)} or more workers (desired)`)]
  return [
    `${reason}, but what must share a worker can't be divided so that it fits`,
    lower('ask for more workers (desired), or more grid_placement_groups'),
  ]
}

function tileText({ domains, tiles }: DomainSet): string {
  const cells = domains.reduce((sum, { grid }) => sum + (grid.x * grid.y) / tiles, 0)
  return cells === 1 ? 'a cell' : `a placement group (${cells} cells)`
}

function servicesText(services: ServiceDomain[]): string {
  const units = services.reduce(
    (sum, domain) => sum + domain.countPerWorker * domain.resourceUnits,
    0,
  )
  const names = services.map(
    ({ name, countPerWorker, resourceUnits }) => `${name}: ${countPerWorker} of ${resourceUnits}`,
  )
  return `the service apps need ${units} compute resource units (${names.join('; ')})`
}

function lower(first?: string): string {
  const rest = 'lower required_resource_units or the number of apps'
  const text = first === undefined ? rest : `${first}, or ${rest}`
  return `${text[0].toUpperCase()}${text.slice(1)}.`
}
