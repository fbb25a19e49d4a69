// Judges any answer: the server must not fail, and errors must have the service's form.
// Owns these rules; never looks at the request's meaning.

import { COMMON_ERRORS } from '../../scripts/generate-openapi.ts'
import { API_ERRORS, type ApiErrorCode } from '../../src/core/api/errors.ts'
import { type OperationName, operationOf } from '../../src/core/api/operations.ts'
import type { Answer } from './connection.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Source of the answer: the API, S3, or the layer that rejects bytes of neither. */
export type Service = 'api' | 's3' | 'any'

/**
 * Returns what is wrong with an answer; undefined if nothing is. `operation` is set if the request
 * certainly reached that operation.
 */
export function faultOf(
  answer: Answer,
  service: Service,
  operation?: OperationName,
): string | undefined {
  const { status, headers } = answer
  if (service === 'any') return faultOf(answer, headers.has('x-amz-request-id') ? 's3' : 'api')
  // S3's own code for missing features; an answer to HEAD has only the status.
  const isNotImplemented =
    service === 's3' && status === 501 && /^$|<Code>NotImplemented</.test(String(answer.body))
  if (status >= 500 && !isNotImplemented) return `status ${status}`
  return service === 'api' ? faultOfApi(answer, operation) : faultOfS3(answer)
}

/** Judges an answer of the API alone, with any status. */
export function faultOfApi(
  { status, headers, body }: Answer,
  operation: OperationName | undefined,
): string | undefined {
  if (!uuid.test(headers.get('x-amzn-requestid') ?? '')) return 'no request id'
  if (!headers.get('content-type')?.startsWith('application/json')) return 'not JSON'
  const code = headers.get('x-amzn-errortype')
  // An answer to HEAD.
  if (body.length === 0 && headers.get('content-length') !== '0') return undefined
  const json = jsonOf(body)
  if (json === undefined) return 'the body is no JSON object'
  if (status === 200) return code === undefined ? undefined : `an error with status 200: ${code}`
  if (code === undefined || !Object.hasOwn(API_ERRORS, code)) return `an unknown error: ${code}`
  if (API_ERRORS[code as ApiErrorCode].status !== status) return `${code} with status ${status}`
  const { Message, message, ...others } = json
  if (typeof Message !== 'string' || Message === '' || Message !== message) return 'no message'
  if (Message.length > 1600) return `a message of ${Message.length} characters`
  if (Object.keys(others).length > 0) return `more than a message: ${Object.keys(others)}`
  const allowed: readonly string[] = [
    ...(operation ? operationOf(operation).errors : []),
    ...COMMON_ERRORS,
  ]
  if (operation !== undefined && !allowed.includes(code))
    return `${operation} does not declare ${code}`
  return undefined
}

function faultOfS3({ status, headers, body }: Answer): string | undefined {
  if (!/^[0-9A-F]{16}$/.test(headers.get('x-amz-request-id') ?? '')) return 'no request id'
  if (status < 400 || body.length === 0) return undefined
  const text = body.toString('utf8')
  if (headers.get('content-type') !== 'application/xml') return 'not XML'
  if (!/<Error><Code>\w+<\/Code><Message>[^<]+<\/Message>/.test(text))
    return 'not an error as S3 writes it'
  return /<RequestId>[0-9A-F]{16}<\/RequestId><\/Error>\s*$/.test(text)
    ? undefined
    : 'no request id in the error'
}

function jsonOf(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
