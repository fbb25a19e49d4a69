// One call of an operation: sign, send, read the answer, and try again where that is safe.
// Owns connections, time limits and repeats; what is on the wire is wire.ts. Has a method for each
// operation of the table.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import type { InputOf, OperationName, OutputOf } from '../../../src/core/api/operations.ts'
import { OPERATION_NAMES, operationOf, SERVICE_NAME } from '../../../src/core/api/operations.ts'
import { type ClientCredentials, credentialsFromEnvironment } from './credentials.ts'
import { HeddleApiError, HeddleConnectionError } from './errors.ts'
import type { Signal } from './waiting.ts'
import { requestTarget, type WireRequest, wireError, wireOutput, wireRequest } from './wire.ts'

export interface ClientOptions {
  /** Where Heddle serves, e.g. `http://127.0.0.1:4310`. */
  readonly endpoint: string
  /** What requests are signed for: `AWS_REGION` or `AWS_DEFAULT_REGION`, else us-west-2. */
  readonly region?: string
  /**
   * Or a function that is asked before each request. Left out: the environment, then the AWS
   * credentials file.
   */
  readonly credentials?: ClientCredentials | (() => Promise<ClientCredentials>)
  /**
   * How often a request is sent at most, 3 unless told. Only what is safe to repeat is repeated.
   */
  readonly attemptsMax?: number
  /** For one attempt; 60,000 unless told. */
  readonly requestTimeoutMs?: number
}

export interface CallOptions {
  readonly signal?: Signal
}

/**
 * `startSimulation(input, options)` and so on; the input may be left out where nothing in it is
 * required.
 */
export type OperationMethods = {
  readonly [Name in OperationName as Uncapitalize<Name>]: object extends InputOf<Name>
    ? (input?: InputOf<Name>, options?: CallOptions) => Promise<OutputOf<Name>>
    : (input: InputOf<Name>, options?: CallOptions) => Promise<OutputOf<Name>>
}

const REQUEST_TIMEOUT_MS = 60_000
const ATTEMPTS_MAX = 3
const FIRST_PAUSE_MS = 100
const PAUSE_MS_MAX = 20_000
const UNKNOWN_CERTIFICATES = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]

class Caller {
  readonly #endpoint: URL
  readonly #signer: SignatureV4
  readonly #attemptsMax: number
  readonly #requestTimeoutMs: number

  constructor(options: ClientOptions) {
    this.#endpoint = endpointOf(options.endpoint)
    this.#attemptsMax = options.attemptsMax ?? ATTEMPTS_MAX
    this.#requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
    this.#signer = new SignatureV4({
      service: SERVICE_NAME,
      region:
        options.region ?? (process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || 'us-west-2'),
      credentials: options.credentials ?? (() => credentialsFromEnvironment(process.env)),
      sha256: Sha256,
    })
  }

  /**
   * Calls an operation by its name. Throws HeddleApiError where the service refuses,
   * HeddleConnectionError where no answer came, and the signal's reason where it is aborted.
   */
  async call<Name extends OperationName>(
    name: Name,
    input: InputOf<Name>,
    options: CallOptions = {},
  ): Promise<OutputOf<Name>> {
    // Made once, so that a repeat carries the same token.
    const request = wireRequest(name, input, randomUUID)
    for (let attempt = 1; ; attempt += 1) {
      const tried = await this.#attempt(name, request, options)
      if ('output' in tried) return tried.output
      if (attempt >= this.#attemptsMax || !mayRepeat(name, tried.error)) throw tried.error
      const pauseMs =
        tried.retryAfterMs ?? FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random())
      await sleep(
        Math.min(pauseMs, PAUSE_MS_MAX),
        undefined,
        options.signal && { signal: options.signal },
      )
    }
  }

  async #attempt<Name extends OperationName>(
    name: Name,
    request: WireRequest,
    options: CallOptions,
  ): Promise<Attempt<Name>> {
    const signed = await this.#signed(request)
    const timeout = AbortSignal.timeout(this.#requestTimeoutMs)
    const signal =
      options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
    try {
      const url = new URL(requestTarget(request), this.#endpoint)
      const answer = await fetch(url, { ...signed, signal, redirect: 'error' })
      const text = await answer.text()
      if (!answer.ok) {
        const retryAfterMs = Number(answer.headers.get('retry-after') ?? Number.NaN) * 1000
        const error = wireError(name, answer.status, answer.headers, text)
        return Number.isNaN(retryAfterMs) ? { error } : { error, retryAfterMs }
      }
      const output = wireOutput(name, text)
      if (output !== undefined) return { output }
      return {
        error: new HeddleConnectionError(
          `${this.#endpoint.origin} answers ${name} with something else than JSON`,
        ),
      }
    } catch (cause) {
      options.signal?.throwIfAborted()
      return { error: new HeddleConnectionError(this.#connectionFault(cause), { cause }) }
    }
  }

  async #signed({ method, path, query, body }: WireRequest) {
    const { protocol, hostname, host, port } = this.#endpoint
    const headers: Record<string, string> = { host }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const plain = {
      method,
      protocol,
      hostname,
      path,
      query: { ...query },
      headers,
      ...(port && { port: Number(port) }),
    }
    const signed = await this.#signer.sign(body === undefined ? plain : { ...plain, body })
    return { method, headers: signed.headers, ...(body !== undefined && { body }) }
  }

  #connectionFault(cause: unknown): string {
    const { origin } = this.#endpoint
    if (cause instanceof Error && cause.name === 'TimeoutError') {
      return `${origin} has not answered within ${this.#requestTimeoutMs / 1000} s`
    }
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
    const code = (inner as { code?: unknown })?.code
    if (code === 'ECONNREFUSED') return `nothing serves at ${origin}`
    if (UNKNOWN_CERTIFICATES.includes(String(code))) {
      return `the certificate of ${origin} is signed by nobody known here: name its file in NODE_EXTRA_CA_CERTS`
    }
    return `no answer from ${origin}: ${inner instanceof Error ? inner.message || String(code) : String(inner)}`
  }
}

type Attempt<Name extends OperationName> =
  | { readonly output: OutputOf<Name> }
  | { readonly error: HeddleApiError | HeddleConnectionError; readonly retryAfterMs?: number }

/**
 * A service that sheds load has done nothing yet. After other faults only what reads, or carries a
 * token, may be asked twice.
 */
function mayRepeat(name: OperationName, error: HeddleApiError | HeddleConnectionError): boolean {
  if (error instanceof HeddleApiError && (error.status === 503 || error.status === 429)) return true
  if (error instanceof HeddleApiError && error.status < 500) return false
  const { method, input } = operationOf(name)
  return method === 'GET' || Object.values(input).some((member) => member.idempotencyToken)
}

function endpointOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== '/') {
    throw new TypeError(
      `the endpoint is '${text}', and must be a URL such as http://127.0.0.1:4310`,
    )
  }
  return url
}

for (const name of OPERATION_NAMES) {
  const method = name.charAt(0).toLowerCase() + name.slice(1)
  const value = function (
    this: Caller,
    input: InputOf<typeof name> | undefined,
    options?: CallOptions,
  ) {
    return this.call(name, input ?? ({} as InputOf<typeof name>), options)
  }
  Object.defineProperty(Caller.prototype, method, { value, writable: true, configurable: true })
}

/** The caller with its methods, as a class to build on. */
export const OperationCaller = Caller as new (options: ClientOptions) => Caller & OperationMethods
