// Features of S3 that this endpoint does not have, and how requests ask for them. Such requests are
// refused, because an answer without the feature would be wrong. Owns the tables; never knows what
// the operations do.

import type { IncomingHttpHeaders } from 'node:http'

/**
 * Query keys that change what is asked for. An operation accepts only those that its route names.
 */
const featureKeys = [
  'abac', 'accelerate', 'acl', 'analytics', 'annotation', 'attributes', 'cors', 'delete',
  'encryption', 'intelligent-tiering',
  'inventory', 'legal-hold', 'lifecycle', 'location', 'logging', 'metadataAnnotationTable',
  'metadataConfiguration',
  'metadataInventoryTable', 'metadataJournalTable', 'metadataTable', 'metrics', 'notification',
  'object-lock', 'ownershipControls',
  'partNumber', 'policy', 'policyStatus', 'publicAccessBlock', 'renameObject', 'replication',
  'requestPayment', 'restore',
  'retention', 'select', 'select-type', 'session', 'tagging', 'torrent', 'uploadId', 'uploads',
  'versioning', 'versions', 'website',
] // biome-ignore format: a list to look things up in

/** Headers that ask for a feature, with the values that ask for what the endpoint does anyway. */
const featureHeaders: readonly (readonly [name: RegExp, harmless: RegExp])[] = [
  // All objects and buckets belong to one account, and access cannot be granted to others.
  [/^x-amz-acl$/, /^(private|bucket-owner-full-control)$/],
  [/^x-amz-grant-/, /^$/],
  [/^x-amz-object-ownership$/, /^BucketOwnerEnforced$/],
  [/^x-amz-bucket-object-lock-enabled$/, /^false$/i],
  [/^x-amz-object-lock-/, /^$/],
  [/^x-amz-(copy-source-)?server-side-encryption/, /^$/],
  [/^x-amz-storage-class$/, /^STANDARD$/],
  [/^x-amz-tagging$/, /^$/],
  [/^x-amz-website-redirect-location$/, /^$/],
  [/^x-amz-bucket-namespace$/, /^global$/],
  [/^x-amz-mfa$/, /^$/],
  [/^x-amz-write-offset-bytes$/, /^$/],
]

const conditionHeaders = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'x-amz-if-match-last-modified-time',
  'x-amz-if-match-size',
]
/** The conditions that each changing operation accepts. Reads accept those of HTTP. */
const conditionsTaken: Readonly<Record<string, readonly string[]>> = {
  PutObject: ['if-match', 'if-none-match'],
  CopyObject: ['if-match', 'if-none-match'],
  CompleteMultipartUpload: ['if-match', 'if-none-match'],
  DeleteObject: ['if-match', 'x-amz-if-match-last-modified-time', 'x-amz-if-match-size'],
}

/** The query key that asks for a feature beyond `taken`. */
export function featureInQuery(
  query: URLSearchParams,
  taken: readonly string[],
): string | undefined {
  const version = query.get('versionId')
  if (version !== null && version !== 'null') return 'versionId'
  return featureKeys.find((key) => query.has(key) && !taken.includes(key))
}

/** The header that asks for a feature. */
export function featureInHeaders(
  headers: IncomingHttpHeaders,
  operation: string,
  method: string,
): string | undefined {
  const isRead = method === 'GET' || method === 'HEAD'
  return Object.entries(headers).find(([name, value]) => {
    if (value === undefined) return false
    if (conditionHeaders.includes(name))
      return !isRead && conditionsTaken[operation]?.includes(name) !== true
    const row = featureHeaders.find(([pattern]) => pattern.test(name))
    return row !== undefined && !row[1].test(String(value))
  })?.[0]
}
