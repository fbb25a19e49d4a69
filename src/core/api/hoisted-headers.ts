// Headers in the query of a presigned URL. SDKs put headers there that users of the URL could not
// know to send. Owns which of them count as sent; never checks the URL's signature.

import type { QueryPairs } from './raw-input.ts'

/** By name in lower case. A repeated name has all its values, separated by commas. */
export function hoistedHeaders(query: QueryPairs): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (const [given, value] of query) {
    const name = given.toLowerCase()
    if (!HOISTED.test(name)) continue
    headers[name] = name in headers ? `${headers[name]},${value}` : value
  }
  return headers
}

const HOISTED = /^(x-amz-.|content-type$|content-md5$)/
