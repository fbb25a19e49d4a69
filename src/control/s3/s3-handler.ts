// The S3 endpoint over the embedded store, as a listener for Node's HTTP server. Owns the life of a
// request: signature, operation, permission, answer or error. Never reads a byte of a body before
// the signature is verified.

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { isPresignedVersion2, verifyPresignedVersion2 } from '../../core/api/presigned-version-2.ts'
import {
  type SignatureAccepted,
  type SignatureOptions,
  type SignatureRefusal,
  verifySignature,
} from '../../core/api/signature.ts'
import type { FolderObjects } from '../../io/objects/folder-objects.ts'
import { ObjectsError } from '../../io/objects/objects.ts'
import type { S3Guard } from '../access/s3-access.ts'
import type { Load } from '../http/load.ts'
import * as buckets from './bucket-operations.ts'
import * as objectOperations from './object-operations.ts'
import { readXml, type XmlShape } from './read-xml.ts'
import { checkKeyLength, type S3Answer, type S3Context } from './s3-context.ts'
import { errorOfRefusal, S3Error, s3ErrorOf } from './s3-errors.ts'
import {
  bucketOfHost,
  copySourceOf,
  headersOf,
  operationOf,
  type S3Operation,
  type S3Target,
  targetOf,
} from './s3-request.ts'
import { buildXml } from './s3-xml.ts'
import * as uploads from './upload-operations.ts'
import { verifiedBody } from './verified-body.ts'

export interface S3HandlerOptions {
  /** Absent if another S3 is used; every request is then told so. */
  objects?: FolderObjects
  region: string
  /** The account that owns all buckets. */
  account: string
  secretFor: SignatureOptions['secretFor']
  /** What the signer of a request may do. Throws S3Error if the signer no longer exists. */
  guardFor(signer: SignatureAccepted, request: IncomingMessage): S3Guard
  /** Limits the work taken on at once; unlimited if absent. */
  load?: Load
  /** For tests; the machine's clock otherwise. */
  now?: () => Date
  /**
   * Called with every answer before it is sent, which waits for it. If it throws, its error is the
   * answer.
   */
  onAnswer?: (request: IncomingMessage, answered: S3Answered) => Promise<void>
  /** Called for every request once its answer is over, however it ended. */
  onOver?: (over: { operation: string; status: number; durationMs: number }) => void
  /** Called for every failure of the server; the client gets no details of it. */
  onFailure?: (failure: { requestId: string; operation: string; error: unknown }) => void
}

/** What is known of a call when its answer is ready. */
interface S3Answered {
  requestId: string
  /** `unknown` if the request was refused before the operation was known. */
  operation: string
  signer?: SignatureAccepted
  target?: S3Target
  error?: { code: string; message: string }
}

const onlyVersion4 =
  'Requests are signed with version 4 here (AWS4-HMAC-SHA256); version 2 is for presigned URLs.'

/** How much of a refused body is read and discarded, so that its sender can read the answer. */
const REFUSED_BODY_BYTES_MAX = 64 * 1024 * 1024

const elsewhere =
  'This Heddle serves no S3: it was started with --s3-endpoint (HEDDLE_S3_ENDPOINT), ' +
  'and its objects are there.'

const operations: Record<S3Operation, (context: S3Context) => Promise<S3Answer>> = {
  ListBuckets: buckets.listBuckets,
  GetBucketLocation: buckets.getBucketLocation,
  GetBucketVersioning: buckets.getBucketVersioning,
  ListMultipartUploads: buckets.listMultipartUploads,
  ListObjectsV2: buckets.listObjectsV2,
  ListObjects: buckets.listObjects,
  HeadBucket: buckets.headBucket,
  CreateBucket: buckets.createBucket,
  DeleteBucket: buckets.deleteBucket,
  DeleteObjects: buckets.deleteObjects,
  ListParts: uploads.listParts,
  GetObject: objectOperations.getObject,
  GetObjectAttributes: objectOperations.getObjectAttributes,
  GetObjectTagging: objectOperations.getObjectTagging,
  HeadObject: objectOperations.headObject,
  UploadPartCopy: uploads.uploadPartCopy,
  UploadPart: uploads.uploadPart,
  CopyObject: objectOperations.copyObject,
  PutObject: objectOperations.putObject,
  AbortMultipartUpload: uploads.abortMultipartUpload,
  DeleteObject: objectOperations.deleteObject,
  CreateMultipartUpload: uploads.createMultipartUpload,
  CompleteMultipartUpload: uploads.completeMultipartUpload,
}

