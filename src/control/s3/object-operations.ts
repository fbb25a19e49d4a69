// The S3 endpoint's operations on single objects.
// Owns their parameters and answers; the store does the work.

import type { OpenObject } from '../../io/objects/object-file.ts'
import { checkConditions, rangeOf } from './conditions.ts'
import { describeObject, putOptionsOf, type S3Answer, type S3Context, wantsAbsent } from './s3-context.ts'
import { S3Error } from './s3-errors.ts'
import { copySourceOf } from './s3-request.ts'

export async function putObject({ objects, bucket, key, headers, body }: S3Context): Promise<S3Answer> {
  const options = { ...putOptionsOf(headers), ifAbsent: wantsAbsent(headers) }
  const content = body()
  const { etag } = await objects.put(bucket, key, content, options)
  return { headers: { ...content.checksumHeaders, etag } }
}

export async function getObject(context: S3Context): Promise<S3Answer> {
  return readObject(context, true)
}

export async function headObject(context: S3Context): Promise<S3Answer> {
  return readObject(context, false)
}

/** Objects have no tags here; the AWS CLI asks for them before it copies a large object. */
export async function getObjectTagging({ objects, bucket, key }: S3Context): Promise<S3Answer> {
  await objects.head(bucket, key)
  return { xml: { root: 'Tagging', content: { TagSet: '' } } }
}

export async function deleteObject({ objects, bucket, key }: S3Context): Promise<S3Answer> {
  await objects.delete(bucket, key)
  return { status: 204 }
}

export async function copyObject(context: S3Context): Promise<S3Answer> {
  const { objects, bucket, key, headers } = context
  const isReplacing = headers['x-amz-metadata-directive'] === 'REPLACE'
  const { source, isSameKey } = await openCopySource(context)
  try {
    if (isSameKey && !isReplacing) {
      throw new S3Error('InvalidRequest', 'A copy onto itself must replace the metadata.')
    }
    const { contentType, metadata, headers: kept } = source.info
    const copied = { metadata, headers: kept, ...(contentType === undefined ? {} : { contentType }) }
    const options = isReplacing ? putOptionsOf(headers) : copied
    const stored = await objects.put(bucket, key, source.read(), { ...options, ifAbsent: wantsAbsent(headers) })
    const content = { LastModified: new Date(stored.modifiedAtMs).toISOString(), ETag: stored.etag }
    return { xml: { root: 'CopyObjectResult', content } }
  } finally {
    await source.close()
  }
}

/** The object that `x-amz-copy-source` names, if its conditions hold. To be closed by the caller. Throws S3Error. */
export async function openCopySource(context: S3Context): Promise<{ source: OpenObject; isSameKey: boolean }> {
  const { objects, headers } = context
  const from = copySourceOf(String(headers['x-amz-copy-source']))
  const source = await objects.open(from.bucket, from.key)
  try {
    if (checkConditions(headers, source.info, 'x-amz-copy-source-') === 'notModified') {
      throw new S3Error('PreconditionFailed', 'The source of the copy does not fulfil a condition of the request.')
    }
    return { source, isSameKey: from.bucket === context.bucket && from.key === context.key }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function readObject({ objects, bucket, key, headers, query }: S3Context, withBody: boolean): Promise<S3Answer> {
  const opened = await objects.open(bucket, key)
  let isHandedOn = false
  try {
    const { info } = opened
    const described = { ...describeObject(info), ...overridesIn(query) }
    if (checkConditions(headers, info) === 'notModified') return { status: 304, headers: described }
    const range = rangeOf(headers.range, info.bytes)
    const bytes = range === undefined ? info.bytes : range.last - range.first + 1
    const answer: S3Answer = { status: 200, headers: { ...described, 'content-length': bytes } }
    if (range !== undefined) {
      answer.status = 206
      answer.headers!['content-range'] = `bytes ${range.first}-${range.last}/${info.bytes}`
    }
    if (withBody) {
      answer.stream = opened.read(range)
      isHandedOn = true
    }
    return answer
  } finally {
    if (!isHandedOn) await opened.close()
  }
}

/** A presigned URL may say with which headers the object is to be sent. */
function overridesIn(query: URLSearchParams): Record<string, string> {
  const overrides: Record<string, string> = {}
  const names = [
    'cache-control',
    'content-disposition',
    'content-encoding',
    'content-language',
    'content-type',
    'expires',
  ]
  for (const name of names) {
    const value = query.get(`response-${name}`)
    if (value === null) continue
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no header can carry them
    if (/[\x00-\x1f\x7f]/.test(value)) throw new S3Error('InvalidArgument', `response-${name} can't be a header.`)
    overrides[name] = value
  }
  return overrides
}
