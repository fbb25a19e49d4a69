// `heddle snapshot ls`: the snapshots in the object store. Owns which objects are shown: those with
// the keys that CreateSnapshot gives; never opens one.

import { Command } from 'commander'
import type { S3Place } from '../base/s3-uri.ts'
import type { ConnectionOptions } from './api/connection.ts'
import { connect } from './api/connection.ts'
import { readPrefix } from './api/flags.ts'
import { findObjects } from './objects.ts'
import { addSourceOptions, simulationOfKey } from './snapshot-source.ts'
import { tableText } from './table.ts'

export function lsCommand(): Command {
  const command = new Command('ls')
    .description('list the snapshots in the object store, oldest first')
    .argument('[s3://bucket/prefix]', 'where to search; default: all buckets', readPrefix)
    .option('--simulation <name>', 'only snapshots of this simulation')
    .option('--json', 'print JSON')
  return addSourceOptions(command).action(ls)
}

async function ls(
  place: S3Place | undefined,
  options: ConnectionOptions & { simulation?: string; json?: boolean },
): Promise<void> {
  const found = (await findObjects(await connect(options, process.env), place?.bucket, place?.key))
    .map(({ bucket, key, bytes, modifiedAtMs }) => ({
      simulation: simulationOfKey(key),
      bytes,
      madeAt: new Date(modifiedAtMs).toISOString(),
      uri: `s3://${bucket}/${key}`,
    }))
    .filter(
      ({ simulation }) =>
        simulation !== undefined && (options.simulation ?? simulation) === simulation,
    )
    .sort((one, other) => (one.madeAt < other.madeAt ? -1 : one.madeAt > other.madeAt ? 1 : 0))
  if (options.json === true) return void process.stdout.write(`${JSON.stringify(found)}\n`)
  const rows = found.map(({ simulation, bytes, madeAt, uri }) => [
    simulation!,
    madeAt,
    String(bytes),
    uri,
  ])
  process.stdout.write(
    rows.length === 0
      ? 'no snapshots\n'
      : tableText([['SIMULATION', 'MADE AT', 'BYTES', 'SNAPSHOT'], ...rows]),
  )
}
