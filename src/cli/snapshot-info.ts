// `heddle snapshot info`: the manifest of a snapshot. Owns the form; checks the manifest's seal,
// but reads no entities.

import { Command } from 'commander'
import type { Manifest } from '../core/snapshot/manifest.ts'
import type { ConnectionOptions } from './api/connection.ts'
import {
  addSourceOptions,
  SNAPSHOT_ARGUMENT,
  SNAPSHOT_DESCRIPTION,
  withSnapshot,
} from './snapshot-source.ts'
import { tableText } from './table.ts'

export function infoCommand(): Command {
  const command = new Command('info')
    .description('show what a snapshot contains')
    .argument(`<${SNAPSHOT_ARGUMENT}>`, SNAPSHOT_DESCRIPTION)
    .option('--json', 'print its manifest as JSON')
  return addSourceOptions(command).action(
    (from: string, options: ConnectionOptions & { json?: boolean }) =>
      withSnapshot(from, options, async (file) => {
        const { readSnapshotManifest } = await import('../joints/snapshot/snapshot-file.ts')
        const manifest = await readSnapshotManifest(file)
        process.stdout.write(
          options.json === true ? `${JSON.stringify(manifest)}\n` : infoText(manifest),
        )
      }),
  )
}

function infoText(manifest: Manifest): string {
  const {
    simulation,
    tick,
    takenAt,
    entities,
    stateHash,
    grids,
    heddleVersion,
    formatVersion,
    partitions,
  } = manifest
  const facts = [
    ['Simulation', simulation.name],
    ['Tick', String(tick)],
    ['Taken at', takenAt],
    ['Entities', String(entities)],
    ['State hash', stateHash],
    ...grids.map(({ domain, columns, rows, bounds: { x, y } }) => [
      `Grid of ${domain}`,
      `${columns} by ${rows}, x ${x.join(' to ')}, y ${y.join(' to ')}`,
    ]),
    ['Written by', `Heddle ${heddleVersion}, format ${formatVersion}`],
  ]
  const rows = partitions.map((each) => [
    each.domain,
    each.name,
    String(each.rows),
    [...new Set([...each.shapes.map(({ field }) => field), ...each.fields])]
      .sort((a, b) => a - b)
      .join(' '),
    String(each.bytes),
  ])
  const domains = [['DOMAIN', 'APP', 'ENTITIES', 'FIELDS', 'BYTES'], ...rows]
  return `${tableText(facts)}\n${tableText(domains)}`
}
