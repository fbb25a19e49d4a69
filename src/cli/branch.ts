// `heddle branch`: new simulations that continue from another simulation or from a snapshot, on
// another layout if wanted. Owns the order: snapshot, upload of the schema, starts, waits. Each
// step is an API call.

import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { startErrorReasons } from '../../clients/typescript/src/errors.ts'
import { UsageError } from '../control/config.ts'
import { schemaTag, tagNames } from '../core/lifecycle/heddle-tags.ts'
import { type Connection, connect } from './api/connection.ts'
import { readLocation } from './api/flags.ts'
import { timeoutMsOf } from './api/operation-command.ts'
import { withProgress } from './api/progress.ts'
import { type LocalSchema, schemaFor } from './host-packages.ts'
import { findObjects, makeBucket, putFile, putObject } from './objects.ts'
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

const BRANCHES_MAX = 100
const UNDONE = 'nothing was saved or started'

export function branchCommand(): Command {
  const command = new Command('branch')
    .description('start simulations that continue from another simulation or a snapshot')
    .argument(
      '<simulation|file|s3://bucket/key>',
      'a simulation or a snapshot. A STARTED simulation is saved first; ' +
        'a FAILED one needs a saved world',
    )
    .requiredOption(
      '--name <text>',
      'name of the new simulation; several get the suffixes -1, -2, …',
    )
    .option('--count <number>', 'how many simulations', wholeNumber, 1)
    .option(
      '--schema <file>',
      'a schema to continue with: another grid, other workers, another tick rate. ' +
        "Default: the snapshot's own",
    )
    .option(
      '--bucket <name>',
      'bucket for the snapshot and the schema; created if missing',
      'heddle-branches',
    )
  return startingCommand(command, branch)
}

async function branch(from: string, options: BranchOptions): Promise<void> {
  checkTags(options)
  const file = options.schema
  const bytes = file === undefined ? undefined : await readSchemaFile(file)
  const connection = await connect(options, process.env)
  const { client } = connection
  const names = Array.from({ length: options.count }, (_, number) =>
    options.count === 1 ? options.name : `${options.name}-${number + 1}`,
  )
  await requireFree(client, names, UNDONE)
  const snapshot = await snapshotOf(connection, from, options)
  say(options, `the branch begins at s3://${snapshot.BucketName}/${snapshot.ObjectKey}`)
  const schemaTags =
    file !== undefined && bytes !== undefined
      ? await uploadSchema(connection, schemaFor(connection, file, bytes), options)
      : await leaveOf(connection, from)
  const Tags = { ...schemaTags, ...options.tag }
  const hasTags = Object.keys(Tags).length > 0
  for (const Name of names) {
    const request = {
      Name,
      RoleArn: options.roleArn,
      SnapshotS3Location: snapshot,
      ...(hasTags && { Tags }),
    }
    await client.startSimulation(request)
  }
  for (const name of names) await waitForStart(client, name, options)
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ Snapshot: snapshot, Simulations: names })}\n`)
}

/** Reports what any start would refuse before a snapshot is made in vain. */
function checkTags({ tag = {}, schema }: BranchOptions): void {
  checkTagNames(tag, UNDONE)
  if (schema !== undefined && Object.hasOwn(tag, tagNames.schema))
    throw new UsageError(`both --schema and a tag name a schema: give one of the two; ${UNDONE}`)
}

async function snapshotOf(
  connection: Connection,
  from: string,
  options: BranchOptions,
): Promise<Place> {
  if (from.startsWith('s3://')) return readLocation(from)
  if (isFileName(from)) return uploadSnapshot(connection, from, options)
  const { Status, StartError } = await connection.client.describeSimulation({ Simulation: from })
  if (Status !== 'FAILED') return takeSnapshot(connection, from, options)
  const saved = startErrorReasons(StartError ?? '').find(
    ({ savedWorld }) => savedWorld !== undefined,
  )?.savedWorld
  if (saved === undefined)
    throw new Error(`simulation ${from} is FAILED, and its world was not saved; ${UNDONE}`)
  return saved.startsWith('s3://')
    ? readLocation(saved)
    : uploadSnapshot(connection, saved, options)
}

/** A simulation's name has no slash, and a snapshot's file has this ending. */
function isFileName(text: string): boolean {
  return text.includes('/') || text.endsWith('.zip')
}

/** A file on this machine. */
async function uploadSnapshot(
  connection: Connection,
  file: string,
  { name, bucket }: BranchOptions,
): Promise<Place> {
  const isFile = await stat(file).then(
    (found) => found.isFile(),
    () => false,
  )
  if (!isFile) throw new Error(`there is no file ${file} on this machine; ${UNDONE}`)
  const ObjectKey = `${name}/${new Date().toISOString().replace(/[:.]/g, '-')}/${basename(file)}`
  await putFile(connection, bucket, ObjectKey, file)
  return { BucketName: bucket, ObjectKey }
}

/** Makes a snapshot under a unique prefix, so that the object that appears there is this one. */
async function takeSnapshot(
  connection: Connection,
  simulation: string,
  options: BranchOptions,
): Promise<Place> {
  const { client } = connection
  const BucketName = options.bucket
  const ObjectKeyPrefix = `${options.name}/${new Date().toISOString().replace(/[:.]/g, '-')}`
  await makeBucket(connection, BucketName)
  await client.createSnapshot({
    Simulation: simulation,
    Destination: { BucketName, ObjectKeyPrefix },
  })
  await withProgress(`a snapshot of ${simulation} is being made`, timeoutMsOf(options), (wait) =>
    client.waitUntilSnapshotEnds(simulation, wait),
  )
  const [made] = await findObjects(connection, BucketName, `${ObjectKeyPrefix}/`)
  if (made === undefined)
    throw new Error(
      `no snapshot of ${simulation} was made; the stream /sim/errors of its logs says why`,
    )
  return { BucketName, ObjectKey: made.key }
}

async function uploadSchema(
  connection: Connection,
  { schema, tags }: LocalSchema,
  options: BranchOptions,
) {
  const key = `${options.name}/${basename(options.schema!)}`
  await putObject(connection, options.bucket, key, schema)
  return { ...schemaTag(options.bucket, key), ...tags }
}

/**
 * The world continues with the operator's packages of this machine, because its schema is the same.
 */
async function leaveOf(
  { client, data }: Connection,
  from: string,
): Promise<Record<string, string>> {
  if (data === undefined || isFileName(from)) return {}
  const { Arn } = await client.describeSimulation({ Simulation: from })
  const { Tags = {} } = await client.listTagsForResource({ ResourceArn: Arn! })
  const leave = Tags[tagNames.hostPackages]
  return leave === undefined ? {} : { [tagNames.hostPackages]: leave }
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text) || Number(text) > BRANCHES_MAX)
    throw new InvalidArgumentError(`a whole number from 1 to ${BRANCHES_MAX}`)
  return Number(text)
}
