// Headers that a presigned URL carries in its query, where SDKs put what whoever uses the URL could not know to send.
// Owns which ones count as if they had been sent; never looks at whether the URL is good.

import type { QueryPairs } from './raw-input.ts'

/** By name in lower case. A name that is there more than once has all its values, parted by commas. */
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
