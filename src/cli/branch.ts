// `heddle branch`: simulations that go on from where another one is, or from a snapshot, side by side with it; on another layout if wanted.
// Owns the order: snapshot, upload of the schema, starts, waits. Each step is the API's own.

import { basename } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { UsageError } from '../control/config.ts'
import { schemaTag, tagNames } from '../core/lifecycle/heddle-tags.ts'
import { type Connection, connect } from './api/connection.ts'
import { readLocation } from './api/flags.ts'
import { timeoutMsOf } from './api/operation-command.ts'
import { withProgress } from './api/progress.ts'
import { findObjects, makeBucket, putObject } from './objects.ts'
import {
  checkTagNames,
  readSchemaFile,
  requireFree,
  type StartingOptions,
  say,
  startingCommand,
  waitForStart,
} from './starting.ts'

interface BranchOptions extends StartingOptions {
  count: number
  schema?: string
  bucket: string
}

interface Place {
  BucketName: string
  ObjectKey: string
}

const branchesMax = 100
const undone = 'nothing was saved or started'

export function branchCommand(): Command {
  const command = new Command('branch')
    .description('start simulations that go on from another one, or from a snapshot')
    .argument(
      '<simulation|s3://bucket/key>',
      'a simulation that is STARTED, of which a snapshot is made; or a snapshot',
    )
    .requiredOption('--name <text>', 'name of the new simulation; of several, with -1, -2, … behind it')
    .option('--count <number>', 'how many', wholeNumber, 1)
    .option(
      '--schema <file>',
      "a schema to go on with: another grid, other workers, another tick rate. Default: the snapshot's own",
    )
    .option('--bucket <name>', 'bucket for the snapshot and the schema; made where it is missing', 'heddle-branches')
  return startingCommand(command, branch)
}

async function branch(from: string, options: BranchOptions): Promise<void> {
  checkTags(options)
  const schemaText = options.schema === undefined ? undefined : await readSchemaFile(options.schema)
  const connection = await connect(options, process.env)
  const { client } = connection
  const names = Array.from({ length: options.count }, (_, number) =>
    options.count === 1 ? options.name : `${options.name}-${number + 1}`,
  )
  await requireFree(client, names, undone)
  const snapshot = from.startsWith('s3://') ? readLocation(from) : await takeSnapshot(connection, from, options)
  say(options, `the branch begins at s3://${snapshot.BucketName}/${snapshot.ObjectKey}`)
  const Tags = { ...options.tag, ...(schemaText && (await uploadSchema(connection, schemaText, options))) }
  const hasTags = Object.keys(Tags).length > 0
  for (const Name of names) {
    const request = { Name, RoleArn: options.roleArn, SnapshotS3Location: snapshot, ...(hasTags && { Tags }) }
    await client.startSimulation(request)
  }
  for (const name of names) await waitForStart(client, name, options)
  if (options.json === true) process.stdout.write(`${JSON.stringify({ Snapshot: snapshot, Simulations: names })}\n`)
}

/** What the start would refuse whatever the operator's settings are is said before a snapshot is made for nothing. */
function checkTags({ tag = {}, schema }: BranchOptions): void {
  checkTagNames(tag, undone)
  if (schema !== undefined && Object.hasOwn(tag, tagNames.schema))
    throw new UsageError(`both --schema and a tag name a schema: give one of the two; ${undone}`)
}

/** Makes one under a prefix that nothing else has, so that what appears there is it. */
async function takeSnapshot(connection: Connection, simulation: string, options: BranchOptions): Promise<Place> {
  const { client } = connection
  const BucketName = options.bucket
  const ObjectKeyPrefix = `${options.name}/${new Date().toISOString().replace(/[:.]/g, '-')}`
  await makeBucket(connection, BucketName)
  await client.createSnapshot({ Simulation: simulation, Destination: { BucketName, ObjectKeyPrefix } })
  await withProgress(`a snapshot of ${simulation} is being made`, timeoutMsOf(options), (wait) =>
    client.waitUntilSnapshotEnds(simulation, wait),
  )
  const [made] = await findObjects(connection, BucketName, `${ObjectKeyPrefix}/`)
  if (made === undefined)
    throw new Error(`no snapshot of ${simulation} was made; the stream /sim/errors of its logs says why`)
  return { BucketName, ObjectKey: made.key }
}

async function uploadSchema(connection: Connection, text: Uint8Array, options: BranchOptions) {
  const key = `${options.name}/${basename(options.schema!)}`
  await putObject(connection, options.bucket, key, text)
  return schemaTag(options.bucket, key)
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text) || Number(text) > branchesMax)
    throw new InvalidArgumentError(`a whole number from 1 to ${branchesMax}`)
  return Number(text)
}
