// Sends an API call signed with the keys of an environment or a credentials file. Owns the
// signature; never judges the answer.

import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { loadCredentials } from '../../control/credentials.ts'

export async function postSigned(
  url: string,
  credentialsFile: string,
  path: string,
  input: object,
  env: NodeJS.ProcessEnv = {},
): Promise<{ status: number; body: unknown }> {
  const { host, hostname, port } = new URL(url)
  const signer = new SignatureV4({
    service: 'simspaceweaver',
    region: 'us-west-2',
    credentials: await loadCredentials(credentialsFile, env),
    sha256: Sha256,
  })
  const body = JSON.stringify(input)
  const signed = await signer.sign({
    method: 'POST',
    protocol: 'http:',
    hostname,
    port: Number(port),
    path,
    headers: { host, 'content-type': 'application/json' },
    body,
  })
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers: signed.headers, body })
  return { status: answer.status, body: await answer.json() }
}
