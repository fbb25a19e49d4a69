// `heddle up`: serves in the foreground until it is told to stop. Owns the output for the operator
// and the signals; never stops a simulation.

import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import pino, { type Logger } from 'pino'
import type { TlsIdentity } from '../control/certificate.ts'
import {
  ConfigError,
  type ConfigOptions,
  type Environment,
  loadConfig,
  SETTINGS,
  type SettingName,
} from '../control/config.ts'
import type { Control } from '../control/control.ts'
import { dataFolder, makeDataFolder } from '../control/data-folder.ts'
import type { ServedControl } from '../control/server.ts'
import { isFinal, shownStatus } from '../core/lifecycle/simulation.ts'
import { ControlLog } from '../io/logs/control-log.ts'
import { goOnWithoutReader } from './ending.ts'
import { addSettings } from './settings.ts'

/** The folder with the API's model for boto3 and the AWS CLI. */
const CLIENT_MODELS = fileURLToPath(new URL('../../clients/botocore', import.meta.url))

export function upCommand(): Command {
  const command = new Command('up').description('serve the API and the object store until Ctrl-C')
  return addSettings(command, Object.keys(SETTINGS) as SettingName[]).action(up)
}

async function up(options: ConfigOptions): Promise<void> {
  const environment = { ...process.env }
  // Loaded here and below, because only this command needs it and loading takes time.
  const { hideSecrets } = await import('../io/launch/secret-variables.ts')
  hideSecrets()
  const config = loadConfig(options, environment)
  const data = dataFolder(config.dataFolder)
  makeDataFolder(data)
  const log = new ControlLog({ path: data.log })
  let reload: (() => void) | undefined
  const stopped = stopSignal(() => reload?.())
  goOnWithoutReader()
  // For tests of the command line alone: another program replaces the real worker.
  const workerProgram = process.env.HEDDLE_WORKER_PROGRAM
  const { serveControl } = await import('../control/server.ts')
  const logger = pino({}, log)
  const served = await serveControl(config, {
    log: logger,
    environment,
    ...(workerProgram && { workerProgram }),
  })
  process.stdout.write(greeting(served, environment))
  warn(served, logger)
  reload = () => readAgain(served, { options, environment, log: logger })
  await stopped
  const left = await goingOn(served.control).finally(() => served.close())
  process.stdout.write(farewell(left))
  log.close()
  // An S3 that does not answer would keep the process alive, though it has released the data
  // folder.
  process.exit()
}

function greeting({ control, url, identity }: ServedControl, environment: Environment): string {
  const { region } = control.config
  const keys = environment.HEDDLE_ACCESS_KEY_ID
    ? 'export AWS_ACCESS_KEY_ID="$HEDDLE_ACCESS_KEY_ID" ' +
      'AWS_SECRET_ACCESS_KEY="$HEDDLE_SECRET_ACCESS_KEY"'
    : `export AWS_SHARED_CREDENTIALS_FILE=${quote(control.data.credentials)}`
  // Version 2 of the SDK reads that file only if it reads a configuration, which must exist.
  const ofVersion2 = environment.HEDDLE_ACCESS_KEY_ID
    ? []
    : [
        `  export AWS_SDK_LOAD_CONFIG=1 AWS_CONFIG_FILE=${quote(control.data.credentials)}` +
          '   # for aws-sdk v2',
      ]
  const buckets =
    control.config.s3Endpoint === undefined
      ? [`  aws --endpoint-url ${url} s3 mb s3://my-bucket`]
      : []
  return [
    `heddle ready ${url}`,
    '',
    'To use it with AWS clients, in another terminal:',
    `  ${keys}`,
    ...ofVersion2,
    ...trustLines(identity(), control.config.tls?.certFile ?? ''),
    `  export AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`,
    `  export AWS_DATA_PATH=${quote(CLIENT_MODELS)}` +
      '   # teaches boto3 and the AWS CLI all of the API, snapshots too',
    `  aws --endpoint-url ${url} simspaceweaver list-simulations`,
    ...buckets,
    '',
    `Data: ${control.config.dataFolder}`,
    'Ctrl-C stops serving, and simulations go on; heddle down stops everything.',
    '',
  ].join('\n')
}

/** Lets clients trust a certificate that this machine may not know. */
function trustLines(identity: TlsIdentity | undefined, certFile: string): string[] {
  if (identity === undefined) return []
  const exports = (file: string) => `export AWS_CA_BUNDLE=${file} NODE_EXTRA_CA_CERTS=${file}`
  if (identity.isOwnAuthority) return [`  ${exports(quote(certFile))}`]
  return [
    '  # If this machine does not know the authority of the certificate: ' +
      exports('FILE-OF-THE-AUTHORITY'),
  ]
}

/** A setting with a fault is reported and stays unchanged. */
function readAgain(
  served: ServedControl,
  { options, environment, log }: { options: ConfigOptions; environment: Environment; log: Logger },
): void {
  try {
    served.reload(loadConfig(options, environment))
    process.stdout.write('heddle has read its configuration and certificate again\n')
    log.info('configuration and certificate were read again')
    warn(served, log)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    log.error({ err: error }, 'configuration and certificate were not read again')
    process.stderr.write(`heddle: ${error.message}; all stays as it was\n`)
  }
}

function warn(served: ServedControl, log: Logger): void {
  for (const warning of served.warnings()) {
    log.warn(warning)
    process.stderr.write(`heddle: warning: ${warning}\n`)
  }
}

function farewell(left: readonly string[]): string {
  if (left.length === 0) return '\nheddle has stopped serving; no simulation is running.\n'
  return [
    '',
    'heddle has stopped serving; ' +
      `${left.length === 1 ? 'this simulation goes' : 'these simulations go'} on without it:`,
    ...left.map((name) => `  ${name}`),
    'heddle up finds them again; heddle down stops them.',
    '',
  ].join('\n')
}

async function goingOn({ store, supervisor }: Control): Promise<string[]> {
  const records = await store.listSimulations()
  return records
    .filter((record) => {
      const status = shownStatus(supervisor.known(record))
      return record.targetStatus === 'STARTED' && !isFinal(status)
    })
    .map((record) => record.name)
}

/**
 * The first Ctrl-C ends in order; the second one has the system's own meaning. SIGHUP reloads
 * settings, but ends the command if its terminal was closed.
 */
function stopSignal(onHangUp: () => void): Promise<void> {
  const hadTerminal = hasTerminal()
  return new Promise((resolve) => {
    const stop = () => {
      process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', hangUp)
      resolve()
    }
    const hangUp = () => (hadTerminal && !hasTerminal() ? stop() : onHangUp())
    process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', hangUp)
  })
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    // ENXIO: there is no terminal.
    return false
  }
}

/** Quotes for a POSIX shell, if necessary. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
