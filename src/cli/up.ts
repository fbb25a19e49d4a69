// `heddle up`: serves in the foreground until it is told to stop.
// Owns what the operator reads and the signals; never stops a simulation.

import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import pino from 'pino'
import { type ConfigOptions, type Environment, loadConfig, SETTINGS, type SettingName } from '../control/config.ts'
import type { Control } from '../control/control.ts'
import { dataFolder, makeDataFolder } from '../control/data-folder.ts'
import type { ServedControl } from '../control/server.ts'
import { isFinal } from '../core/lifecycle/simulation.ts'
import type { WorkerStatus } from '../core/wire/worker-protocol.ts'
import { ControlLog } from '../io/logs/control-log.ts'
import { goOnWithoutReader } from './ending.ts'
import { addSettings } from './settings.ts'

/** Holds the API's model where boto3 and the AWS CLI look for it. */
const CLIENT_MODELS = fileURLToPath(new URL('../../clients/botocore', import.meta.url))

export function upCommand(): Command {
  const command = new Command('up').description('serve the API and the object store, until Ctrl-C')
  return addSettings(command, Object.keys(SETTINGS) as SettingName[]).action(up)
}

async function up(options: ConfigOptions): Promise<void> {
  const environment = { ...process.env }
  // Only this command needs what is loaded here and below, which takes its time.
  const { hideSecrets } = await import('../io/launch/secret-variables.ts')
  hideSecrets()
  const config = loadConfig(options, environment)
  const data = dataFolder(config.dataFolder)
  makeDataFolder(data)
  const log = new ControlLog({ path: data.log })
  const stopped = stopSignal()
  goOnWithoutReader()
  // For tests of the command line alone: another program in the place of the real worker.
  const workerProgram = process.env.HEDDLE_WORKER_PROGRAM
  const { serveControl } = await import('../control/server.ts')
  const served = await serveControl(config, {
    log: pino({}, log),
    environment,
    ...(workerProgram && { workerProgram }),
  })
  process.stdout.write(greeting(served, environment))
  await stopped
  const left = await goingOn(served.control).finally(() => served.close())
  process.stdout.write(farewell(left))
  log.close()
  // An S3 that doesn't answer would hold the process, which has let go of the data folder.
  process.exit()
}

function greeting({ control, url }: ServedControl, environment: Environment): string {
  const { region } = control.config
  const keys = environment.HEDDLE_ACCESS_KEY_ID
    ? 'export AWS_ACCESS_KEY_ID="$HEDDLE_ACCESS_KEY_ID" AWS_SECRET_ACCESS_KEY="$HEDDLE_SECRET_ACCESS_KEY"'
    : `export AWS_SHARED_CREDENTIALS_FILE=${quote(control.data.credentials)}`
  const buckets = control.config.s3Endpoint === undefined ? [`  aws --endpoint-url ${url} s3 mb s3://my-bucket`] : []
  return [
    `heddle ready ${url}`,
    '',
    'To use it with AWS clients, in another terminal:',
    `  ${keys}`,
    `  export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`,
    `  export AWS_DATA_PATH=${quote(CLIENT_MODELS)}   # teaches boto3 and the AWS CLI all of the API, snapshots too`,
    `  aws --endpoint-url ${url} simspaceweaver list-simulations`,
    ...buckets,
    '',
    `Data: ${control.config.dataFolder}`,
    'Ctrl-C stops serving, and simulations go on; heddle down stops everything.',
    '',
  ].join('\n')
}

function farewell(left: readonly string[]): string {
  if (left.length === 0) return '\nheddle has stopped serving; no simulation is running.\n'
  return [
    '',
    `heddle has stopped serving; ${left.length === 1 ? 'this simulation goes' : 'these simulations go'} on without it:`,
    ...left.map((name) => `  ${name}`),
    'heddle up finds them again; heddle down stops them.',
    '',
  ].join('\n')
}

async function goingOn({ store, supervisor }: Control): Promise<string[]> {
  const records = await store.listSimulations()
  return records
    .filter((record) => {
      const status = supervisor.known(record).workerStatus ?? (record.workerStatus as WorkerStatus | undefined)
      return record.targetStatus === 'STARTED' && (status === undefined || !isFinal(status.status))
    })
    .map((record) => record.name)
}

/** The first Ctrl-C ends in order; a second one has the system's own meaning. */
async function stopSignal(): Promise<void> {
  const caught = new AbortController()
  try {
    await Promise.race(
      (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => once(process, name, { signal: caught.signal })),
    )
  } finally {
    caught.abort()
  }
}

/** For a POSIX shell, where it needs it. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
