// The API over plain HTTP, signed by the SDKs' own signer, with full control of every part of a
// request.
// Owns the signing and the reading of an answer; never judges one.

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Credentials } from '../support/heddle.ts'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
  // The parsed body, of any shape.
  json: Record<string, unknown>
  /** The error's name; empty if there is none. */
  error: string
  message: string
}

export interface RawRequest {
  method: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'PATCH' | 'HEAD'
  /** As on the request line, without the query. */
  path: string
  /** Repeated keys are lists. */
  query?: Record<string, string | string[]>
  /** Objects are sent as JSON, texts and bytes unchanged. */
  body?: object | string | Uint8Array
  headers?: Record<string, string>
  /** Added after signing. */
  unsignedHeaders?: Record<string, string>
  credentials?: Credentials
  region?: string
  service?: string
  signedAt?: Date
  unsigned?: boolean
}

/** Sends one request to a Heddle, and returns its whole answer. */
export async function send(
  heddle: { endpoint: string; credentials: Credentials },
  request: RawRequest,
): Promise<Answer> {
  const { hostname, port, host } = new URL(heddle.endpoint)
  const { method, path, query = {}, body } = request
  const bytes = bytesOf(body)
  const plain = {
    method,
    protocol: 'http:',
    hostname,
    port: Number(port),
    path,
    query,
    headers: { host, ...(bytes && { 'content-type': 'application/json' }), ...request.headers },
    ...(bytes && { body: bytes }),
  }
  const signer = signerFor(request, heddle.credentials)
  const { headers } = request.unsigned
    ? plain
    : await signer.sign(plain, request.signedAt && { signingDate: request.signedAt })
  const outgoing = httpRequest({
    host: hostname,
    port,
    method,
    path: `${path}${queryText(query)}`,
    headers: {
      ...headers,
      ...(bytes && { 'content-length': String(bytes.length) }),
      ...request.unsignedHeaders,
    },
    agent: false,
  })
  const answered = new Promise<Answer>((resolve, reject) => {
    outgoing.once('error', reject)
    outgoing.once('response', async (response) => {
      const text = (await buffer(response)).toString('utf8')
      const json = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text,
        json,
        error: String(response.headers['x-amzn-errortype'] ?? ''),
        message: String(json.Message ?? ''),
      })
    })
  })
  outgoing.end(bytes)
  return answered
}

/** Returns a URL with its own signature, valid for this many seconds. */
export async function presigned(
  heddle: { endpoint: string; credentials: Credentials },
  path: string,
  expiresIn: number,
  signingDate = new Date(),
): Promise<string> {
  const { protocol, hostname, port, host } = new URL(heddle.endpoint)
  const { query = {} } = await signerFor({ method: 'GET', path }, heddle.credentials).presign(
    { method: 'GET', protocol, hostname, port: Number(port), path, query: {}, headers: { host } },
    { expiresIn, signingDate },
  )
  return `${heddle.endpoint}${path}${queryText(query as Record<string, string>)}`
}

function signerFor(request: RawRequest, credentials: Credentials): SignatureV4 {
  return new SignatureV4({
    service: request.service ?? 'simspaceweaver',
    region: request.region ?? 'us-west-2',
    credentials: request.credentials ?? credentials,
    sha256: Sha256,
  })
}

function bytesOf(body: RawRequest['body']): Uint8Array | undefined {
  if (body === undefined) return undefined
  if (body instanceof Uint8Array) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function queryText(query: Record<string, string | string[]>): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    [value].flat().map((one) => `${percentEncoded(key)}=${percentEncoded(one)}`),
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

export function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
