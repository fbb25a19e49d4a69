// Where a request comes from: its connection's peer, or what a trusted reverse proxy says
// (`X-Forwarded-*`). Owns which peers are trusted; ignores `X-Forwarded-*` from others. Never
// checks a signature.

import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { type IpRange, isInRange, parseIpRange } from '../../core/access/ip-range.ts'
import type { Origin } from '../access/access.ts'

const origins = new WeakMap<IncomingMessage, Origin>()

export function originOf(request: IncomingMessage): Origin {
  return origins.get(request) ?? originOfSocket(request)
}

/**
 * For a request from a trusted proxy, notes the proxy's client and restores the host that the
 * client asked for and signed. Call this before anything reads either.
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

/**
 * Each proxy appends its client to the list, so the last entry that is no trusted proxy is the
 * sender. Undefined if that entry is no address.
 */
function forwardedFor(peer: string, list: readonly string[], trusted: readonly IpRange[]): string {
  let address = peer
  for (const entry of list.toReversed()) {
    if (!isTrusted(address, trusted)) break
    address = addressIn(entry)
  }
  return address
}

/** Some proxies append the port to the address. */
function addressIn(entry: string): string {
  const text =
    /^\[([^\]]*)\](:\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry
  return parseIpRange(text) === undefined || text.includes('/') ? '' : plain(text)
}

function isTrusted(address: string, trusted: readonly IpRange[]): boolean {
  const parsed = parseIpRange(address)
  return parsed !== undefined && trusted.some((range) => isInRange(parsed, range))
}

/** Node joins repeated headers with commas. */
function listOf(request: IncomingMessage, name: string): string[] {
  const value = request.headers[name]
  return value === undefined
    ? []
    : String(value)
        .split(',')
        .map((entry) => entry.trim())
}

/** The nearest proxy's entry. A sender may have invented the entries before it. */
function lastOf(request: IncomingMessage, name: string): string | undefined {
  return listOf(request, name).at(-1)
}

function originOfSocket({ socket }: IncomingMessage): Origin {
  return { sourceIp: plain(socket.remoteAddress ?? ''), isSecure: socket instanceof TLSSocket }
}

/** Writes an IPv4-mapped IPv6 address as plain IPv4. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
