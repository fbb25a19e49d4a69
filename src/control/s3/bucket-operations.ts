// The S3 endpoint's operations on buckets, including lists of objects. Owns their parameters and
// answers; the store does the work.

import { compareUtf8 } from '../../io/objects/object-names.ts'
import { ObjectsError } from '../../io/objects/objects.ts'
import { deleteConditionOf } from './conditions.ts'
import { elementsIn, textIn } from './read-xml.ts'
import { numberIn, type S3Answer, type S3Context } from './s3-context.ts'
import { S3Error, s3ErrorOf } from './s3-errors.ts'
import type { XmlElement } from './s3-xml.ts'

const ENTRIES_MAX = 1000
const BUCKETS_MAX_OF_PAGE = 10_000
const NUMBER_MAX = 2 ** 31 - 1
/** Room for a thousand keys of the greatest length, escaped. */
const deleteShape = { root: 'Delete', bytesMax: 8 * 1024 * 1024, listed: { Object: ENTRIES_MAX } }
const createShape = { root: 'CreateBucketConfiguration', bytesMax: 64 * 1024, isOptional: true }
const owner = { ID: 'heddle', DisplayName: 'heddle' }

export async function listBuckets({ objects, query, region }: S3Context): Promise<S3Answer> {
  const bucketsMax = numberIn(query, 'max-buckets', {
    min: 1,
    max: BUCKETS_MAX_OF_PAGE,
    fallback: Number.MAX_SAFE_INTEGER,
  })
  const prefix = query.get('prefix') ?? ''
  const token = query.get('continuation-token')
  const after = token ? keyOfToken(token) : ''
  const isHere = (query.get('bucket-region') ?? region) === region
  const all = isHere ? await objects.listBuckets() : []
  const rest = all.filter(({ bucket }) => bucket.startsWith(prefix) && bucket > after)
  const page = rest.slice(0, bucketsMax)
  const content: XmlElement = {
    Owner: owner,
    Buckets: {
      Bucket: page.map(({ bucket, createdAtMs }) => ({
        Name: bucket,
        CreationDate: isoTime(createdAtMs),
        BucketRegion: region,
      })),
    },
    ContinuationToken: page.length < rest.length ? tokenOfKey(page.at(-1)!.bucket) : undefined,
    Prefix: query.get('prefix') ?? undefined,
  }
  return { xml: { root: 'ListAllMyBucketsResult', content } }
}

export async function createBucket({
  objects,
  bucket,
  region,
  xmlBody,
}: S3Context): Promise<S3Answer> {
  const request = await xmlBody(createShape)
  const beyond = Object.keys(request).find((name) => name !== 'LocationConstraint')
  if (beyond !== undefined)
    throw new S3Error('NotImplemented', `This object store has no '${beyond}' of buckets.`)
  const location = textIn(request, 'LocationConstraint')
  if (location !== undefined && location !== '' && location !== region) {
    throw new S3Error(
      'IllegalLocationConstraintException',
      `Buckets can be made in the region '${region}' only.`,
    )
  }
  try {
    await objects.createBucket(bucket)
  } catch (error) {
    if (error instanceof ObjectsError && error.fault === 'InvalidName') {
      throw new S3Error('InvalidBucketName', 'The name is not one that a bucket can have.', {
        cause: error,
      })
    }
    throw error
  }
  return { headers: { location: `/${bucket}` } }
}

export async function headBucket(context: S3Context): Promise<S3Answer> {
  await requireBucket(context)
  return { headers: { 'x-amz-bucket-region': context.region } }
}

export async function getBucketLocation(context: S3Context): Promise<S3Answer> {
  await requireBucket(context)
  const name = context.region === 'us-east-1' ? '' : context.region
  return { xml: { root: 'LocationConstraint', content: { '#text': name } } }
}

/** Answers as for a bucket whose versioning was never set. */
export async function getBucketVersioning(context: S3Context): Promise<S3Answer> {
  await requireBucket(context)
  return { xml: { root: 'VersioningConfiguration', content: {} } }
}

export async function deleteBucket({ objects, bucket }: S3Context): Promise<S3Answer> {
  await objects.deleteBucket(bucket)
  return { status: 204 }
}

export async function listObjectsV2(context: S3Context): Promise<S3Answer> {
  const { query } = context
  if (query.get('list-type') !== '2') throw new S3Error('InvalidArgument', 'list-type must be 2.')
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  // Some clients send an empty token for their first page.
  const after = token ? keyOfToken(token) : (startAfter ?? '')
  const { content, next } = await listWith(context, after, query.get('fetch-owner') === 'true')
  const extra: XmlElement = {
    KeyCount:
      (content.Contents as XmlElement[]).length + (content.CommonPrefixes as XmlElement[]).length,
    ContinuationToken: token ?? undefined,
    StartAfter: encoder(query)(startAfter ?? undefined),
    NextContinuationToken: next === undefined ? undefined : tokenOfKey(next),
  }
  return { xml: { root: 'ListBucketResult', content: { ...content, ...extra } } }
}

export async function listObjects(context: S3Context): Promise<S3Answer> {
  const marker = context.query.get('marker') ?? ''
  const { content, next } = await listWith(context, marker, true)
  const encode = encoder(context.query)
  const extra = { Marker: encode(marker), NextMarker: encode(next) }
  return { xml: { root: 'ListBucketResult', content: { ...content, ...extra } } }
}

