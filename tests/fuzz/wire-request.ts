// A fuzzer's request as bytes, and the texts allowed in its parts.
// Owns the form on the wire; never chooses the content.

import type { OperationName } from '../../src/core/api/operations.ts'
import { percentEncoded } from '../clients/raw-client.ts'
import type { Random } from '../simulator/random.ts'
import type { Credentials } from '../support/heddle.ts'
import type { Service } from './judge.ts'
import type { PlainRequest } from './signer.ts'

export interface FuzzRequest {
  kind: string
  bytes: Buffer
  service: Service
  /** Set if the request, should it get that far, reaches this operation. */
  operation?: OperationName
  hasBodyInAnswer: boolean
  /**
   * True for one whole request, after which another may follow. Otherwise nothing more is sent, and
   * any number of answers may come.
   */
  isWhole: boolean
}

export interface Target {
  host: string
  credentials: Credentials
  now: Date
}

export function whole(
  kind: string,
  request: PlainRequest,
  signature: [string, string][],
  service: Service,
  operation?: OperationName,
): FuzzRequest {
  const { method, path, query, headers, body } = request
  const length: [string, string][] =
    body.length > 0 || method === 'POST' || method === 'PUT'
      ? [['content-length', String(body.length)]]
      : []
  const lines = [...headers, ...length, ...signature].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  const target = query === '' ? path : `${path}?${query}`
  const head = `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`
  // Otherwise the server rejects it before it knows the service.
  const isHttp = /^[\x21-\x7e]*$/.test(path + query) && head.length < 16 * 1024
  return {
    kind,
    bytes: Buffer.concat([Buffer.from(head, 'latin1'), body]),
    service: isHttp ? service : 'any',
    ...(operation && { operation }),
    hasBodyInAnswer: method !== 'HEAD',
    isWhole: true,
  }
}

export function wellFormed(text: string): string {
  return percentEncoded(text.toWellFormed())
}

/** A text as a path or query may carry it: without what would end the request line. */
export function wirePath(text: string, random: Random): string {
  if (random.chance(0.5)) return wellFormed(text).replaceAll('%2F', '/').slice(0, 8000)
  return (
    Buffer.from(text.toWellFormed(), 'utf8')
      .toString('latin1')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
      .replace(/[\x00-\x20\x7f?#]/g, '')
      .slice(0, 8000)
  )
}

/** A text as a header may carry it. */
export function headerValue(text: string): string {
  return (
    Buffer.from(text.toWellFormed(), 'utf8')
      .toString('latin1')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
      .replace(/[\x00-\x1f\x7f]/g, '')
      .slice(0, 4000)
  )
}
