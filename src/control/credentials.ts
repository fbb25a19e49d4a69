// The access key and secret that callers sign with.
// Owns where they come from and the file they are kept in; never prints or logs a secret.

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { ConfigError, type Environment } from './config.ts'

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
}

const ID_VARIABLE = 'HEDDLE_ACCESS_KEY_ID'
const SECRET_VARIABLE = 'HEDDLE_SECRET_ACCESS_KEY'

/**
 * Returns the keys from the environment if both are set, or else from the file, which is created
 * with new keys if it is missing. Throws ConfigError if only one variable is set or the file cannot
 * be parsed. A broken file is never replaced.
 */
export async function loadCredentials(
  path: string,
  environment: Environment,
): Promise<Credentials> {
  const accessKeyId = environment[ID_VARIABLE] || undefined
  const secretAccessKey = environment[SECRET_VARIABLE] || undefined
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return checked({ accessKeyId, secretAccessKey }, `${ID_VARIABLE} and ${SECRET_VARIABLE}`)
  }
  if (accessKeyId !== undefined || secretAccessKey !== undefined) {
    const missing = accessKeyId === undefined ? ID_VARIABLE : SECRET_VARIABLE
    throw new ConfigError(
      `set both ${ID_VARIABLE} and ${SECRET_VARIABLE}, or neither; ${missing} is missing`,
    )
  }
  if (existsSync(path)) return parseCredentials(readFileSync(path, 'utf8'), path)
  const made = makeCredentials()
  await writeCredentials(path, made)
  return made
}

/** Reads the `[default]` profile of an AWS credentials file. `path` is only for the message. */
export function parseCredentials(text: string, path: string): Credentials {
  const values = new Map<string, string>()
  let profile = ''
  for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
    const [, header] = /^\[\s*([^\]]*?)\s*\]$/.exec(line) ?? []
    const [, key, value] = /^([^#;=\s]+)\s*=\s*(.*)$/.exec(line) ?? []
    if (header !== undefined) profile = header
    else if (profile === 'default' && key !== undefined) values.set(key.toLowerCase(), value ?? '')
  }
  const accessKeyId = values.get('aws_access_key_id') ?? ''
  const secretAccessKey = values.get('aws_secret_access_key') ?? ''
  return checked({ accessKeyId, secretAccessKey }, `the file ${path}`)
}

function checked(credentials: Credentials, source: string): Credentials {
  if (!isUsableKeyId(credentials.accessKeyId)) {
    throw new ConfigError(
      `${source}: no usable access key id (aws_access_key_id under [default])${REMEDY}`,
    )
  }
  if (!isUsableSecret(credentials.secretAccessKey)) {
    throw new ConfigError(
      `${source}: no usable secret (aws_secret_access_key under [default], ` +
        `8 characters or more)${REMEDY}`,
    )
  }
  return credentials
}

/** What fits an Authorization header: the id ends at the first slash of the scope. */
export function isUsableKeyId(text: string): boolean {
  return /^[\w.-]{1,128}$/.test(text)
}

export function isUsableSecret(text: string): boolean {
  return /^[\x21-\x7e]{8,256}$/.test(text)
}

const REMEDY = '; mend it, or remove the file to have new keys made'

/** Keys in the form of AWS: an id of 20 characters that begins with AKIA, a secret of 40. */
export function makeCredentials(): Credentials {
  return { accessKeyId: makeKeyId('AKIA'), secretAccessKey: randomBytes(30).toString('base64') }
}

/** Ids of temporary keys begin with `ASIA`. */
export function makeKeyId(prefix: 'AKIA' | 'ASIA'): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return prefix + [...randomBytes(16)].map((byte) => letters[byte % letters.length]).join('')
}

/** Writes the whole file or nothing, and never makes it readable to others. */
async function writeCredentials(path: string, credentials: Credentials): Promise<void> {
  const lines = [
    '[default]',
    `aws_access_key_id = ${credentials.accessKeyId}`,
    `aws_secret_access_key = ${credentials.secretAccessKey}`,
    '',
  ]
  const fresh = `${path}.${process.pid}.new`
  await writeFile(fresh, lines.join('\n'), { mode: 0o600, flag: 'wx', flush: true })
  await rename(fresh, path)
}
