// Guesses which service a request is for: the one that its signature names, or else the one that
// owns its address. Owns routing only: the service that gets the request verifies its signature.

import type { IncomingMessage } from 'node:http'
import { OPERATION_NAMES, operationOf, SERVICE_NAME } from '../../core/api/operations.ts'
import { isPresignedVersion2 } from '../../core/api/presigned-version-2.ts'
import { METRICS_PATH } from '../metrics/metrics-endpoint.ts'
import { HEALTH_PATH } from './audit-hook.ts'

const SCOPE = /^[^/]+\/[^/]*\/[^/]*\/([^/]+)\/aws4_request$/

/**
 * The service's name as in signatures. An unsigned request, or one with an unreadable signature,
 * goes to the API if the API or the server has its path, to STS if it is `POST /`, and otherwise to
 * S3.
 */
export function serviceOf(request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): string {
  const claimed = claimedService(request)
  if (claimed !== undefined) return claimed
  const path = (request.url ?? '').split('?', 1)[0]!
  if (ownPaths.has(path) || ownPrefixes.some((prefix) => path.startsWith(prefix)))
    return SERVICE_NAME
  return request.method === 'POST' && path === '/' ? 'sts' : 's3'
}

const paths = OPERATION_NAMES.map((name) => operationOf(name).path)
const ownPaths = new Set([...paths, HEALTH_PATH, METRICS_PATH])
/** The paths that end in a label, without the label. */
const ownPrefixes = paths
  .filter((path) => path.includes('{'))
  .map((path) => path.slice(0, path.indexOf('{')))

/**
 * The service in the credential scope of the Authorization header or of a presigned URL; undefined
 * if there is none. Version 2 always means S3.
 */
function claimedService(request: Pick<IncomingMessage, 'url' | 'headers'>): string | undefined {
  const { url = '', headers } = request
  if (/^AWS /.test(headers.authorization ?? '')) return 's3'
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
