// Schemas from a few words, and packages from files in memory or from tests/apps.
// Owns the defaults; never uploads anything.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { stringify } from 'yaml'
import { ZipFile } from 'yazl'

/** The tests' apps, used in place: as a package on the host, the folder needs no bucket. */
export const appsFolder = join(import.meta.dirname, '../apps')

/** Makes a zip of these files; a path may be any text, even one that a package must not have. */
export async function buildPackage(
  files: Record<string, string | Uint8Array>,
): Promise<Uint8Array> {
  const archive = new ZipFile()
  // yazl rejects bad paths: they go in under a name of the same length, which is then replaced in
  // the bytes.
  const replacements: [string, string][] = []
  for (const [path, content] of Object.entries(files)) {
    const bad = path.startsWith('/') || path.split('/').includes('..') || path.includes('\\')
    const name = bad ? `${replacements.length}`.padStart(path.length, 'x') : path
    if (bad) replacements.push([name, path])
    archive.addBuffer(Buffer.from(content as Uint8Array), name, { mode: 0o100755 })
  }
  archive.end()
  let bytes = await buffer(archive.outputStream)
  for (const [name, path] of replacements)
    bytes = Buffer.from(bytes.toString('latin1').replaceAll(name, path), 'latin1')
  return bytes
}

/** Makes a package of one of the tests' apps, as `app.ts`. */
export async function packageOf(app: string): Promise<Uint8Array> {
  return buildPackage({
    'app.ts': await readFile(join(appsFolder, app), 'utf8'),
    'package.json': '{ "type": "module" }\n',
  })
}

interface DomainCommon {
  /** Default: the folder of the tests' apps. */
  package?: string
  /** A file of that folder with its arguments (`crowd.ts --seed 1`), or a whole command. */
  command: string | readonly string[]
  units?: number
  /** Time limit of an app's tick, in seconds. */
  timeout?: number
}

export type DomainSettings = DomainCommon &
  (
    | { kind: 'spatial'; grid: readonly [columns: number, rows: number]; strategy?: string }
    | { kind: 'service'; count?: number; ports?: readonly number[] }
    | { kind: 'custom'; ports?: readonly number[] }
  )

export interface SchemaSettings {
  domains: Record<string, DomainSettings>
  /** Default "30". */
  tickRate?: string
  /** Half the side of the square world around 0, 0. Default 1000. */
  half?: number
  /** Half the side of the square worlds of strategies besides `Square`, by name. */
  otherStrategies?: Record<string, number>
  workers?: number
  /** Domains that are placed together. */
  together?: readonly string[]
  /** Default `test`; null for no logs. */
  logGroup?: string | null
}

/** Returns a schema's YAML text. */
export function schema(settings: SchemaSettings): string {
  const {
    domains,
    tickRate = '30',
    half = 1000,
    otherStrategies = {},
    workers = 1,
    together,
    logGroup = 'test',
  } = settings
  return stringify({
    sdk_version: '1.17',
    simulation_properties: {
      default_entity_index_key_type: 'Vector3<f32>',
      ...(logGroup !== null && {
        log_destination_service: 'logs',
        log_destination_resource_name: logGroup,
      }),
    },
    workers: { Workers: { type: 'sim.c5.24xlarge', desired: workers } },
    clock: { tick_rate: tickRate },
    partitioning_strategies: Object.fromEntries(
      Object.entries({ Square: half, ...otherStrategies }).map(([name, side]) => [
        name,
        { topology: 'Grid', aabb_bounds: { x: [-side, side], y: [-side, side] } },
      ]),
    ),
    domains: Object.fromEntries(
      Object.entries(domains).map(([name, domain]) => [name, domainOf(domain)]),
    ),
    ...(together && {
      placement_constraints: [{ placed_together: together, on_workers: ['Workers'] }],
    }),
  })
}

function domainOf(domain: DomainSettings): object {
  return {
    ...lifecycleOf(domain),
    app_config: {
      package: domain.package ?? `file://${appsFolder}`,
      launch_command:
        typeof domain.command === 'string'
          ? ['node', ...domain.command.split(' ')]
          : domain.command,
      required_resource_units: { compute: domain.units ?? 1 },
      ...(domain.timeout !== undefined && { app_timeout_seconds: domain.timeout }),
      ...('ports' in domain &&
        domain.ports && { endpoint_config: { ingress_ports: domain.ports } }),
    },
  }
}

function lifecycleOf(domain: DomainSettings): object {
  switch (domain.kind) {
    case 'spatial': {
      const [x, y] = domain.grid
      const grid = { partitioning_strategy: domain.strategy ?? 'Square', grid_partition: { x, y } }
      return { launch_apps_by_partitioning_strategy: grid }
    }
    case 'service':
      return { launch_apps_per_worker: domain.count === undefined ? {} : { count: domain.count } }
    case 'custom':
      return { launch_apps_via_start_app_call: {} }
  }
}
