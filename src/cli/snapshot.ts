// `heddle snapshot`: saves a simulation; the commands for what was saved have files of their own.
// Owns what is said of the outcome, which the API itself does not tell: the data folder does, where it is at hand.

import { Command } from 'commander'
import { overviewOf, readRecords } from '../control/overview.ts'
import { WORKER_PROGRAM } from '../control/supervision/worker-process.ts'
import type { WorkerStatus } from '../core/wire/worker-protocol.ts'
import type { Connection } from './api/connection.ts'
import { operationCommand } from './api/operation-command.ts'
import { diffCommand } from './snapshot-diff.ts'
import { exportCommand } from './snapshot-export.ts'
import { infoCommand } from './snapshot-info.ts'
import { lsCommand } from './snapshot-ls.ts'
import { verifyCommand } from './snapshot-verify.ts'

export function snapshotCommand(): Command {
  return new Command('snapshot')
    .description('save simulations, and look into what was saved')
    .helpCommand(false)
    .addCommand(
      operationCommand({
        word: 'create',
        operation: 'CreateSnapshot',
        positional: ['Simulation'],
        doing: ({ Simulation }) => `a snapshot of ${Simulation} is being made`,
        wait: ({ Simulation }, client, options) => client.waitUntilSnapshotEnds(Simulation, options),
        outcome: async ({ Simulation }, connection) => {
          const before = await lastSnapshot(connection, Simulation)
          return async () => outcomeText(Simulation, before, await lastSnapshot(connection, Simulation))
        },
      }),
    )
    .addCommand(lsCommand())
    .addCommand(infoCommand())
    .addCommand(verifyCommand())
    .addCommand(diffCommand())
    .addCommand(exportCommand())
}

type LastSnapshot = WorkerStatus['lastSnapshot']

async function lastSnapshot({ data }: Connection, name: string): Promise<LastSnapshot> {
  if (data === undefined) return undefined
  const record = (await readRecords(data)).find((each) => each.name === name)
  if (record === undefined) return undefined
  const overview = await overviewOf(data, record, process.env.HEDDLE_WORKER_PROGRAM || WORKER_PROGRAM)
  return overview.workerStatus?.lastSnapshot
}

/** Throws where it is known that there is no snapshot. */
function outcomeText(simulation: string, before: LastSnapshot, after: LastSnapshot): string {
  if (after === undefined || after.location.key === before?.location.key) {
    return `the snapshot of ${simulation} has ended; the stream /sim/management of its logs says how`
  }
  const { location, tick, bytes, error } = after
  if (error !== undefined) throw new Error(`the snapshot of ${simulation} at tick ${tick} failed: ${error}`)
  return `saved tick ${tick} of ${simulation}, ${bytes} bytes: s3://${location.bucket}/${location.key}`
}
