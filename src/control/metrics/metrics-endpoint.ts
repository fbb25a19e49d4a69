// Answers GET /metrics.
// Owns who may read the page: who is on this machine, and elsewhere who has a key and leave. Never makes the page.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { Logger } from 'pino'
import { METRICS_ACTION } from '../../core/access/vocabulary.ts'
import type { Access, Origin } from '../access/access.ts'
import { PAGE_TYPE } from './metrics-page.ts'

export const METRICS_PATH = '/metrics'

export interface MetricsEndpointOptions {
  page(): Promise<string>
  originOf(request: IncomingMessage): Origin
  access: Access
  log: Logger
}

interface Answer {
  status: number
  text: string
  headers?: Record<string, string>
}

export function createMetricsHandler(options: MetricsEndpointOptions): RequestListener {
  return (request, response) => {
    void answerTo(request, options).then((answer) => send(request, response, answer))
  }
}

/** Whether a request is for this page; its signature, if any, is another service's business. */
export function isForMetrics({ url = '' }: IncomingMessage): boolean {
  return url === METRICS_PATH || url.startsWith(`${METRICS_PATH}?`)
}

async function answerTo(request: IncomingMessage, options: MetricsEndpointOptions): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, text: 'the metrics are read with GET\n', headers: { allow: 'GET, HEAD' } }
  try {
    return (
      refusalOf(request, options) ?? { status: 200, text: await options.page(), headers: { 'content-type': PAGE_TYPE } }
    )
  } catch (error) {
    options.log.error({ err: error }, 'the metrics could not be read')
    return { status: 500, text: 'the metrics could not be read; the log of the service has the cause\n' }
  }
}

function refusalOf(request: IncomingMessage, { originOf, access }: MetricsEndpointOptions): Answer | undefined {
  const origin = originOf(request)
  if (isLoopback(origin.sourceIp)) return undefined
  const given = basicCredentials(request.headers.authorization)
  const secret = given && access.secretFor(given.accessKeyId, undefined)
  const principal = given && access.principal(given.accessKeyId, undefined)
  if (given === undefined || principal === undefined || typeof secret !== 'string' || !isSame(secret, given.secret)) {
    return {
      status: 401,
      text: 'from another machine the metrics are read with basic authentication: an access key as the user, its secret as the password\n',
      headers: { 'www-authenticate': 'Basic realm="heddle metrics", charset="UTF-8"' },
    }
  }
  const denial = access.denial(principal, origin, { action: METRICS_ACTION, resource: '*' })
  return denial === undefined ? undefined : { status: 403, text: `${denial}\n` }
}

function basicCredentials(header: string | undefined): { accessKeyId: string; secret: string } | undefined {
  const encoded = /^Basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { accessKeyId: text.slice(0, colon), secret: text.slice(colon + 1) }
}

/** In a time that tells nothing of where they differ. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}

function send(request: IncomingMessage, response: ServerResponse, { status, text, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : text)
  // Whatever body came with it means nothing.
  request.resume()
}
