// AWS Signature Version 4 for the fuzzer, written from its description and not from the server's
// code.
// Owns the arithmetic for paths and queries as they are on the wire; never sends anything.

import { createHash, createHmac } from 'node:crypto'
import { percentEncoded } from '../clients/raw-client.ts'
import type { Credentials } from '../support/heddle.ts'

export interface PlainRequest {
  method: string
  /** As on the request line, percent-encoded. */
  path: string
  /** As on the request line, without the question mark. */
  query: string
  /** In the order of sending; names in lower case. */
  headers: [name: string, value: string][]
  body: Buffer
}

interface Signing {
  credentials: Credentials
  service: string
  region: string
  date: Date
}

/** Returns the headers that sign the request, to be sent with it. */
export function signatureHeaders(
  request: PlainRequest,
  signing: Signing,
): [name: string, value: string][] {
  const dateTime = signing.date.toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${dateTime.slice(0, 8)}/${signing.region}/${signing.service}/aws4_request`
  const isS3 = signing.service === 's3'
  const bodyHash =
    request.headers.find(([name]) => name === 'x-amz-content-sha256')?.[1] ?? sha256(request.body)
  const added: [string, string][] = [['x-amz-date', dateTime]]
  if (isS3 && !request.headers.some(([name]) => name === 'x-amz-content-sha256')) {
    added.push(['x-amz-content-sha256', bodyHash])
  }
  const isSigned = (name: string) => name === 'host' || name.startsWith('x-amz-')
  const headers = [...request.headers, ...added]
    .filter(([name]) => isSigned(name))
    .sort(([one], [other]) => (one < other ? -1 : 1))
  const names = headers.map(([name]) => name).join(';')
  const canonical = [
    request.method,
    isS3 ? request.path : request.path.split('/').map(percentEncoded).join('/'),
    canonicalQuery(request.query),
    ...headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}`),
    '',
    names,
    bodyHash,
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', dateTime, scope, sha256(canonical)].join('\n')
  const signature = createHmac('sha256', signingKey(signing, scope)).update(toSign).digest('hex')
  const { accessKeyId } = signing.credentials
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, ` +
    `SignedHeaders=${names}, Signature=${signature}`
  return [...added, ['authorization', authorization]]
}

const keys = new Map<string, Buffer>()

function signingKey({ credentials: { secretAccessKey } }: Signing, scope: string): Buffer {
  const name = `${secretAccessKey} ${scope}`
  const known = keys.get(name)
  if (known !== undefined) return known
  let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`)
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  if (keys.size > 1000) keys.clear()
  keys.set(name, key)
  return key
}

function canonicalQuery(query: string): string {
  const pairs = query.split('&').flatMap((pair) => {
    if (pair === '') return []
    const [name = '', ...value] = pair.split('=')
    return [`${name}=${value.join('=')}`]
  })
  return pairs.sort().join('&')
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
