// NextToken: where a page ended, signed so that only our own tokens are accepted. Owns the token's
// form; never reads a list. The token holds the last name shown, so paging stays right while the
// list changes.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ApiError } from './errors.ts'
import type { OperationName } from './operations.ts'
import { validationError } from './validate.ts'

/** The list that a token belongs to: the operation and its input without the paging members. */
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

/**
 * Where the token's page starts; a ValidationException if the token was not made with this key for
 * this list.
 */
export function decodePageToken(list: PagedList, token: string, key: Uint8Array): PageStart {
  const [payload = ''] = token.split('.')
  const after = Buffer.from(payload, 'base64url').toString('utf8')
  // Compares the whole text, because base64 can spell the same bytes in several ways.
  const given = Buffer.from(token, 'utf8')
  const expected = Buffer.from(encodePageToken(list, after, key), 'utf8')
  if (given.length === expected.length && timingSafeEqual(given, expected))
    return { ok: true, after }
  const constraint = 'Member must be the NextToken of an earlier page of the same list'
  return { ok: false, error: validationError([{ path: 'nextToken', constraint }]) }
}

/** The list is signed but not part of the token: both sides know it. */
function signatureOf(list: PagedList, payload: string, key: Uint8Array): Buffer {
  const filter = Object.entries(list.filter)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const signed = JSON.stringify(['NextToken', list.operation, filter, payload])
  return createHmac('sha256', key).update(signed).digest()
}
