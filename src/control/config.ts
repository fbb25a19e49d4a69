// The operator's settings, read from options and environment variables into one plain object.
// Owns names, defaults and checks. Reads no file but the operator's configuration file, and never
// uses the network.

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ObjectsConfig } from '../base/objects-config.ts'
import { SOCKET_PATH_BYTES_MAX } from '../io/bus/unix-bus.ts'
import {
  ADDRESS_OR_NAME,
  defaultFileSettings,
  type FileSettings,
  isAddressOrName,
  parseConfigFile,
} from './config-file.ts'

export interface ControlConfig extends FileSettings {
  host: string
  /** With 0, the system picks a port. */
  port: number
  /** Where clients connect to apps, if that is not the address listened on. */
  advertise?: string
  dataFolder: string
  region: string
  accountId: string
  fabricFolder: string
  /** If absent, the embedded object store serves S3 on the port of control. */
  s3Endpoint?: string
  /** If absent, the port serves plain HTTP. */
  tls?: { certFile: string; keyFile: string }
  /** Whether plain HTTP is allowed with other machines. */
  isInsecureHttpAllowed: boolean
  /** The longest tick of an app, in ms; 0 means no limit. */
  appTimeoutMs: number
  /** A worker that does not answer for longer is lost; 0 means no limit. */
  workerTimeoutMs: number
}

/**
 * Options of the command line. An absent one comes from the environment, or else has its default.
 */
export type ConfigOptions = Partial<Record<SettingName, string>>
export type Environment = Readonly<Record<string, string | undefined>>
export type SettingName =
  | 'host'
  | 'advertise'
  | 'port'
  | 'data'
  | 'region'
  | 'account'
  | 'fabricDir'
  | 's3Endpoint'
  | 'appTimeout'
  | 'workerTimeout'
  | 'config'
  | 'tlsCert'
  | 'tlsKey'
  | 'insecureHttp'

/** A setting that cannot be used. The message names the option and the variable. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError'
}

/** A command line, or the environment in its place, that makes no sense. */
export class UsageError extends ConfigError {
  override readonly name = 'UsageError'
}

interface Setting {
  option: string
  variable: string
  /** For the help text. */
  argument: string
  description: string
  defaultText: string
}

export const SETTINGS: Record<SettingName, Setting> = {
  port: {
    option: '--port',
    variable: 'HEDDLE_PORT',
    argument: '<number>',
    description: 'port of the API and of S3; 0 picks a free one',
    defaultText: '4310',
  },
  host: {
    option: '--host',
    variable: 'HEDDLE_HOST',
    argument: '<address>',
    description: 'address to listen on',
    defaultText: '127.0.0.1',
  },
  advertise: {
    option: '--advertise',
    variable: 'HEDDLE_ADVERTISE',
    argument: '<address>',
    description: 'address or name that clients of apps connect to',
    defaultText: 'the listening address, or the first one that other machines can reach',
  },
  data: {
    option: '--data',
    variable: 'HEDDLE_DATA',
    argument: '<folder>',
    description: 'folder for state, objects and logs',
    defaultText: '$XDG_STATE_HOME/heddle or ~/.local/state/heddle',
  },
  region: {
    option: '--region',
    variable: 'HEDDLE_REGION',
    argument: '<name>',
    description: 'AWS region that clients sign for',
    defaultText: 'us-west-2',
  },
  account: {
    option: '--account',
    variable: 'HEDDLE_ACCOUNT',
    argument: '<id>',
    description: 'account number in ARNs',
    defaultText: '111122223333',
  },
  fabricDir: {
    option: '--fabric-dir',
    variable: 'HEDDLE_FABRIC_DIR',
    argument: '<folder>',
    description: 'folder on a tmpfs for the shared memory of simulations',
    defaultText: '/dev/shm/heddle-<uid>',
  },
  s3Endpoint: {
    option: '--s3-endpoint',
    variable: 'HEDDLE_S3_ENDPOINT',
    argument: '<url>',
    description:
      'use this S3 instead of the embedded object store ' +
      '(keys: HEDDLE_S3_ACCESS_KEY_ID, HEDDLE_S3_SECRET_ACCESS_KEY)',
    defaultText: '',
  },
  appTimeout: {
    option: '--app-timeout',
    variable: 'HEDDLE_APP_TIMEOUT',
    argument: '<seconds>',
    description: 'seconds an app may take for one tick before it counts as failed; 0 waits forever',
    defaultText: '10',
  },
  workerTimeout: {
    option: '--worker-timeout',
    variable: 'HEDDLE_WORKER_TIMEOUT',
    argument: '<seconds>',
    description: 'how long a worker may answer nothing before it counts as lost; 0 waits forever',
    defaultText: '300',
  },
  tlsCert: {
    option: '--tls-cert',
    variable: 'HEDDLE_TLS_CERT',
    argument: '<file>',
    description: 'certificate chain (PEM); the port then speaks HTTPS',
    defaultText: '',
  },
  tlsKey: {
    option: '--tls-key',
    variable: 'HEDDLE_TLS_KEY',
    argument: '<file>',
    description: 'private key of the certificate (PEM)',
    defaultText: '',
  },
  insecureHttp: {
    option: '--insecure-http',
    variable: 'HEDDLE_INSECURE_HTTP',
    argument: '',
    description: 'let other machines connect without TLS',
    defaultText: '',
  },
  config: {
    option: '--config',
    variable: 'HEDDLE_CONFIG',
    argument: '<file>',
    description:
      'YAML file of quotas, limits, snapshots and auditing; ' +
      'default heddle.yaml in the data folder, if it exists',
    defaultText: '',
  },
}

