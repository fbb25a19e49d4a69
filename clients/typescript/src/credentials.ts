// The keys to sign with, from where AWS clients look: the environment, then the credentials file.
// Owns the reading of both; never writes one, and never shows a secret.

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface ClientCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials. */
  readonly sessionToken?: string
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; else the profile
 * `AWS_PROFILE` (or default) of the file `AWS_SHARED_CREDENTIALS_FILE` (or ~/.aws/credentials).
 * Throws where there are none.
 */
export async function credentialsFromEnvironment(
  environment: Environment,
): Promise<ClientCredentials> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment
  if (AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY)
    return credentials(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN)
  const home = environment.HOME || homedir()
  const file = environment.AWS_SHARED_CREDENTIALS_FILE || join(home, '.aws', 'credentials')
  return await readCredentialsFile(file, environment.AWS_PROFILE || 'default')
}

/**
 * One profile of a file in the AWS credentials format. Throws where the file can't be read, or has
 * no keys for the profile.
 */
export async function readCredentialsFile(
  file: string,
  profile = 'default',
): Promise<ClientCredentials> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'it does not exist'
        : (cause as Error).message
    throw new Error(
      `no keys to sign with: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and of the file ${file}: ${why}`,
      { cause },
    )
  }
  const values = profileOf(text, profile)
  const id = values.get('aws_access_key_id')
  const secret = values.get('aws_secret_access_key')
  if (!id || !secret)
    throw new Error(`the file ${file} has no access key and secret for the profile ${profile}`)
  return credentials(id, secret, values.get('aws_session_token'))
}

function profileOf(text: string, profile: string): Map<string, string> {
  const values = new Map<string, string>()
  let current = ''
  for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
    const [, header] = /^\[\s*([^\]]*?)\s*\]$/.exec(line) ?? []
    const [, key, value] = /^([^#;=\s]+)\s*=\s*(.*)$/.exec(line) ?? []
    if (header !== undefined) current = header
    else if (current === profile && key !== undefined) values.set(key.toLowerCase(), value ?? '')
  }
  return values
}

function credentials(
  accessKeyId: string,
  secretAccessKey: string,
  sessionToken?: string,
): ClientCredentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
}
