// NextToken: where a page ended, signed so that only our own tokens are taken back.
// Owns the token's form; never reads a list. Paging by the last name shown stays right while the list changes.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ApiError } from './errors.ts'
import type { OperationName } from './operations.ts'
import { validationError } from './validate.ts'

/** Which list a token belongs to: the operation, and what it was asked for apart from paging. */
export interface PagedList {
  readonly operation: OperationName
  readonly filter: Readonly<Record<string, string | undefined>>
}

type PageStart =
  | { readonly ok: true; readonly after: string }
  | { readonly ok: false; readonly error: ApiError }

/** `after` is the sort key of the last item shown; `key` is a secret of at least 32 bytes. */
export function encodePageToken(list: PagedList, after: string, key: Uint8Array): string {
  const payload = Buffer.from(after, 'utf8').toString('base64url')
  return `${payload}.${signatureOf(list, payload, key).toString('base64url')}`
}

/** Where the page of that token starts; a ValidationException if it was not made with this key for this list. */
export function decodePageToken(list: PagedList, token: string, key: Uint8Array): PageStart {
  const [payload = ''] = token.split('.')
  const after = Buffer.from(payload, 'base64url').toString('utf8')
  // The whole text is compared: base64 has several spellings for the same bytes.
  const given = Buffer.from(token, 'utf8')
  const expected = Buffer.from(encodePageToken(list, after, key), 'utf8')
  if (given.length === expected.length && timingSafeEqual(given, expected))
    return { ok: true, after }
  const constraint = 'Member must be the NextToken of an earlier page of the same list'
  return { ok: false, error: validationError([{ path: 'nextToken', constraint }]) }
}

/** The list itself needn't be in the token: both sides know it, so it is only signed. */
function signatureOf(list: PagedList, payload: string, key: Uint8Array): Buffer {
  const filter = Object.entries(list.filter)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const signed = JSON.stringify(['NextToken', list.operation, filter, payload])
  return createHmac('sha256', key).update(signed).digest()
}