/** The file in the data folder that is used if no file is named. */
const CONFIG_FILE = 'heddle.yaml'
const CONFIG_FAULTS_MAX = 20

/** One folder per user, because only the user may access the memory of a world. */
const DEFAULT_FABRIC_FOLDER = `/dev/shm/heddle-${process.geteuid?.()}`

/** The path of a worker's socket below the fabric folder: `/<uuid>/worker.sock`. */
const SOCKET_TAIL_BYTES = 1 + 36 + 1 + 'worker.sock'.length

/** Throws ConfigError at the first setting that cannot be used. */
export function resolveConfig(options: ConfigOptions, environment: Environment): ControlConfig {
  const text = (name: SettingName): string =>
    given(name, options, environment) ?? SETTINGS[name].defaultText
  const s3Endpoint = endpointOf(text('s3Endpoint'))
  if (s3Endpoint !== undefined) requireS3Keys(environment)
  const advertise = given('advertise', options, environment)
  if (advertise !== undefined && !isAddressOrName(advertise))
    throw unusable('advertise', advertise, ADDRESS_OR_NAME)
  const tls = tlsOf(text('tlsCert'), text('tlsKey'))
  return {
    host: check('host', text('host'), /^[^\s/]+$/, 'an address, such as 127.0.0.1'),
    port: numberOf('port', text('port'), 65_535, 'a port from 0 to 65535'),
    dataFolder: resolveDataFolder(options, environment),
    region: regionGiven(options, environment) ?? SETTINGS.region.defaultText,
    accountId: check('account', text('account'), /^\d{12}$/, 'an account number of 12 digits'),
    fabricFolder: resolveFabricFolder(options, environment),
    appTimeoutMs: secondsOf('appTimeout', text('appTimeout')),
    workerTimeoutMs: secondsOf('workerTimeout', text('workerTimeout')),
    isInsecureHttpAllowed: flagOf('insecureHttp', text('insecureHttp')),
    ...(advertise !== undefined && { advertise }),
    ...(tls !== undefined && { tls }),
    ...(s3Endpoint !== undefined && { s3Endpoint }),
    ...defaultFileSettings,
  }
}

/** Adds the configuration file's settings. Throws ConfigError with all faults of the file. */
export function loadConfig(options: ConfigOptions, environment: Environment): ControlConfig {
  const config = resolveConfig(options, environment)
  const named = given('config', options, environment)
  const file = resolve(named ?? join(config.dataFolder, CONFIG_FILE))
  const text = readConfigText(file, named !== undefined)
  if (text === undefined) return config
  const settings = parseConfigFile(text)
  if (!('faults' in settings)) return { ...config, ...settings }
  const shown = settings.faults.slice(0, CONFIG_FAULTS_MAX)
  const more = settings.faults.length - shown.length
  throw new ConfigError(
    `${file}: ${[...shown, ...(more > 0 ? [`and ${more} more faults`] : [])].join('; ')}`,
  )
}

function readConfigText(file: string, isNamed: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (!isNamed && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new ConfigError(
      `the configuration file ${file} can't be read: ${(error as Error).message}`,
      { cause: error },
    )
  }
}

/** Returns undefined if neither option nor variable is set. Throws UsageError for a bad value. */
export function regionGiven(options: ConfigOptions, environment: Environment): string | undefined {
  const region = given('region', options, environment)
  return region && check('region', region, /^[a-z]{2}(-[a-z]+)+-\d$/, 'a region, such as us-west-2')
}

/** Returns only the data folder, for commands that need nothing else. */
export function resolveDataFolder(options: ConfigOptions, environment: Environment): string {
  const named = given('data', options, environment)
  if (named !== undefined) return resolve(named)
  const stateHome = environment.XDG_STATE_HOME
  if (stateHome?.startsWith('/')) return join(stateHome, 'heddle')
  const { option, variable } = SETTINGS.data
  return join(
    homeFolder(environment, `name the data folder with ${option} (${variable})`),
    '.local/state/heddle',
  )
}

