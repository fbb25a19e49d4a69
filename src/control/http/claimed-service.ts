// Which service a request says it is signed for.
// Owns a guess for routing only: nothing here is checked, the service that gets the request checks its signature.

import type { IncomingMessage } from 'node:http'

const SCOPE = /^[^/]+\/[^/]*\/[^/]*\/([^/]+)\/aws4_request$/

/** The service in the credential scope of the Authorization header, or of a presigned URL; undefined where there is none. */
export function claimedService(request: Pick<IncomingMessage, 'url' | 'headers'>): string | undefined {
  const inHeader = /\bCredential=([^,\s]+)/.exec(request.headers.authorization ?? '')?.[1]
  return SCOPE.exec(inHeader ?? credentialInQuery(request.url ?? '') ?? '')?.[1]
}

function credentialInQuery(url: string): string | undefined {
  const mark = url.indexOf('?')
  if (mark === -1) return undefined
  return new URLSearchParams(url.slice(mark + 1)).get('X-Amz-Credential') ?? undefined
}
