// The HTTP form of errors. Owns what a caller sees of a failure, and what only the log sees; never
// decides that something failed.

import type { FastifyError, FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import { diskFault } from '../../base/disk-fault.ts'
import { filesFault } from '../../base/files-fault.ts'
import { ApiError } from '../../core/api/errors.ts'

export const REQUEST_ID_HEADER = 'x-amzn-RequestId'
export const ERROR_TYPE_HEADER = 'x-amzn-ErrorType'

/**
 * Turns a fault into the error for the caller. Internal faults become a 500, and only the log has
 * their details.
 */
export function apiErrorOf(fault: unknown, log: Logger): ApiError {
  if (fault instanceof ApiError) {
    if (fault.status === 500) log.error({ err: fault.cause ?? fault }, fault.message)
    return fault
  }
  if (isFrameworkRefusal(fault)) return new ApiError('SerializationException', refusalText(fault))
  log.error({ err: fault }, 'an operation failed')
  const why = systemText(fault)
  if (why === undefined) {
    return new ApiError(
      'InternalServerException',
      'The request failed on the side of the service; its log has the cause',
    )
  }
  // Open files are closed again soon, so the caller may retry; a full or broken disk needs the
  // operator.
  const code =
    filesFault(fault) === undefined ? 'InternalServerException' : 'ServiceUnavailableException'
  return new ApiError(code, why, { cause: fault })
}

/**
 * The message if the disk or the number of open files caused a failure; undefined if neither did.
 */
export function systemText(fault: unknown): string | undefined {
  const files = filesFault(fault)
  if (files !== undefined) return `${files}. Try again in a moment`
  const words = diskFault(fault)
  if (words === undefined) return undefined
  return (
    `The disk of the service's data folder ${words}: nothing can be stored or recorded there. ` +
    'Try again once that is mended'
  )
}

export function sendError(reply: FastifyReply, error: ApiError): FastifyReply {
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
  // The rest of the body may still be missing, so the next request on this connection would time
  // out too.
  if (error.code === 'RequestTimeoutException') reply.header('connection', 'close')
  return sendJson(reply.code(error.status).header(ERROR_TYPE_HEADER, error.code), errorText(error))
}

/** The JSON as text, or as its bytes in UTF-8. */
export function sendJson(reply: FastifyReply, json: string | Buffer): FastifyReply {
  return reply.header('content-type', 'application/json').send(json)
}

/** The whole answer to bytes that are not HTTP, for a socket that has no reply. */
export function rawErrorAnswer(error: ApiError, requestId: string): string {
  const text = errorText(error)
  return [
    `HTTP/1.1 ${error.status} Error`,
    `${REQUEST_ID_HEADER}: ${requestId}`,
    `${ERROR_TYPE_HEADER}: ${error.code}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
    '',
    text,
  ].join('\r\n')
}

/** Clients differ in which of the two spellings they read. */
export function errorText(error: ApiError): string {
  return JSON.stringify({ Message: error.message, message: error.message })
}

/** Replaces fastify's messages, because they repeat the address, however long it is. */
function refusalText({ code, message }: FastifyError): string {
  return code === 'FST_ERR_BAD_URL' ? 'The path holds a broken percent-encoding' : message
}

/**
 * Whether fastify itself refused the request before a handler ran: malformed content types and
 * addresses.
 */
function isFrameworkRefusal(fault: unknown): fault is FastifyError {
  if (!(fault instanceof Error)) return false
  const { code, statusCode } = fault as Partial<FastifyError>
  return code?.startsWith('FST_ERR_') === true && statusCode !== undefined && statusCode < 500
}
