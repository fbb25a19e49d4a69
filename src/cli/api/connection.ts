// Which Heddle a command talks to, and with which keys. Owns the choice: a named endpoint with the
// keys of the AWS environment, or the running control of the data folder with its keys.

import { type Command, Option } from 'commander'
import type { ClientCredentials, HeddleClient } from '../../../clients/typescript/src/index.ts'
import {
  type ConfigOptions,
  type Environment,
  regionGiven,
  resolveDataFolder,
  SETTINGS,
  UsageError,
} from '../../control/config.ts'
import { type DataFolder, dataFolder } from '../../control/data-folder.ts'
import { readHolder } from '../../control/lock.ts'
import { addSettings } from '../settings.ts'

export interface ConnectionOptions extends ConfigOptions {
  endpoint?: string
}

export interface Connection {
  readonly client: HeddleClient
  readonly endpoint: string
  readonly region: string
  readonly credentials: ClientCredentials
  /** The data folder of the control; absent if an endpoint was named. */
  readonly data?: DataFolder
}

const ENDPOINT_VARIABLE = 'HEDDLE_ENDPOINT'

export function addConnectionOptions(command: Command): Command {
  command.addOption(
    new Option(
      '--endpoint <url>',
      `call this Heddle, with the keys of the AWS environment (${ENDPOINT_VARIABLE}); ` +
        'default: the one serving the data folder',
    ),
  )
  return addSettings(command, ['data', 'region'])
}

/** Throws if no control serves the data folder, or if there are no keys. */
export async function connect(
  options: ConnectionOptions,
  environment: Environment,
): Promise<Connection> {
  // Loaded only by commands that call the API, because loading the client takes time.
  const { credentialsFromEnvironment, HeddleClient, readCredentialsFile } = await import(
    '../../../clients/typescript/src/index.ts'
  )
  const named = options.endpoint ?? (environment[ENDPOINT_VARIABLE] || undefined)
  const givenRegion = regionGiven(options, environment)
  if (named !== undefined) {
    if (!/^https?:$/.test(URL.parse(named)?.protocol ?? '')) {
      throw new UsageError(
        `--endpoint (${ENDPOINT_VARIABLE}) is '${named}', and must be a URL that begins ` +
          'with http:// or https://',
      )
    }
    const region =
      givenRegion ??
      (environment.AWS_REGION || environment.AWS_DEFAULT_REGION || SETTINGS.region.defaultText)
    const credentials = await credentialsFromEnvironment(environment)
    return {
      client: new HeddleClient({ endpoint: named, region, credentials }),
      endpoint: named,
      region,
      credentials,
    }
  }
  const data = dataFolder(resolveDataFolder(options, environment))
  const holder = readHolder(data)
  const endpoint = holder?.url
  if (endpoint === undefined) {
    throw new Error(
      `no control serves the data folder ${data.folder}; start it with heddle up, or name ` +
        `another Heddle with --endpoint (${ENDPOINT_VARIABLE})`,
    )
  }
  const region = givenRegion ?? holder?.region ?? SETTINGS.region.defaultText
  const { HEDDLE_ACCESS_KEY_ID: accessKeyId, HEDDLE_SECRET_ACCESS_KEY: secretAccessKey } =
    environment
  const credentials =
    accessKeyId && secretAccessKey
      ? { accessKeyId, secretAccessKey }
      : await readCredentialsFile(data.credentials)
  return {
    client: new HeddleClient({ endpoint, region, credentials }),
    endpoint,
    region,
    credentials,
    data,
  }
}

/** A refusal with its code before its message; any other error unchanged. */
export function withErrorCode(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'HeddleApiError' || !('code' in error))
    return error
  return new Error(`${error.code}: ${error.message}`, { cause: error })
}