/**
 * The listener never throws and never rejects. Mount it on the server's `request` and on its
 * `checkContinue`: the latter lets a client that waits for `100 Continue` proceed only once its
 * signature is verified.
 */
export function createS3Handler(
  options: S3HandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void answer(request, response, options)
  }
}

interface Progress {
  operation: string
  signer?: SignatureAccepted
  target?: S3Target
  /** False while the client waits for permission to send its body. */
  isBodyComing: boolean
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: S3HandlerOptions,
): Promise<void> {
  const requestId = randomBytes(8).toString('hex').toUpperCase()
  const progress: Progress = { operation: 'unknown', isBodyComing: !waitsForContinue(request) }
  response.on('error', () => request.destroy())
  const startedAtMs = performance.now()
  response.once('close', () => {
    const status = response.headersSent ? response.statusCode : 0
    options.onOver?.({
      operation: progress.operation,
      status,
      durationMs: performance.now() - startedAtMs,
    })
  })
  response.setHeader('x-amz-request-id', requestId)
  response.setHeader('server', 'Heddle')
  try {
    const given = await perform(request, response, options, progress)
    await options.onAnswer?.(request, { ...progress, requestId })
    await sendAnswer(request, response, given, progress)
  } catch (error) {
    const failure = s3ErrorOf(error)
    if (failure.status >= 500 && failure.code !== 'NotImplemented')
      options.onFailure?.({ requestId, operation: progress.operation, error })
    const { code, message } = failure
    // If the answer has begun, it already has its record.
    if (!response.headersSent)
      await options.onAnswer?.(request, { ...progress, requestId, error: { code, message } })
    sendError(request, response, failure, requestId, progress)
  }
}

async function perform(
  request: IncomingMessage,
  response: ServerResponse,
  options: S3HandlerOptions,
  progress: Progress,
): Promise<S3Answer> {
  const { objects, region, load } = options
  if (load?.s3Requests.account(response)(1) === false)
    throw new S3Error('SlowDown', 'Please reduce your request rate.')
  const { method = '', url = '' } = request
  const verdict = verdictOf(request, options)
  if (!verdict.ok) throw errorOfRefusal(verdict, region)
  progress.signer = verdict
  if (objects === undefined) throw new S3Error('NotImplemented', elsewhere)
  const target = targetOf(url, request.headers.host)
  const headers = headersOf(request, target)
  const operation = operationOf(method, target, headers)
  progress.operation = operation
  progress.target = target
  checkKeyLength(target.key)
  const guard = options.guardFor(verdict, request)
  guard.demand(operation, target, headers)
  checkOwners(headers, options.account)
  const body = () => {
    const content = verifiedBody(request, headers, verdict, operation !== 'CompleteMultipartUpload')
    if (!progress.isBodyComing) response.writeContinue()
    progress.isBodyComing = true
    return content
  }
  const xmlBody = (shape: XmlShape) => readXml(body(), shape, load?.bodyBytes.account(response))
  const { demandDelete } = guard
  const context = { ...target, objects, region, headers, body, xmlBody, demandDelete }
  return operations[operation](context).catch((error: unknown) => {
    throw hidesMissing(error, operation, target, guard, headers)
      ? new S3Error('AccessDenied', 'Access Denied')
      : error
  })
}

/** Checks the owners that a caller expects of the bucket and of a copy's source. */
function checkOwners(headers: IncomingMessage['headers'], account: string): void {
  const expected = [
    headers['x-amz-expected-bucket-owner'],
    headers['x-amz-source-expected-bucket-owner'],
  ]
  if (expected.every((owner) => owner === undefined || owner === account)) return
  throw new S3Error(
    'AccessDenied',
    'The bucket does not belong to the account that the request expects.',
  )
}

