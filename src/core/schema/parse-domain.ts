// Reads one domain of a simulation schema. Owns a domain's rules, including those of its grid;
// rules between domains are in `parse-schema.ts`.

import { suggestion } from '../suggest.ts'
import { gridEdges, increases } from './grid.ts'
import { parsePackageLocation } from './package-location.ts'
import type { CustomDomain, Domain, PartitioningStrategy, Size } from './schema.ts'
import { APP_TIMEOUT_SECONDS_MAX, type SchemaLimits } from './schema-limits.ts'
import { shown, type YamlValue } from './yaml-value.ts'

export interface DomainContext {
  limits: SchemaLimits
  /** Versions 1.14 and later have images. */
  hasImages: boolean
  defaultImage?: string
  strategies: readonly PartitioningStrategy[]
  /**
   * False if the strategies have faults. Then an unknown strategy's name is not a fault of the
   * domain.
   */
  strategiesAreWhole: boolean
}

const SPATIAL = 'launch_apps_by_partitioning_strategy'
const CUSTOM = 'launch_apps_via_start_app_call'
const SERVICE = 'launch_apps_per_worker'
const LAUNCHES = [SPATIAL, CUSTOM, SERVICE]

/** The domain; undefined after a fault was noted. */
export function parseDomain(
  name: string,
  value: YamlValue,
  context: DomainContext,
): Domain | undefined {
  const fields = value.fields(['app_config'], [...LAUNCHES, 'image'])
  if (fields === undefined) return undefined
  const launches = LAUNCHES.filter((launch) => fields.has(launch))
  if (launches.length !== 1) {
    const found = launches.length === 0 ? 'none' : launches.join(' and ')
    value.fault(`must have exactly one of ${LAUNCHES.join(', ')}; it has ${found}`)
  }
  const config = parseAppConfig(fields.get('app_config'), fields.get('image'), launches, context)
  const launch = fields.get(launches[0])
  if (launch === undefined) return undefined
  if (launches[0] === SPATIAL) {
    const spatial = parseSpatial(launch, context)
    return spatial && config && { name, lifecycle: 'BySpatialSubdivision', ...spatial, ...config }
  }
  if (launches[0] === SERVICE) {
    const countPerWorker = parseService(launch, context)
    return countPerWorker && config
      ? { name, lifecycle: 'PerWorker', countPerWorker, ...config }
      : undefined
  }
  if (!launch.isEmpty) launch.fields([])
  return config && { name, lifecycle: 'ByRequest', ...config }
}

export function parseImage(
  value: YamlValue | undefined,
  context: { hasImages: boolean },
): string | undefined {
  if (value === undefined) return undefined
  if (!context.hasImages) return value.fault('needs sdk_version "1.14" or later')
  const image = value.string()
  if (image !== undefined && /\s/.test(image)) return value.fault('must not contain spaces')
  return image
}

/** Two whole numbers from 1 to the limit of an axis. */
export function parseSize(value: YamlValue | undefined, limits: SchemaLimits): Size | undefined {
  const fields = value?.fields(['x', 'y'])
  const x = fields?.get('x')?.integer(1, limits.gridAxisMax)
  const y = fields?.get('y')?.integer(1, limits.gridAxisMax)
  return x === undefined || y === undefined ? undefined : { x, y }
}

function parseSpatial(
  value: YamlValue,
  context: DomainContext,
): { strategy: string; grid: Size } | undefined {
  const fields = value.fields(['partitioning_strategy'], ['grid_partition'])
  const partition = fields?.get('grid_partition')
  const partitionSize = parseSize(partition, context.limits)
  const name = fields?.get('partitioning_strategy')
  const strategyName = name?.string()
  if (name === undefined || strategyName === undefined) return undefined
  const strategy = context.strategies.find((one) => one.name === strategyName)
  if (strategy === undefined) {
    if (!context.strategiesAreWhole) return undefined
    const names = context.strategies.map((one) => one.name)
    return name.fault(
      'names no strategy of partitioning_strategies: ' +
        `${shown(strategyName)}${suggestion(strategyName, names)}`,
    )
  }
  const groups = strategy.placementGroups
  if (partition === undefined) {
    if (groups === undefined) {
      return value.fault(
        `must have grid_partition, as ${strategyName} has no grid_placement_groups to ` +
          'take its place',
      )
    }
    return fitsBounds(value, groups, strategy)
      ? { strategy: strategyName, grid: groups }
      : undefined
  }
  if (partitionSize === undefined) return undefined
  const multiple =
    groups === undefined || (partitionSize.x % groups.x === 0 && partitionSize.y % groups.y === 0)
  if (!multiple) {
    return partition.fault(
      `must be a multiple of ${strategyName}'s grid_placement_groups on each axis: ` +
        `${sizeText(partitionSize)} is none of ${sizeText(groups)}`,
    )
  }
  return fitsBounds(partition, partitionSize, strategy)
    ? { strategy: strategyName, grid: partitionSize }
    : undefined
}

