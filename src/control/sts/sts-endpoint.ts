// Answers AWS STS's GetCallerIdentity: account, ARN and user id of the signer. Scripts derive
// bucket names from it. Owns the one action and its XML; needs no permission, as in AWS. Never
// creates keys (`heddle access` does).

import { hash, randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { XMLBuilder } from 'fast-xml-parser'
import type { Logger } from 'pino'
import type { CallFacts } from '../audit/audit.ts'
import type { ServingSettings } from '../config-file.ts'
import { apiErrorOf, REQUEST_ID_HEADER } from '../http/answers.ts'
import type { Authenticate, Caller } from '../http/handlers.ts'
import type { Load } from '../http/load.ts'
import { readBody, tooMuchAtOnce } from '../http/read-body.ts'
import type { Answered } from '../metrics/request-metrics.ts'
import { StsError, stsErrorOf } from './sts-errors.ts'

export const STS_SERVICE = 'sts'
const ACTION = 'GetCallerIdentity'
const XML_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

interface StsOptions {
  readonly accountId: string
  readonly authenticate: Authenticate
  readonly load: Load
  readonly serving: Pick<ServingSettings, 'receiveMs'>
  /**
   * Writes the record of a call before it is answered. The answer is sent even if that fails,
   * because nothing was changed.
   */
  record(request: IncomingMessage, facts: CallFacts): Promise<void>
  /** Called for every request once its answer is over. */
  onAnswered(answered: Answered): void
  readonly log: Logger
}

export function createStsHandler(options: StsOptions): RequestListener {
  return (request, response) => {
    void answer(request, response, options)
  }
}

interface Progress {
  operation: typeof ACTION | undefined
  caller: Caller | undefined
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: StsOptions,
): Promise<void> {
  const requestId = randomUUID()
  const progress: Progress = { operation: undefined, caller: undefined }
  const startedAtMs = performance.now()
  response.once('close', () => {
    const status = response.headersSent ? response.statusCode : 0
    const durationMs = performance.now() - startedAtMs
    options.onAnswered({
      service: STS_SERVICE,
      operation: progress.operation ?? 'unknown',
      status,
      durationMs,
    })
  })
  const log = options.log.child({ requestId })
  const result = await perform(request, response, options, progress).catch((fault: unknown) =>
    fault instanceof StsError ? fault : stsErrorOf(apiErrorOf(fault, log)),
  )
  const failure = result instanceof StsError ? result : undefined
  try {
    await options.record(request, {
      service: STS_SERVICE,
      operation: progress.operation ?? 'UnknownOperation',
      readOnly: true,
      requestId,
      caller: progress.caller,
      input: undefined,
      output: undefined,
      error: failure && { code: failure.code, message: failure.message },
    })
  } catch (error) {
    log.error({ err: error }, 'a call left no record')
  }
  const text =
    result instanceof StsError ? errorXml(result, requestId) : identityXml(result, requestId)
  response.writeHead(failure?.status ?? 200, {
    [REQUEST_ID_HEADER]: requestId,
    'content-type': 'text/xml',
    'content-length': Buffer.byteLength(text),
    ...failure?.headers,
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}

interface Identity {
  Arn: string
  UserId: string
  Account: string
}

/** Throws ApiError or StsError. */
async function perform(
  request: IncomingMessage,
  response: ServerResponse,
  { accountId, authenticate, load, serving }: StsOptions,
  progress: Progress,
): Promise<Identity> {
  const body = await readBody(request, {
    timeoutMs: serving.receiveMs,
    hold: load.bodyBytes.account(response),
  })
  if (!load.apiRequests.account(response)(1)) throw tooMuchAtOnce('requests')
  const { method = '', url = '', headersDistinct: headers } = request
  const authentication = await authenticate({ method, url, headers, body })
  if (!authentication.ok)
    throw stsErrorOf({ code: authentication.error, message: authentication.message })
  progress.caller = authentication.caller
  const action = actionOf(url, body)
  if (action !== ACTION) throw new StsError('InvalidAction', refusedAction(action))
  progress.operation = ACTION
  const { arn } = authentication.caller
  return { Arn: arn, UserId: userIdOf(arn, accountId), Account: accountId }
}

/** Far more than the one action needs; longer bodies are not parsed. */
const ACTION_BODY_BYTES_MAX = 4096

/** The action is in the body; clients that presign put it into the query. */
function actionOf(url: string, body: Uint8Array): string | null {
  const mark = url.indexOf('?')
  const inQuery = mark === -1 ? null : new URLSearchParams(url.slice(mark + 1)).get('Action')
  if (inQuery !== null || body.length > ACTION_BODY_BYTES_MAX) return inQuery
  return new URLSearchParams(Buffer.from(body).toString()).get('Action')
}

function refusedAction(action: string | null): string {
  const asked =
    action === null
      ? 'The request names no Action'
      : `'${action.slice(0, 100)}' is not answered here`
  return `${asked}; Heddle's STS has ${ACTION} alone, and heddle access makes keys`
}

/**
 * The operator's id is the account, as for a root user; a user's is derived from its ARN, whichever
 * key it signs with.
 */
function userIdOf(arn: string, accountId: string): string {
  if (arn.endsWith(':root')) return accountId
  return `AIDA${BigInt(`0x${hash('sha256', arn, 'hex')}`)
    .toString(32)
    .toUpperCase()
    .slice(0, 17)}`
}

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@' })

function identityXml(identity: Identity, requestId: string): string {
  return builder.build({
    GetCallerIdentityResponse: {
      '@xmlns': XML_NAMESPACE,
      GetCallerIdentityResult: identity,
      ResponseMetadata: { RequestId: requestId },
    },
  })
}

function errorXml({ status, code, message }: StsError, requestId: string): string {
  return builder.build({
    ErrorResponse: {
      '@xmlns': XML_NAMESPACE,
      Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
      RequestId: requestId,
    },
  })
}
