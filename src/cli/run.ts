// `heddle run`: from a schema on this machine to a running simulation, in one command.
// Owns the order: upload, start, wait, and the clock if asked for. The packages must be where the schema says.

import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { Command } from 'commander'
import type { HeddleClient } from '../../clients/typescript/src/index.ts'
import { outputText } from '../core/api/serialize.ts'
import { addConnectionOptions, type ConnectionOptions, connect, withErrorCode } from './api/connection.ts'
import { addJsonOption, addWaitOptions, timeoutMsOf } from './api/operation-command.ts'
import { withProgress } from './api/progress.ts'
import { putObject } from './objects.ts'
import { UNUSED_ROLE } from './simulation.ts'

interface RunOptions extends ConnectionOptions {
  name: string
  bucket: string
  roleArn: string
  startClock?: boolean
  json?: boolean
  wait?: boolean
  timeout?: number
}

export function runCommand(): Command {
  const command = new Command('run')
    .description('upload a schema, and start a simulation from it')
    .argument('<schema.yaml>', 'file of the schema')
    .requiredOption('--name <text>', 'name of the simulation')
    .option('--bucket <name>', 'bucket that the schema is put into; made where it is missing', 'heddle-schemas')
    .option('--role-arn <text>', 'role of the simulation', UNUSED_ROLE)
    .option('--start-clock', 'start the clock as well')
  addJsonOption(addWaitOptions(command))
  return addConnectionOptions(command).action(async (file: string, options: RunOptions) => {
    if (options.startClock && options.wait === false) command.error('error: --start-clock needs the wait')
    try {
      await run(file, options)
    } catch (error) {
      throw withErrorCode(error)
    }
  })
}

async function run(file: string, options: RunOptions): Promise<void> {
  const { name } = options
  const timeoutMs = timeoutMsOf(options)
  const say = (text: string) => options.json !== true && process.stdout.write(`${text}\n`)
  const schema = await readFile(file)
  const connection = await connect(options, process.env)
  const { client } = connection
  const location = { BucketName: options.bucket, ObjectKey: `${name}/${basename(file)}` }
  await putObject(connection, location.BucketName, location.ObjectKey, schema)
  say(`uploaded s3://${location.BucketName}/${location.ObjectKey}`)
  const started = await client.startSimulation({ Name: name, RoleArn: options.roleArn, SchemaS3Location: location })
  if (options.json === true) process.stdout.write(`${outputText('StartSimulation', started)}\n`)
  if (options.wait === false) return void say(`simulation ${name} is starting`)
  await withProgress(`simulation ${name} is starting`, timeoutMs, (wait) => client.waitUntilStarted(name, wait))
  say(`simulation ${name} is STARTED`)
  if (!options.startClock) return
  await startClock(client, name, timeoutMs)
  say(`the clock of ${name} is STARTED`)
}

async function startClock(client: HeddleClient, name: string, timeoutMs: number | undefined): Promise<void> {
  await client.startClock({ Simulation: name })
  await withProgress(`the clock of ${name} is starting`, timeoutMs, (wait) => client.waitUntilClockStarted(name, wait))
}
