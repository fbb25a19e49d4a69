// The target of a request line in absolute form, `GET http://host/path`, as clients send it to
// proxies. Owns its change to a path with query, which all other code reads; never decodes
// anything.

import type { IncomingMessage } from 'node:http'

/** The host of such a target replaces the header Host (RFC 9112, 3.2.2), for signatures too. */
export function takeAbsoluteTarget(request: IncomingMessage): void {
  const [, authority, rest] = /^https?:\/\/([^/?#]+)([^#]*)/i.exec(request.url ?? '') ?? []
  if (authority === undefined || rest === undefined) return
  request.url = rest.startsWith('/') ? rest : `/${rest}`
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  request.headers.host = host
  request.headersDistinct.host = [host]
}