function fitsBounds(value: YamlValue, size: Size, { name, bounds }: PartitioningStrategy): boolean {
  const fits =
    increases(gridEdges(bounds.minX, bounds.maxX, size.x)) &&
    increases(gridEdges(bounds.minY, bounds.maxY, size.y))
  if (!fits)
    value.fault(
      `cuts ${name}'s aabb_bounds into cells too thin for 32-bit positions; make the bounds wider`,
    )
  return fits
}

function parseService(value: YamlValue, { limits }: DomainContext): number | undefined {
  if (value.isEmpty) return 1
  const count = value.fields([], ['count'])?.get('count')
  return count === undefined ? 1 : count.integer(1, limits.appsPerWorkerMax)
}

/** All of a domain except its name and how its apps are launched. */
type AppConfig = Omit<CustomDomain, 'name' | 'lifecycle'>

/**
 * The image may be inside the apps' configuration or beside it: the service's documents use both.
 */
function parseAppConfig(
  value: YamlValue | undefined,
  imageOfDomain: YamlValue | undefined,
  launches: string[],
  context: DomainContext,
): AppConfig | undefined {
  const fields = value?.fields(
    ['package', 'launch_command', 'required_resource_units'],
    ['endpoint_config', 'image', 'app_timeout_seconds'],
  )
  const imageOfApps = fields?.get('image')
  if (imageOfDomain !== undefined && imageOfApps !== undefined) {
    imageOfApps.keyFault('is named beside app_config too; keep one of the two')
  }
  const ownImage = [imageOfDomain, imageOfApps]
    .map((image) => parseImage(image, context))
    .find((image) => image)
  const image = ownImage ?? context.defaultImage
  if (fields === undefined) return undefined
  const appTimeoutMs = parseAppTimeout(fields.get('app_timeout_seconds'))
  const location = parsePackage(fields.get('package'), context)
  const launchCommand = parseLaunchCommand(fields.get('launch_command'))
  const units = fields.get('required_resource_units')?.fields(['compute'])?.get('compute')
  const resourceUnits = units?.integer(1, context.limits.resourceUnitsMax)
  const endpoint = fields.get('endpoint_config')
  if (endpoint !== undefined && launches.includes(SPATIAL)) {
    endpoint.fault('is for custom and service domains only: clients connect to apps of those')
  }
  const ingressPorts =
    endpoint === undefined
      ? []
      : parsePorts(endpoint.fields(['ingress_ports'])?.get('ingress_ports'))
  if (
    location === undefined ||
    launchCommand === undefined ||
    resourceUnits === undefined ||
    ingressPorts === undefined
  ) {
    return undefined
  }
  return {
    package: location,
    launchCommand,
    resourceUnits,
    ingressPorts,
    ...(appTimeoutMs !== undefined && { appTimeoutMs }),
    ...(image !== undefined && { image }),
  }
}

/** Heddle's addition to the schema: a number of seconds; 0 waits for ever. */
function parseAppTimeout(value: YamlValue | undefined): number | undefined {
  const seconds = value?.number()
  if (value === undefined || seconds === undefined) return undefined
  if (seconds >= 0 && seconds <= APP_TIMEOUT_SECONDS_MAX) return Math.round(seconds * 1000)
  return value.fault(
    `must be a number of seconds from 0 (to wait for ever) to ${APP_TIMEOUT_SECONDS_MAX}, ` +
      `not ${seconds}`,
  )
}

function parsePackage(
  value: YamlValue | undefined,
  { limits }: DomainContext,
): AppConfig['package'] | undefined {
  const text = value?.string()
  if (value === undefined || text === undefined) return undefined
  const result = parsePackageLocation(text)
  if ('rule' in result) return value.fault(result.rule)
  const { location } = result
  if (location.kind === 's3') return location
  if (limits.packageFolders.length === 0)
    return value.fault(
      'must have the form s3://bucket/key: packages of the host are for `heddle run` and ' +
        'the package_folders of the configuration',
    )
  return location.path.startsWith('/')
    ? location
    : value.fault('must be an absolute path: it is relative to nothing')
}

function parseLaunchCommand(value: YamlValue | undefined): string[] | undefined {
  const items = value?.items()
  if (value === undefined || items === undefined) return undefined
  if (items.length === 0) return value.fault('must name a program to launch')
  // Arguments may be empty, the program may not.
  const words = items.map((item, index) => (index > 0 && item.isEmptyText ? '' : item.text()))
  return words.every((word) => word !== undefined) ? words : undefined
}

function parsePorts(value: YamlValue | undefined): number[] | undefined {
  const items = value?.items()
  if (value === undefined || items === undefined) return undefined
  if (items.length === 0)
    return value.fault('must have at least one port; leave endpoint_config out if there is none')
  const ports = new Set<number>()
  for (const item of items) {
    const port = item.integer(1024, 49152)
    if (port !== undefined && ports.has(port)) item.fault(`repeats the port ${port}`)
    if (port !== undefined) ports.add(port)
  }
  return ports.size === items.length ? [...ports] : undefined
}

function sizeText(size: Size): string {
  return `${size.x} by ${size.y}`
}
