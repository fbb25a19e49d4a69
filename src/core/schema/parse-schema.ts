// Reads a simulation schema: turns YAML text into the schema or into all its faults. Owns the rules
// of the file as a whole; never throws for a bad file, and never reads one.

import { suggestion } from '../suggest.ts'
import { type Bounds, gridEdges, increases } from './grid.ts'
import { type DomainContext, parseDomain, parseImage, parseSize } from './parse-domain.ts'
import type {
  Domain,
  PartitioningStrategy,
  PlacementConstraint,
  SimulationSchema,
  TickRate,
  WorkerGroup,
} from './schema.ts'
import { AWS_LIMITS, HEDDLE_LIMITS, type SchemaLimits } from './schema-limits.ts'
import type { StartError } from './start-error.ts'
import { type Fault, readYaml, shown, type YamlValue } from './yaml-value.ts'

export interface ParseOptions {
  /** `aws` applies the limits of the original service. Default: `heddle`. */
  limits?: 'heddle' | 'aws' | SchemaLimits
}

/** A longer list of faults helps nobody. */
const FAULTS_MAX = 100
const VERSIONS = ['1.17', '1.16', '1.15', '1.14', '1.13', '1.12']
/**
 * CloudWatch's own ARNs have a colon before the name; the one example in the service's reference
 * has a slash.
 */
const LOG_GROUP_ARN = /^arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group[:/]([^:]+)(?::\*)?$/
/** Versions with integer tick rates, one spatial domain, no images and no placement constraints. */
const EARLY_VERSIONS = ['1.12', '1.13']

/** Reports all faults at once, in the order of the text, each with line, column, path and rule. */
export function parseSchema(
  text: string,
  options: ParseOptions = {},
): { schema: SimulationSchema } | { errors: StartError[] } {
  const limits =
    options.limits === 'aws'
      ? AWS_LIMITS
      : typeof options.limits === 'object'
        ? options.limits
        : HEDDLE_LIMITS
  const { root, faults } = readYaml(text)
  if (root?.isEmpty) root.fault('the schema is empty')
  const schema = root && !root.isEmpty ? parseRoot(root, limits) : undefined
  if (faults.length > 0 || schema === undefined) return { errors: faultErrors(faults) }
  return { schema: deepFreeze(schema) }
}

function parseRoot(root: YamlValue, limits: SchemaLimits): SimulationSchema | undefined {
  const fields = root.fields(
    [
      'sdk_version',
      'simulation_properties',
      'workers',
      'clock',
      'partitioning_strategies',
      'domains',
    ],
    ['placement_constraints'],
  )
  if (fields === undefined) return undefined
  const sdkVersion = parseVersion(fields.get('sdk_version'))
  // If the version is unreadable, the newest version's rules apply.
  const isEarly = sdkVersion !== undefined && EARLY_VERSIONS.includes(sdkVersion)
  const properties = parseProperties(fields.get('simulation_properties'), !isEarly)
  const workers = parseNamed(
    fields.get('workers'),
    'worker group',
    limits.workerGroupsMax,
    (name, value) => parseWorkerGroup(name, value, limits),
  )
  const desired = workers.known.reduce((sum, group) => sum + group.desired, 0)
  if (desired > limits.workersMax) {
    fields
      .get('workers')
      ?.fault(`must ask for at most ${limits.workersMax} workers together; it asks for ${desired}`)
  }
  const tickRate = parseTickRate(
    fields.get('clock')?.fields(['tick_rate'])?.get('tick_rate'),
    isEarly,
    limits,
  )
  const strategies = parseNamed(
    fields.get('partitioning_strategies'),
    'strategy',
    limits.strategiesMax,
    (name, value) => parseStrategy(name, value, limits),
  )
  const domains = parseDomains(fields.get('domains'), isEarly, {
    limits,
    hasImages: !isEarly,
    defaultImage: properties?.defaultImage,
    strategies: strategies.known,
    strategiesAreWhole: strategies.whole,
  })
  const constraints = fields.get('placement_constraints')
  if (isEarly && constraints !== undefined) constraints.fault('needs sdk_version "1.14" or later')
  const placementConstraints = isEarly ? [] : parseConstraints(constraints, domains, workers)
  if (sdkVersion === undefined || tickRate === undefined) return undefined
  return {
    sdkVersion,
    ...(properties?.logDestination !== undefined && { logDestination: properties.logDestination }),
    clock: { tickRate },
    workers: workers.known,
    strategies: strategies.known,
    domains: domains.known,
    placementConstraints,
  }
}

/**
 * Major and minor version. The service's guide also writes a patch number, which changes no rule.
 */
