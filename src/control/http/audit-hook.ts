// Writes the record of every API call before its answer is sent. Owns the moment, and the answer if
// no record can be written; never knows what an operation does.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { ApiError } from '../../core/api/errors.ts'
import type { OperationName } from '../../core/api/operations.ts'
import type { Audit, CallFacts } from '../audit/audit.ts'
import { ERROR_TYPE_HEADER, errorText, systemText } from './answers.ts'

/**
 * Answers anyone, without a signature, while the server serves. It is not an API call, so it leaves
 * no record.
 */
export const HEALTH_PATH = '/health'

/** What is known of a call so far. */
interface CallNotes {
  /** Undefined if the request was refused before its operation was found. */
  operation: OperationName | undefined
  caller: CallFacts['caller']
  input: CallFacts['input']
  output: CallFacts['output']
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The notes that `notesOf` returns. */
    callNotes: CallNotes | null
  }
}

/** The notes on a call. The code that learns more fills them in. */
export function notesOf(request: FastifyRequest): CallNotes {
  request.callNotes ??= {
    operation: undefined,
    caller: undefined,
    input: undefined,
    output: undefined,
  }
  return request.callNotes
}

export function isReadOnly(operation: OperationName): boolean {
  return /^(Describe|List)/.test(operation)
}

/** Throws ApiError if a change could not be recorded; then the change is not made. */
export function demandAudit(audit: Audit | undefined, operation: OperationName): void {
  if (audit === undefined || isReadOnly(operation)) return
  try {
    audit.check()
  } catch (error) {
    throw unrecorded(error)
  }
}

/** Must be added before any route. */
export function auditCalls(app: FastifyInstance, audit: Audit, log: Logger): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (request.routeOptions.url === HEALTH_PATH) return done(null, payload)
    const facts = factsOf(request, reply, payload)
    const fail = (error: unknown) => {
      // Unknown callers get their refusal even without a record: it reveals nothing, and they
      // cannot fill the log.
      if (facts.caller === undefined) return done(null, payload)
      log.error({ err: error, requestId: request.id }, 'a call left no record')
      const answer = unrecorded(error)
      reply.code(answer.status).header(ERROR_TYPE_HEADER, answer.code)
      reply.removeHeader('content-length')
      done(null, errorText(answer))
    }
    const isChange = !facts.readOnly && (facts.error === undefined || reply.statusCode >= 500)
    const written = audit.record(request.raw, facts)
    const recorded = isChange ? written.then(() => audit.sync()) : written
    recorded.then(() => done(null, payload), fail)
  })
}

function factsOf(request: FastifyRequest, reply: FastifyReply, payload: unknown): CallFacts {
  const { operation, caller, input, output } = notesOf(request)
  const code = reply.getHeader(ERROR_TYPE_HEADER)
  return {
    service: 'simspaceweaver',
    operation: operation ?? 'UnknownOperation',
    readOnly: operation === undefined || isReadOnly(operation),
    requestId: request.id,
    caller,
    input:
      operation === undefined ? { method: request.method, path: pathOf(request.raw.url) } : input,
    output,
    error: code === undefined ? undefined : { code: String(code), message: messageOf(payload) },
  }
}

/** The path without the query: a presigned request has its signature there. */
function pathOf(url: string | undefined): string {
  return (url ?? '').split('?', 1)[0]
}

function messageOf(payload: unknown): string {
  try {
    return String((JSON.parse(String(payload)) as { Message?: unknown }).Message ?? '')
  } catch (error) {
    if (error instanceof SyntaxError) return ''
    throw error
  }
}

function unrecorded(cause: unknown): ApiError {
  const message = 'The request was not recorded in the audit, and is not answered without'
  const why = systemText(cause) ?? 'See the log of the service'
  return new ApiError('InternalServerException', `${message}. ${why}`, { cause })
}