/** Returns only the folder of shared memory. */
export function resolveFabricFolder(options: ConfigOptions, environment: Environment): string {
  return fabricFolderOf(given('fabricDir', options, environment) ?? DEFAULT_FABRIC_FOLDER)
}

/**
 * Throws UsageError without a home folder: the data folder must not depend on the current folder.
 */
export function homeFolder({ HOME }: Environment, remedy: string): string {
  if (HOME?.startsWith('/')) return HOME
  if (HOME !== undefined)
    throw new UsageError(`HOME is '${HOME}', and no absolute path: set it, or ${remedy}`)
  try {
    return homedir()
  } catch (cause) {
    throw new UsageError(`HOME is not set, and this user has no home folder: ${remedy}`, { cause })
  }
}

/** Where control and workers find objects. */
export function objectsConfig(
  config: ControlConfig,
  data: { objects: string; uploads: string },
): ObjectsConfig {
  if (config.s3Endpoint === undefined) return { kind: 'folder', folder: data.objects }
  const { s3Endpoint: endpoint, region } = config
  return { kind: 's3', endpoint, region, forcePathStyle: true, uploadsFolder: data.uploads }
}

/**
 * Throws ConfigError if requests from other machines would travel unencrypted and the operator has
 * not allowed that.
 */
export function requireSafeListening({ host, tls, isInsecureHttpAllowed }: ControlConfig): void {
  if (tls !== undefined || isInsecureHttpAllowed || isLoopback(host)) return
  throw new UsageError(
    `${host} can be reached from other machines, and without TLS ` +
      `what they send can be read on the way: give a certificate ` +
      `with ${SETTINGS.tlsCert.option} and ${SETTINGS.tlsKey.option}, ` +
      `or say ${SETTINGS.insecureHttp.option} ` +
      `(${SETTINGS.insecureHttp.variable}=1) where the network is trusted`,
  )
}

function isLoopback(host: string): boolean {
  return /^(localhost|::1|127(\.\d{1,3}){3})$/i.test(host)
}

/** An empty variable counts as unset. */
function given(
  name: SettingName,
  options: ConfigOptions,
  environment: Environment,
): string | undefined {
  const option = options[name]
  // An empty option is an unset variable of a script.
  if (option === '')
    throw new UsageError(`${SETTINGS[name].option} is empty: give it a value, or leave it out`)
  // A flag of the command line is true.
  if (option !== undefined) return String(option)
  return environment[SETTINGS[name].variable] || undefined
}

function flagOf(name: SettingName, text: string): boolean {
  if (/^(1|true)$/.test(text)) return true
  if (/^(0|false|)$/.test(text)) return false
  throw unusable(name, text, '1 or 0')
}

function tlsOf(cert: string, key: string): ControlConfig['tls'] {
  if (cert === '' && key === '') return undefined
  if (cert !== '' && key !== '') return { certFile: resolve(cert), keyFile: resolve(key) }
  const [missing, given] =
    cert === '' ? (['tlsCert', 'tlsKey'] as const) : (['tlsKey', 'tlsCert'] as const)
  const { option, variable } = SETTINGS[missing]
  throw new UsageError(`${SETTINGS[given].option} needs ${option} (${variable}) too`)
}

function check(name: SettingName, text: string, pattern: RegExp, wanted: string): string {
  if (!pattern.test(text)) throw unusable(name, text, wanted)
  return text
}

function numberOf(name: SettingName, text: string, max: number, wanted: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > max) throw unusable(name, text, wanted)
  return value
}

function secondsOf(name: SettingName, text: string): number {
  const value = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || value > 86_400)
    throw unusable(name, text, 'a number of seconds up to 86400')
  return Math.round(value * 1000)
}

function fabricFolderOf(text: string): string {
  const folder = resolve(text)
  const bytesMax = SOCKET_PATH_BYTES_MAX - SOCKET_TAIL_BYTES
  if (text === '' || Buffer.byteLength(folder) > bytesMax) {
    throw unusable(
      'fabricDir',
      text,
      `a folder with a path of at most ${bytesMax} bytes (a socket lies in it)`,
    )
  }
  return folder
}

function endpointOf(text: string): string | undefined {
  if (text === '') return undefined
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw unusable('s3Endpoint', text, 'a URL that begins with http:// or https://')
  }
  return text
}

function requireS3Keys(environment: Environment): void {
  for (const variable of ['HEDDLE_S3_ACCESS_KEY_ID', 'HEDDLE_S3_SECRET_ACCESS_KEY']) {
    if (!environment[variable]) {
      throw new ConfigError(
        `--s3-endpoint (HEDDLE_S3_ENDPOINT) needs keys: set the environment variable ${variable}`,
      )
    }
  }
}

function unusable(name: SettingName, text: string, wanted: string): UsageError {
  const { option, variable } = SETTINGS[name]
  return new UsageError(`${option} (${variable}) is '${text}', and must be ${wanted}`)
}
