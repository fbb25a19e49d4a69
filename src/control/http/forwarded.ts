// Where a request comes from: the other end of its connection, or what a reverse proxy that is trusted says (`X-Forwarded-*`).
// Owns whose word is taken for it; anybody else's `X-Forwarded-*` means nothing. Never checks a signature.

import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { type IpRange, isInRange, parseIpRange } from '../../core/access/ip-range.ts'
import type { Origin } from '../access/access.ts'

const origins = new WeakMap<IncomingMessage, Origin>()

export function originOf(request: IncomingMessage): Origin {
  return origins.get(request) ?? originOfSocket(request)
}

/**
 * Where a trusted proxy has sent the request: notes who had sent it to the proxy, and puts the host that was asked for into the place of the
 * proxy's, as clients sign it. To be called before anybody reads either.
 */
export function takeForwarded(request: IncomingMessage, trusted: readonly IpRange[]): void {
  if (trusted.length === 0) return
  const own = originOfSocket(request)
  if (!isTrusted(own.sourceIp, trusted)) return
  const proto = lastOf(request, 'x-forwarded-proto')?.toLowerCase()
  origins.set(request, {
    sourceIp: forwardedFor(own.sourceIp, listOf(request, 'x-forwarded-for'), trusted),
    isSecure: proto === 'https' || (proto !== 'http' && own.isSecure),
  })
  const host = lastOf(request, 'x-forwarded-host')
  if (host === undefined || !HOST.test(host)) return
  request.headers.host = host
  request.headersDistinct.host = [host]
}

const HOST = /^[\w.-]+(:\d{1,5})?$|^\[[0-9a-f:.]+\](:\d{1,5})?$/i

/** Each proxy adds whom it has the request from at the end: the last one who is no trusted proxy is the sender. Unknown where that is no address. */
function forwardedFor(peer: string, list: readonly string[], trusted: readonly IpRange[]): string {
  let address = peer
  for (const entry of list.toReversed()) {
    if (!isTrusted(address, trusted)) break
    address = addressIn(entry)
  }
  return address
}

/** Some proxies write the port behind the address. */
function addressIn(entry: string): string {
  const text =
    /^\[([^\]]*)\](:\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry
  return parseIpRange(text) === undefined || text.includes('/') ? '' : plain(text)
}

function isTrusted(address: string, trusted: readonly IpRange[]): boolean {
  const parsed = parseIpRange(address)
  return parsed !== undefined && trusted.some((range) => isInRange(parsed, range))
}

/** Node joins what was sent in several headers with commas. */
function listOf(request: IncomingMessage, name: string): string[] {
  const value = request.headers[name]
  return value === undefined
    ? []
    : String(value)
        .split(',')
        .map((entry) => entry.trim())
}

/** What the nearest proxy has said: what comes before it may be anybody's. */
function lastOf(request: IncomingMessage, name: string): string | undefined {
  return listOf(request, name).at(-1)
}

function originOfSocket({ socket }: IncomingMessage): Origin {
  return { sourceIp: plain(socket.remoteAddress ?? ''), isSecure: socket instanceof TLSSocket }
}

/** An IPv4 address that came in IPv6's clothes is shown without them. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