function parseVersion(value: YamlValue | undefined): string | undefined {
  const version = value?.text()
  if (value === undefined || version === undefined) return undefined
  const [known] = /^\d+\.\d+(?=(\.\d+)?$)/.exec(version) ?? []
  if (known !== undefined && VERSIONS.includes(known)) return known
  const short = /^v?(\d+\.\d+)[.\d]*$/.exec(version)?.[1]
  const hint = short !== undefined && VERSIONS.includes(short) ? `; write ${shown(short)}` : ''
  return value.fault(
    `must be one of ${VERSIONS.map(shown).join(', ')}, not ${shown(version)}${hint}`,
  )
}

function parseProperties(value: YamlValue | undefined, hasImages: boolean) {
  const fields = value?.fields(
    ['default_entity_index_key_type'],
    ['log_destination_resource_name', 'log_destination_service', 'default_image'],
  )
  if (fields === undefined) return undefined
  fields.get('default_entity_index_key_type')?.oneOf(['Vector3<f32>'])
  return {
    logDestination: parseLogDestination(
      fields.get('log_destination_resource_name'),
      fields.get('log_destination_service'),
    ),
    defaultImage: parseImage(fields.get('default_image'), { hasImages }),
  }
}

/** The log group's name, from a name or an ARN. */
function parseLogDestination(
  resource: YamlValue | undefined,
  service: YamlValue | undefined,
): string | undefined {
  service?.oneOf(['logs'])
  if (resource === undefined) return service?.fault('needs log_destination_resource_name beside it')
  const text = resource.string()
  if (text === undefined) return undefined
  const isArn = text.startsWith('arn:')
  if (isArn && service !== undefined)
    service.fault('must be left out where log_destination_resource_name is an ARN')
  if (!isArn && service === undefined) {
    resource.fault('must be an ARN, or have log_destination_service: "logs" beside it')
  }
  const name = isArn ? LOG_GROUP_ARN.exec(text)?.[1] : text
  if (name === undefined) {
    const forms = 'arn:aws:logs:<region>:<account>:log-group:<name>, or log-group/<name> at its end'
    return resource.fault(`must be the ARN of a log group: ${forms}`)
  }
  if (!/^[A-Za-z0-9._/#-]{1,512}$/.test(name)) {
    return resource.fault(
      `must name a log group: 1 to 512 of A-Z a-z 0-9 . _ / # -, not ${shown(name)}`,
    )
  }
  return name
}

function parseWorkerGroup(
  name: string,
  value: YamlValue,
  limits: SchemaLimits,
): WorkerGroup | undefined {
  const fields = value.fields(['type', 'desired'])
  const type = limits.workerTypes
    ? fields?.get('type')?.oneOf(limits.workerTypes)
    : fields?.get('type')?.string()
  const desired = fields?.get('desired')?.integer(1, limits.workersMax)
  return type === undefined || desired === undefined ? undefined : { name, type, desired }
}

function parseTickRate(
  value: YamlValue | undefined,
  isEarly: boolean,
  limits: SchemaLimits,
): TickRate | undefined {
  if (value === undefined) return undefined
  const allowed = (rate: number) =>
    limits.tickRates?.includes(rate) ??
    (Number.isInteger(rate) && rate >= 1 && rate <= limits.tickRateMax)
  const numbers = limits.tickRates ?? `1 to ${limits.tickRateMax}`
  const choice =
    typeof numbers === 'string' ? `a whole number from ${numbers}` : `one of ${numbers.join(', ')}`
  if (isEarly) {
    const rate = value.numberOrUndefined
    if (rate !== undefined && allowed(rate)) return rate
    return value.fault(
      `must be ${choice}, without quotes in sdk_version "1.12" and "1.13"; it is ` +
        `${value.describe()}`,
    )
  }
  const text = value.numberOrUndefined === undefined ? value.string() : undefined
  if (text === 'unlimited') return text
  if (text !== undefined && /^[1-9]\d{0,5}$/.test(text) && allowed(Number(text)))
    return Number(text)
  if (text === undefined && value.numberOrUndefined === undefined) return undefined
  return value.fault(`must be ${choice}, in quotes, or "unlimited"; it is ${value.describe()}`)
}

function parseStrategy(
  name: string,
  value: YamlValue,
  limits: SchemaLimits,
): PartitioningStrategy | undefined {
  const fields = value.fields(['topology', 'aabb_bounds'], ['grid_placement_groups'])
  fields?.get('topology')?.oneOf(['Grid'])
  const axes = fields?.get('aabb_bounds')?.fields(['x', 'y'])
  const x = parseRange(axes?.get('x'))
  const y = parseRange(axes?.get('y'))
  const placementGroups = parseSize(fields?.get('grid_placement_groups'), limits)
  if (x === undefined || y === undefined) return undefined
  const bounds: Bounds = { minX: x.min, maxX: x.max, minY: y.min, maxY: y.max }
  return { name, bounds, ...(placementGroups && { placementGroups }) }
}

/** Two numbers as float32, the type of positions and so of the cells' edges. */
function parseRange(value: YamlValue | undefined): { min: number; max: number } | undefined {
  const items = value?.items()
  if (value === undefined || items === undefined) return undefined
  if (items.length !== 2)
    return value.fault(`must be two numbers, min and max; it has ${items.length} items`)
  const [min, max] = items.map((item) => {
    const number = item.number()
    const rounded = number === undefined ? undefined : Math.fround(number)
    if (rounded === undefined || Number.isFinite(rounded)) return rounded
    return item.fault(`must lie within ±3.4028235e38, not ${number}`)
  })
  if (min === undefined || max === undefined) return undefined
  if (!increases(gridEdges(min, max, 1)))
    return value.fault(`must have its min below its max as 32-bit numbers: ${min}, ${max}`)
  return { min, max }
}

function parseDomains(
  value: YamlValue | undefined,
  isEarly: boolean,
  context: DomainContext,
): Named<Domain> {
  const domains = parseNamed(value, 'domain', context.limits.domainsMax, (name, one) =>
    parseDomain(name, one, context),
  )
  if (value === undefined || !domains.whole) return domains
  const spatial = domains.known.filter(
    (domain) => domain.lifecycle === 'BySpatialSubdivision',
  ).length
  if (spatial === 0)
    value.fault('must have at least one spatial domain (launch_apps_by_partitioning_strategy)')
  if (isEarly && spatial > 1)
    value.fault('must have exactly one spatial domain in sdk_version "1.12" and "1.13"')
  return domains
}

function parseConstraints(
  value: YamlValue | undefined,
  domains: Named<Domain>,
  workers: Named<WorkerGroup>,
): PlacementConstraint[] {
  const constraints: PlacementConstraint[] = []
  for (const item of value?.items() ?? []) {
    const fields = item.fields(['placed_together', 'on_workers'])
    const together = fields?.get('placed_together')
    const placedTogether = parseReferences(together, 'domain', domains)
    const onWorkers = parseReferences(fields?.get('on_workers'), 'worker group', workers)
    const placed = domains.known.filter((domain) => placedTogether.includes(domain.name))
    const strategies = new Set(
      placed.map((domain) => (domain.lifecycle === 'BySpatialSubdivision' ? domain.strategy : '')),
    )
    const others = placed.filter((domain) => domain.lifecycle !== 'BySpatialSubdivision')
    if (others.length > 0) together?.fault(`must name spatial domains; ${others[0].name} is none`)
    else if (strategies.size > 1) together?.fault('must name domains of one partitioning strategy')
    constraints.push({ placedTogether, onWorkers })
  }
  return constraints
}

function parseReferences(
  value: YamlValue | undefined,
  kind: string,
  named: Named<unknown>,
): string[] {
  const items = value?.items()
  if (items?.length === 0) value?.fault(`must name at least one ${kind}`)
  const names: string[] = []
  for (const item of items ?? []) {
    const name = item.string()
    if (name === undefined) continue
    if (names.includes(name)) item.fault(`repeats ${shown(name)}`)
    else if (!named.names.includes(name))
      item.fault(`names no ${kind}: ${shown(name)}${suggestion(name, named.names)}`)
    names.push(name)
  }
  return names
}

interface Named<T> {
  /** All names in the file, including those of things with faults. */
  names: string[]
  /** The things without faults, in the order of the file. */
  known: T[]
  /** Whether every name has its thing. */
  whole: boolean
}

/** Reads a mapping from names to things of one kind. */
function parseNamed<T>(
  value: YamlValue | undefined,
  kind: string,
  max: number,
  parse: (name: string, value: YamlValue) => T | undefined,
): Named<T> {
  const entries = value?.entries()
  if (value === undefined || entries === undefined) return { names: [], known: [], whole: false }
  if (entries.size === 0) value.fault(`must have at least one ${kind}`)
  if (entries.size > max) {
    value.fault(
      `must have ${max === 1 ? `exactly one ${kind}` : `at most ${max} entries`}; it has ` +
        `${entries.size}`,
    )
  }
  const known: T[] = []
  for (const [name, entry] of entries) {
    if (!/^[A-Za-z0-9_-]{3,64}$/.test(name)) {
      entry.keyFault(
        `the name of a ${kind} must be 3 to 64 characters of A-Z a-z 0-9 _ -, not ${shown(name)}`,
      )
    }
    const thing = parse(name, entry)
    if (thing !== undefined) known.push(thing)
  }
  return { names: [...entries.keys()], known, whole: known.length === entries.size }
}

function faultErrors(faults: Fault[]): StartError[] {
  const sorted = faults.toSorted((a, b) => a.line - b.line || a.column - b.column)
  const errors = sorted
    .slice(0, FAULTS_MAX)
    .map(({ line, column, path, rule }) =>
      schemaError(`line ${line}, column ${column}: ${path === '' ? '' : `${path}: `}${rule}`),
    )
  if (sorted.length > FAULTS_MAX)
    errors.push(schemaError(`and ${sorted.length - FAULTS_MAX} more faults`))
  return errors
}

function schemaError(errorMessage: string): StartError {
  return { errorType: 'SchemaFormatInvalid', errorMessage }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
