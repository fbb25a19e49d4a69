// `heddle run`: from a schema on this machine to a running simulation, in one command. Owns the
// order: check whether it can be started, upload, start, wait, and start the clock if asked.
// Packages are where the schema says: in buckets or on this machine.

import { basename } from 'node:path'
import { Command } from 'commander'
import { outputText } from '../core/api/serialize.ts'
import { connect } from './api/connection.ts'
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

const UNDONE = 'nothing was uploaded or started'

interface RunOptions extends StartingOptions {
  bucket: string
}

export function runCommand(): Command {
  const command = new Command('run')
    .description('upload a schema and start a simulation from it')
    .argument('<schema.yaml>', 'the schema file')
    .requiredOption('--name <text>', 'name of the simulation')
    .option('--bucket <name>', 'bucket for the schema; created if missing', 'heddle-schemas')
  return startingCommand(command, run)
}

async function run(file: string, options: RunOptions): Promise<void> {
  const { name, tag } = options
  checkTagNames(tag ?? {}, UNDONE)
  const bytes = await readSchemaFile(file)
  const connection = await connect(options, process.env)
  const { client } = connection
  const { schema, tags } = schemaFor(connection, file, bytes)
  await requireFree(client, [name], UNDONE)
  const location = { BucketName: options.bucket, ObjectKey: `${name}/${basename(file)}` }
  await putObject(connection, location.BucketName, location.ObjectKey, schema)
  say(options, `uploaded s3://${location.BucketName}/${location.ObjectKey}`)
  const Tags = (tag ?? tags) && { ...tags, ...tag }
  const request = {
    Name: name,
    RoleArn: options.roleArn,
    SchemaS3Location: location,
    ...(Tags && { Tags }),
  }
  const started = await client.startSimulation(request)
  if (options.json === true) process.stdout.write(`${outputText('StartSimulation', started)}\n`)
  await waitForStart(client, name, options)
}
