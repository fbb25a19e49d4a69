// Signed requests to a test endpoint, byte for byte as a test wants them. Owns signing and sending;
// never knows what is right to ask.

import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { TEST_REGION, testKeys } from '../testing.ts'

export interface Sent {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string | Buffer
  /** The body hash to sign, if it differs from the one sent. */
  signedHash?: string
  secret?: string
  accessKeyId?: string
  region?: string
  signingDate?: Date
  /** Headers that are added after signing. */
  unsigned?: Record<string, string>
}

export interface Received {
  status: number
  text: string
  code: string | undefined
  headers: Record<string, unknown>
}

/** The headers of the request, signed. */
export async function sign(port: number, sent: Sent): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    service: 's3',
    region: sent.region ?? TEST_REGION,
    credentials: {
      accessKeyId: sent.accessKeyId ?? testKeys.accessKeyId,
      secretAccessKey: sent.secret ?? testKeys.secretAccessKey,
    },
    sha256: Sha256,
    uriEscapePath: false,
  })
  const [path, query] = sent.path.split('?')
  const hash =
    sent.signedHash ??
    createHash('sha256')
      .update(sent.body ?? '')
      .digest('hex')
  const signed = await signer.sign(
    {
      method: sent.method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: path!,
      query: Object.fromEntries(new URLSearchParams(query)),
      headers: { host: `127.0.0.1:${port}`, 'x-amz-content-sha256': hash, ...sent.headers },
    },
    { signingDate: sent.signingDate ?? new Date() },
  )
  return { ...signed.headers, ...sent.unsigned }
}

export async function send(port: number, sent: Sent): Promise<Received> {
  return sendRaw(port, sent, await sign(port, sent))
}

/** Sends just these headers. */
export function sendRaw(
  port: number,
  sent: Sent,
  headers: Record<string, string>,
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const { method, path, body } = sent
    const request = httpRequest({ port, method, path, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => {
        const code = /<Code>(.*)<\/Code>/.exec(text)?.[1]
        resolve({ status: response.statusCode ?? 0, text, code, headers: response.headers })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}