function verdictOf(
  request: IncomingMessage,
  options: S3HandlerOptions,
): SignatureAccepted | SignatureRefusal {
  const { secretFor, region, now: clock } = options
  const { method = '', url = '', headers } = request
  const now = clock?.() ?? new Date()
  const signed = { method, url, headers: request.headersDistinct }
  if (/^AWS /.test(headers.authorization ?? '')) throw new S3Error('InvalidRequest', onlyVersion4)
  if (headers.authorization !== undefined && headers['x-amz-content-sha256'] === undefined) {
    throw new S3Error('InvalidRequest', 'The request needs the header x-amz-content-sha256.')
  }
  if (!isPresignedVersion2(url.slice(url.indexOf('?') + 1))) {
    return verifySignature(signed, { secretFor, now, region, services: ['s3'] })
  }
  return verifyPresignedVersion2(signed, {
    secretFor,
    now,
    bucketOfHost: bucketOfHost(headers.host),
  })
}

/**
 * As in AWS: a caller who may read an object but not list its bucket does not learn that the object
 * is missing.
 */
function hidesMissing(
  error: unknown,
  operation: S3Operation,
  target: S3Target,
  guard: S3Guard,
  headers: IncomingMessage['headers'],
): boolean {
  const isMissing = error instanceof ObjectsError && error.fault === 'NoSuchKey'
  if (!isMissing) return false
  const isCopy = operation === 'CopyObject' || operation === 'UploadPartCopy'
  const bucket = isCopy ? copySourceOf(String(headers['x-amz-copy-source'])).bucket : target.bucket
  return !guard.mayList(bucket)
}

async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  given: S3Answer,
  progress: Progress,
): Promise<void> {
  response.statusCode = given.status ?? 200
  for (const [name, value] of Object.entries(given.headers ?? {})) setHeader(response, name, value)
  finishRequest(request, response, progress)
  if (given.stream !== undefined) {
    await pipeline(given.stream, response).catch((error: unknown) => {
      if (!isClientGone(error)) throw error
    })
  } else if (given.xml !== undefined) {
    sendXml(response, buildXml(given.xml.root, given.xml.content))
  } else {
    if (response.statusCode === 200 && !response.hasHeader('content-length'))
      response.setHeader('content-length', 0)
    response.end()
  }
}

/** A client that disconnects is no failure of the server: nobody is left to answer. */
function isClientGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return (
    code === 'ERR_STREAM_UNABLE_TO_PIPE' ||
    code === 'ERR_STREAM_PREMATURE_CLOSE' ||
    code === 'ECONNRESET' ||
    code === 'EPIPE'
  )
}

function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  error: S3Error,
  requestId: string,
  progress: Progress,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  for (const name of response.getHeaderNames())
    if (!name.startsWith('x-amz-request')) response.removeHeader(name)
  response.statusCode = error.status
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
  finishRequest(request, response, progress)
  const Resource = (request.url ?? '').replace(/\?.*$/s, '')
  const content = {
    Code: error.code,
    Message: error.message,
    ...error.details,
    Resource,
    RequestId: requestId,
  }
  if (request.method === 'HEAD') response.end()
  else sendXml(response, buildXml('Error', content))
}

function sendXml(response: ServerResponse, text: string): void {
  response.setHeader('content-type', 'application/xml')
  response.setHeader('content-length', Buffer.byteLength(text))
  response.end(text)
}

/**
 * Reads the rest of a body, up to a limit. If the client was never told to send its body, the
 * connection cannot be used again.
 */
function finishRequest(
  request: IncomingMessage,
  response: ServerResponse,
  progress: Progress,
): void {
  if (request.complete) return
  if (!progress.isBodyComing) {
    response.setHeader('connection', 'close')
    return
  }
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > REFUSED_BODY_BYTES_MAX) request.destroy()
  })
  request.on('error', () => response.destroy())
  // The abandoned body would pause the request again.
  request.unpipe()
  request.resume()
}

/** Text beyond ASCII is sent as UTF-8 bytes. */
function setHeader(response: ServerResponse, name: string, value: string | number): void {
  response.setHeader(
    name,
    typeof value === 'number' ? value : Buffer.from(value, 'utf8').toString('latin1'),
  )
}

function waitsForContinue(request: IncomingMessage): boolean {
  return request.headers.expect?.toLowerCase() === '100-continue'
}
