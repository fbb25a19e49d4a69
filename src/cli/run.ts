// `heddle run`: from a schema on this machine to a running simulation, in one command. Owns the
// order: check whether it can be started, upload, start, say how to start an app by hand, wait, and
// start the clock if asked.
// Packages are where the schema says: in buckets or on this machine.

import { basename } from 'node:path'
import { Command } from 'commander'
import { outputText } from '../core/api/serialize.ts'
import { tagNames } from '../core/lifecycle/heddle-tags.ts'
import { connect } from './api/connection.ts'
import { sayHowToStart } from './app-debug.ts'
import { schemaFor } from './host-packages.ts'
import { putObject } from './objects.ts'
import {
  checkTagNames,
  readSchemaFile,
  requireFree,
  type StartingOptions,
  say,
  startingCommand,
  waitForStart,
} from './starting.ts'

const WAIT_SECONDS_MAX = 1e6
const UNDONE = 'nothing was uploaded or started'

interface RunOptions extends StartingOptions {
  bucket: string
  appDebug?: string
}

export function runCommand(): Command {
  const command = new Command('run')
    .description('upload a schema and start a simulation from it')
    .argument('<schema.yaml>', 'the schema file')
    .requiredOption('--name <text>', 'name of the simulation')
    .option('--bucket <name>', 'bucket for the schema; created if missing', 'heddle-schemas')
    .option('--app-debug <app>', 'leave this app to be started by hand, as under gdb; says how')
  return startingCommand(command, run)
}

async function run(file: string, options: RunOptions): Promise<void> {
  const { name, appDebug } = options
  const tag = { ...options.tag, ...(appDebug !== undefined && { [tagNames.appDebug]: appDebug }) }
  checkTagNames(tag, UNDONE)
  const bytes = await readSchemaFile(file)
  const connection = await connect(options, process.env)
  const { client, data } = connection
  if (appDebug !== undefined && data === undefined)
    throw new Error(
      `--app-debug needs the machine and the data folder of heddle up, not an endpoint; ${UNDONE}`,
    )
  const { schema, tags } = schemaFor(connection, file, bytes)
  await requireFree(client, [name], UNDONE)
  const location = { BucketName: options.bucket, ObjectKey: `${name}/${basename(file)}` }
  await putObject(connection, location.BucketName, location.ObjectKey, schema)
  say(options, `uploaded s3://${location.BucketName}/${location.ObjectKey}`)
  const Tags = { ...tags, ...tag }
  const request = {
    Name: name,
    RoleArn: options.roleArn,
    SchemaS3Location: location,
    ...(Object.keys(Tags).length > 0 && { Tags }),
  }
  const started = await client.startSimulation(request)
  if (options.json === true) process.stdout.write(`${outputText('StartSimulation', started)}\n`)
  if (appDebug === undefined) return waitForStart(client, name, options)
  await sayHowToStart(client, options)
  // Nobody hurries a person.
  await waitForStart(client, name, { timeout: WAIT_SECONDS_MAX, ...options })
}
