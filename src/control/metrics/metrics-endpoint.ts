// Answers GET /metrics. Owns who may read the page: local readers unless a token is configured, and
// readers with the token or with a permitted access key. Never makes the page.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { Logger } from 'pino'
import { METRICS_ACTION } from '../../core/access/vocabulary.ts'
import type { Access, Origin, Principal } from '../access/access.ts'
import { PAGE_TYPE } from './metrics-page.ts'

export const METRICS_PATH = '/metrics'

export interface MetricsEndpointOptions {
  page(): Promise<string>
  originOf(request: IncomingMessage): Origin
  access: Access
  /** Names of this machine besides localhost and addresses. */
  hostNames(): readonly string[]
  /** The token that every reader must have; undefined if local readers need none. */
  token(): string | undefined
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

/** Whether a request is for this page. Another service checks its signature, if it has one. */
export function isForMetrics({ url = '' }: IncomingMessage): boolean {
  return url === METRICS_PATH || url.startsWith(`${METRICS_PATH}?`)
}

async function answerTo(
  request: IncomingMessage,
  options: MetricsEndpointOptions,
): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, text: 'the metrics are read with GET\n', headers: { allow: 'GET, HEAD' } }
  try {
    return (
      refusalOf(request, options) ?? {
        status: 200,
        text: await options.page(),
        headers: { 'content-type': PAGE_TYPE },
      }
    )
  } catch (error) {
    options.log.error({ err: error }, 'the metrics could not be read')
    return {
      status: 500,
      text: 'the metrics could not be read; the log of the service has the cause\n',
    }
  }
}

function refusalOf(request: IncomingMessage, options: MetricsEndpointOptions): Answer | undefined {
  const { authorization, host } = request.headers
  const token = options.token()
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
  if (token !== undefined && bearer !== undefined && isSame(token, bearer)) return undefined
  const origin = options.originOf(request)
  const given = basicCredentials(authorization)
  const principal = given && principalOf(given, options.access)
  if (principal !== undefined) {
    const denial = options.access.denial(principal, origin, {
      action: METRICS_ACTION,
      resource: '*',
    })
    return denial === undefined ? undefined : { status: 403, text: `${denial}\n` }
  }
  if (token !== undefined || !isLoopback(origin.sourceIp)) return keysWanted(token !== undefined)
  return isOwnName(host, options.hostNames()) ? undefined : misnamed(host)
}

/** Undefined if key and secret do not belong together. */
function principalOf(
  given: { accessKeyId: string; secret: string },
  access: Access,
): Principal | undefined {
  const secret = access.secretFor(given.accessKeyId, undefined)
  if (typeof secret !== 'string' || !isSame(secret, given.secret)) return undefined
  return access.principal(given.accessKeyId, undefined)
}

function keysWanted(hasToken: boolean): Answer {
  const where = hasToken ? '' : 'from another machine '
  const token = hasToken ? 'the token of metrics.token_file (Authorization: Bearer), or with ' : ''
  return {
    status: 401,
    text:
      `${where}the metrics are read with ${token}basic authentication: ` +
      'an access key as the user, its secret as the password\n',
    headers: {
      'www-authenticate':
        (hasToken ? 'Bearer realm="heddle metrics", ' : '') +
        'Basic realm="heddle metrics", charset="UTF-8"',
    },
  }
}

/**
 * A foreign page in a local browser could resolve its own name to this machine (DNS rebinding). The
 * browser then sends the page's name, so only names of this machine are accepted.
 */
function isOwnName(host: string | undefined, names: readonly string[]): boolean {
  const name = (host ?? '')
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
  return (
    isIP(name) !== 0 ||
    /^(.+\.)?localhost$/.test(name) ||
    names.some((own) => own.toLowerCase() === name)
  )
}

function misnamed(host = ''): Answer {
  const text =
    'the metrics are read as localhost, an address, or a name of this machine, ' +
    `not as '${host.slice(0, 100)}'; with an access key any name will do\n`
  return { status: 403, text }
}

function basicCredentials(
  header: string | undefined,
): { accessKeyId: string; secret: string } | undefined {
  const encoded = /^Basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0
    ? undefined
    : { accessKeyId: text.slice(0, colon), secret: text.slice(colon + 1) }
}

/** Compares in a time that does not reveal where the texts differ. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, text, headers }: Answer,
): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : text)
  // The endpoint ignores a body.
  request.resume()
}
