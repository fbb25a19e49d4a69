// Which service a request says it is signed for.
// Owns a guess for routing only: nothing here is checked, the service that gets the request checks its signature.

import type { IncomingMessage } from 'node:http'
import { isPresignedVersion2 } from '../../core/api/presigned-version-2.ts'

const SCOPE = /^[^/]+\/[^/]*\/[^/]*\/([^/]+)\/aws4_request$/

/** The service in the credential scope of the Authorization header, or of a presigned URL; undefined where there is none. Version 2 is S3's alone. */
export function claimedService(request: Pick<IncomingMessage, 'url' | 'headers'>): string | undefined {
  const { url = '', headers } = request
  const inHeader = /\bCredential=([^,\s]+)/.exec(headers.authorization ?? '')?.[1]
  if (inHeader === undefined && isVersion2(url)) return 's3'
  return SCOPE.exec(inHeader ?? credentialInQuery(url) ?? '')?.[1]
}

function isVersion2(url: string): boolean {
  const mark = url.indexOf('?')
  return mark !== -1 && isPresignedVersion2(url.slice(mark + 1))
}

function credentialInQuery(url: string): string | undefined {
  const mark = url.indexOf('?')
  if (mark === -1) return undefined
  return new URLSearchParams(url.slice(mark + 1)).get('X-Amz-Credential') ?? undefined
}