export async function deleteObjects({
  objects,
  bucket,
  xmlBody,
  demandDelete,
}: S3Context): Promise<S3Answer> {
  const request = await xmlBody(deleteShape)
  const isQuiet = textIn(request, 'Quiet')?.trim() === 'true'
  const asked = elementsIn(request, 'Object').map(deletionOf)
  if (asked.length === 0) throw new S3Error('MalformedXML', 'There is no Object to be deleted.')
  const Deleted: XmlElement[] = []
  const failures: XmlElement[] = []
  for (const { Key, version, conditions } of asked) {
    try {
      if (version !== 'null')
        throw new S3Error('NotImplemented', 'This object store has no versions.')
      const condition = deleteConditionOf(conditions)
      demandDelete(bucket, Key, condition !== undefined)
      await objects.delete(bucket, Key, condition)
      if (!isQuiet) Deleted.push({ Key })
    } catch (error) {
      const { code, message } = s3ErrorOf(error)
      if (code === 'NoSuchBucket' || code === 'InternalError') throw error
      failures.push({ Key, Code: code, Message: message })
    }
  }
  return { xml: { root: 'DeleteResult', content: { Deleted, Error: failures } } }
}

function deletionOf(element: XmlElement) {
  const [Key, version = 'null', etag, modifiedAt, bytes] = [
    'Key',
    'VersionId',
    'ETag',
    'LastModifiedTime',
    'Size',
  ].map((name) => textIn(element, name))
  if (Key === undefined) throw new S3Error('MalformedXML', 'An Object without a Key.')
  return { Key, version, conditions: { etag, modifiedAt, bytes } }
}

export async function listMultipartUploads({
  objects,
  bucket,
  query,
}: S3Context): Promise<S3Answer> {
  const encode = encoder(query)
  const prefix = query.get('prefix') ?? ''
  const maxUploads = numberIn(query, 'max-uploads', {
    min: 0,
    max: NUMBER_MAX,
    fallback: ENTRIES_MAX,
  })
  const keyMarker = query.get('key-marker') ?? ''
  const idMarker = query.get('upload-id-marker') ?? ''
  const all = (await objects.listUploads(bucket)).filter((upload) => upload.key.startsWith(prefix))
  const marked = all.findIndex((upload) => upload.key === keyMarker && upload.uploadId === idMarker)
  const rest =
    marked === -1 ? all.filter(({ key }) => compareUtf8(key, keyMarker) > 0) : all.slice(marked + 1)
  const page = rest.slice(0, Math.min(maxUploads, ENTRIES_MAX))
  const isTruncated = page.length < rest.length && page.length > 0
  const Upload = page.map(({ key, uploadId, startedAtMs }) => ({
    Key: encode(key),
    UploadId: uploadId,
    Initiator: owner,
    Owner: owner,
    StorageClass: 'STANDARD',
    Initiated: isoTime(startedAtMs),
  }))
  const content: XmlElement = {
    Bucket: bucket,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    NextKeyMarker: isTruncated ? encode(page.at(-1)?.key) : undefined,
    NextUploadIdMarker: isTruncated ? page.at(-1)?.uploadId : undefined,
    Prefix: encode(prefix),
    EncodingType: query.get('encoding-type') ?? undefined,
    MaxUploads: Math.min(maxUploads, ENTRIES_MAX),
    IsTruncated: isTruncated,
    Upload,
  }
  return { xml: { root: 'ListMultipartUploadsResult', content } }
}

async function listWith(
  context: S3Context,
  after: string,
  isOwnerWanted: boolean,
): Promise<{ content: XmlElement; next: string | undefined }> {
  const { objects, bucket, query } = context
  const maxKeys = numberIn(query, 'max-keys', { min: 0, max: NUMBER_MAX, fallback: ENTRIES_MAX })
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const list = await objects.list(bucket, {
    prefix,
    delimiter,
    after,
    maxEntries: Math.min(maxKeys, ENTRIES_MAX),
  })
  const encode = encoder(query)
  const content: XmlElement = {
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    MaxKeys: Math.min(maxKeys, ENTRIES_MAX),
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: list.next !== undefined,
    Contents: list.objects.map(({ key, bytes, etag, modifiedAtMs }) => ({
      Key: encode(key),
      LastModified: isoTime(modifiedAtMs),
      ETag: etag,
      Size: bytes,
      StorageClass: 'STANDARD',
      Owner: isOwnerWanted ? owner : undefined,
    })),
    CommonPrefixes: list.commonPrefixes.map((one) => ({ Prefix: encode(one) })),
  }
  return { content, next: list.next }
}

/** XML cannot represent every character of a key, so clients may ask for percent-encoded keys. */
function encoder(query: URLSearchParams): <T extends string | undefined>(text: T) => T {
  const encodingType = query.get('encoding-type')
  if (encodingType === null) return (text) => text
  if (encodingType !== 'url') throw new S3Error('InvalidArgument', 'encoding-type must be url.')
  return <T extends string | undefined>(text: T) =>
    (text === undefined ? undefined : encodeURIComponent(text).replaceAll('%2F', '/')) as T
}

function tokenOfKey(key: string): string {
  return Buffer.from(key).toString('base64url')
}

function keyOfToken(token: string): string {
  const key = Buffer.from(token, 'base64url').toString('utf8')
  if (key === '' || tokenOfKey(key) !== token) {
    throw new S3Error('InvalidArgument', 'The continuation token was not made by this server.')
  }
  return key
}

async function requireBucket({ objects, bucket }: S3Context): Promise<void> {
  if (!(await objects.bucketExists(bucket)))
    throw new S3Error('NoSuchBucket', `There is no bucket '${bucket}'.`)
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
