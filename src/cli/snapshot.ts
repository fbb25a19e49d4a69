// `heddle snapshot`: saves a simulation; the commands for saved worlds have files of their own.
// Owns the report of the outcome: the API does not return it, but a local data folder has it.

import { Command } from 'commander'
import { overviewOf, readRecords } from '../control/overview.ts'
import type { InputOf } from '../core/api/operations.ts'
import type { WorkerStatus } from '../core/wire/worker-protocol.ts'
import type { Connection } from './api/connection.ts'
import { operationCommand } from './api/operation-command.ts'
import { hostFor } from './host.ts'
import { findObjects } from './objects.ts'
import { diffCommand } from './snapshot-diff.ts'
import { exportCommand } from './snapshot-export.ts'
import { infoCommand } from './snapshot-info.ts'
import { lsCommand } from './snapshot-ls.ts'
import { simulationOfKey } from './snapshot-source.ts'
import { verifyCommand } from './snapshot-verify.ts'

export function snapshotCommand(): Command {
  return new Command('snapshot')
    .description('save simulations, and inspect snapshots')
    .helpCommand(false)
    .addCommand(
      operationCommand({
        word: 'create',
        operation: 'CreateSnapshot',
        positional: ['Simulation'],
        doing: ({ Simulation }) => `a snapshot of ${Simulation} is being made`,
        wait: ({ Simulation }, client, options) =>
          client.waitUntilSnapshotEnds(Simulation, options),
        outcome: async ({ Simulation, Destination }, connection) => {
          if (connection.data === undefined) return outcomeAfar(Simulation, Destination, connection)
          const before = await lastSnapshot(connection, Simulation)
          return async () =>
            outcomeText(Simulation, before, await lastSnapshot(connection, Simulation))
        },
      }),
    )
    .addCommand(lsCommand())
    .addCommand(infoCommand())
    .addCommand(verifyCommand())
    .addCommand(diffCommand())
    .addCommand(exportCommand())
}

/**
 * The outcome for a simulation whose data folder is elsewhere: found by listing the bucket, if the
 * caller may.
 */
async function outcomeAfar(
  simulation: string,
  { BucketName, ObjectKeyPrefix }: InputOf<'CreateSnapshot'>['Destination'],
  connection: Connection,
): Promise<() => Promise<string>> {
  const keys = async () =>
    (await findObjects(connection, BucketName, ObjectKeyPrefix))
      .map(({ key }) => key)
      .filter((key) => simulationOfKey(key) === simulation)
  const before = await keys().catch(() => undefined)
  return async () => {
    const after = before && (await keys().catch(() => undefined))
    if (!after) return unknownText(simulation)
    const made = after.find((key) => !before.includes(key))
    if (made === undefined)
      throw new Error(
        `no snapshot of ${simulation} was made; the stream /sim/errors of its logs says why`,
      )
    return `saved ${simulation}: s3://${BucketName}/${made}`
  }
}

function unknownText(simulation: string): string {
  return (
    `the snapshot of ${simulation} has ended; ` +
    `'heddle logs ${simulation}' on its machine says how`
  )
}

type LastSnapshot = WorkerStatus['lastSnapshot']

async function lastSnapshot({ data }: Connection, name: string): Promise<LastSnapshot> {
  if (data === undefined) return undefined
  const record = (await readRecords(data)).find((each) => each.name === name)
  if (record === undefined) return undefined
  const overview = await overviewOf(hostFor(data), record)
  return overview.workerStatus?.lastSnapshot
}

/** Throws if it is certain that there is no snapshot. */
function outcomeText(simulation: string, before: LastSnapshot, after: LastSnapshot): string {
  const isSame = after?.location.key === before?.location.key && after?.tick === before?.tick
  if (after === undefined || isSame) return unknownText(simulation)
  const { location, tick, bytes, error } = after
  if (error !== undefined)
    throw new Error(`the snapshot of ${simulation} at tick ${tick} failed: ${error}`)
  const place = `s3://${location.bucket}/${location.key}`
  return `saved tick ${tick} of ${simulation}, ${bytes} bytes: ${place}`
}
