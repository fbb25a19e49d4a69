// The HTTP server: one port for all services, chosen by the service that a request's signature
// names. Owns listening, routing, and the life of an API request: read bytes, authenticate,
// validate, handle, answer. Never verifies a signature itself (`authenticate` does), and never
// touches a request for S3.

import { randomUUID } from 'node:crypto'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { assert } from '../../base/assert.ts'
import { ApiError } from '../../core/api/errors.ts'
import type { OperationName, OutputOf } from '../../core/api/operations.ts'
import { OPERATION_NAMES, operationOf, SERVICE_NAME } from '../../core/api/operations.ts'
import { outputText } from '../../core/api/serialize.ts'
import { validateInput } from '../../core/api/validate.ts'
import type { Audit } from '../audit/audit.ts'
import type { TlsIdentity } from '../certificate.ts'
import {
  defaultNetworkSettings,
  defaultServingSettings,
  type NetworkSettings,
  type ServingSettings,
} from '../config-file.ts'
import { isForMetrics } from '../metrics/metrics-endpoint.ts'
import type { Answered } from '../metrics/request-metrics.ts'
import { apiErrorOf, REQUEST_ID_HEADER, rawErrorAnswer, sendError, sendJson } from './answers.ts'
import { auditCalls, demandAudit, HEALTH_PATH, notesOf } from './audit-hook.ts'
import { serviceOf } from './claimed-service.ts'
import { Connections } from './connections.ts'
import { originOf, takeForwarded } from './forwarded.ts'
import type { Authenticate, Caller, OperationHandlers } from './handlers.ts'
import { Load } from './load.ts'
import { readBody, tooMuchAtOnce } from './read-body.ts'
import { takeAbsoluteTarget } from './request-target.ts'

export interface HttpServerOptions {
  readonly handlers: OperationHandlers
  readonly authenticate: Authenticate
  /**
   * Gets every request for S3 before anything of it is read. If absent, such requests are refused.
   */
  readonly s3?: RequestListener
  /** Gets every request whose signature names STS. */
  readonly sts?: RequestListener
  /** Gets every request for the page of metrics. */
  readonly metrics?: RequestListener
  /** Called for every API request once its answer is over. */
  readonly onAnswered?: (answered: Answered) => void
  /** Certificate chain and key as PEM. If absent, the port speaks plain HTTP. */
  readonly tls?: Pick<TlsIdentity, 'cert' | 'key'>
  /** Reverse proxies that are trusted to say where a request comes from; none if absent. */
  readonly network?: Pick<NetworkSettings, 'trustedProxies'>
  /** Gets a record of every API call before it is answered. */
  readonly audit?: Audit
  readonly log: Logger
  /** Heddle's defaults if absent. */
  readonly serving?: ServingSettings
  /** Limits the work taken on at once; shared with the embedded S3. */
  readonly load?: Load
}

interface HttpServer {
  /** `port` 0 picks a free one. Throws the system's error if the address is not available. */
  listen(options: {
    readonly host: string
    readonly port: number
  }): Promise<{ readonly port: number }>
  /**
   * Applies another certificate to new connections, if the port speaks HTTPS, and the current
   * settings of `serving`.
   */
  reconfigure(tls: TlsIdentity | undefined): void
  /** Accepts no more requests, waits for those under way, and cuts them off after `graceMs`. */
  close(graceMs?: number): Promise<void>
}

const HEALTHY = JSON.stringify({ status: 'ok' })
/** Long enough for an upload of many gigabytes. */
const REQUEST_TIMEOUT_MS = 3_600_000
/**
 * Longer than clients keep idle connections, so that they close first and never write into a
 * closing one.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000
const CLOSE_GRACE_MS = 5_000
/**
 * Uploads and downloads are given up after this multiple of the receive timeout without any byte.
 */
const STALLS_PER_RECEIVE = 3

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const app = createApp(options)
  const node: Server = app.server
  return {
    async listen({ host, port }) {
      await app.listen({ host, port })
      const address = node.address() as AddressInfo
      return { port: address.port }
    },
    reconfigure(tls) {
      const { serving = defaultServingSettings } = options
      Object.assign(node, timeoutsOf(serving))
      if (tls !== undefined && node instanceof TlsServer)
        node.setSecureContext({ cert: tls.cert, key: tls.key })
    },
    async close(graceMs = CLOSE_GRACE_MS) {
      const cutOff = setTimeout(() => node.closeAllConnections(), graceMs)
      try {
        await app.close()
      } finally {
        clearTimeout(cutOff)
      }
    },
  }
}

function createApp(options: HttpServerOptions): FastifyInstance {
  const { serving = defaultServingSettings } = options
  const { load = new Load(serving) } = options
  const app = fastify({
    serverFactory: (api) => createNodeServer(api as RequestListener, options, serving),
    clientErrorHandler: answerClientError,
    frameworkErrors: (fault, request, reply) => {
      reply.header(REQUEST_ID_HEADER, request.id)
      return sendError(reply, apiErrorOf(fault, options.log.child({ requestId: request.id })))
    },
    genReqId: () => randomUUID(),
    exposeHeadRoutes: false,
    return503OnClosing: false,
    routerOptions: {
      caseSensitive: true,
      ignoreTrailingSlash: false,
      maxParamLength: 16 * 1024,
      // Only the validation knows the query's members, so it reads the query.
      querystringParser: () => ({}),
    },
  })
  app.decorateRequest('callNotes', null)
  if (options.audit !== undefined) auditCalls(app, options.audit, options.log)
  if (options.onAnswered !== undefined) tellOfAnswers(app, options.onAnswered)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID_HEADER, request.id)
    // A body is read whatever its content type; the framework would refuse malformed ones.
    if (request.headers['content-type'] !== undefined)
      request.headers = { 'content-type': 'application/octet-stream' }
    done()
  })
  app.addHook('preValidation', async (request, reply) => {
    const hold = load.bodyBytes.account(reply.raw)
    if (hasBody(request.raw))
      request.body = await readBody(request.raw, { timeoutMs: serving.receiveMs, hold })
    if (!load.apiRequests.account(reply.raw)(1)) throw tooMuchAtOnce('requests')
  })
  app.setErrorHandler(async (fault, request, reply) => {
    const log = options.log.child({ requestId: request.id, path: request.routeOptions.url })
    if (request.raw.readableAborted) {
      log.debug('the caller went away while sending')
      return sendError(reply, new ApiError('SerializationException', 'The body ended too early'))
    }
    const error = apiErrorOf(fault, log)
    return sendError(reply, error)
  })
  app.setNotFoundHandler(async (request) => {
    await authenticated(options, request)
    throw new ApiError('UnknownOperationException', 'No operation has this path and method')
  })
  for (const name of OPERATION_NAMES) addRoute(app, name, options)
  app.route({
    method: ['GET', 'HEAD'],
    url: HEALTH_PATH,
    handler: (_request, reply) => sendJson(reply, HEALTHY),
  })
  return app
}

function tellOfAnswers(app: FastifyInstance, tell: (answered: Answered) => void): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.url === HEALTH_PATH) return done()
    reply.raw.once('close', () => {
      const status = reply.raw.headersSent ? reply.raw.statusCode : 0
      const operation = notesOf(request).operation ?? 'unknown'
      tell({ service: SERVICE_NAME, operation, status, durationMs: reply.elapsedTime })
    })
    done()
  })
}

function addRoute(app: FastifyInstance, name: OperationName, options: HttpServerOptions): void {
  const { method, path } = operationOf(name)
  // The router only finds the operation; the label's text is read from the raw URL.
  const url = path.replace(/\{.*\}$/, '*')
  app.route({
    method,
    url,
    onRequest: (request, _reply, done) => {
      notesOf(request).operation = name
      done()
    },
    // Never return a promise of the reply: the framework would listen for the reply's end, which
    // costs time.
    handler: (request: FastifyRequest, reply: FastifyReply) => {
      answer(name, request, reply, options).then(
        (json) => void sendJson(reply, json),
        (fault) => void reply.send(fault),
      )
    },
  })
}

async function answer<Name extends OperationName>(
  name: Name,
  request: FastifyRequest,
  reply: FastifyReply,
  options: HttpServerOptions,
): Promise<string | Buffer> {
  const caller = await authenticated(options, request)
  demandAudit(options.audit, name)
  const validated = validateInput(name, { url: rawUrl(request), body: rawBody(request) })
  if (!validated.ok) throw validated.error
  const notes = notesOf(request)
  notes.input = validated.input
  const call = {
    requestId: request.id,
    caller,
    origin: originOf(request.raw),
    // Created only if a handler reads it.
    get signal() {
      return goneSignal(reply.raw)
    },
  }
  const output = await options.handlers[name](validated.input, call)
  notes.output = output
  return jsonOf(name, output)
}

function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  const look = () => {
    if (response.writableFinished) return
    gone.abort(
      new ApiError('InternalServerException', 'The caller went away before it was answered'),
    )
  }
  if (response.closed) look()
  else response.once('close', look)
  return gone.signal
}

/** Serialized outputs: handlers may answer with the same output again. */
const written = new WeakMap<object, string | Buffer>()
/** Longer texts are kept as bytes, so that they are not encoded again for each answer. */
const LONG_TEXT = 4096

function jsonOf<Name extends OperationName>(name: Name, output: OutputOf<Name>): string | Buffer {
  const known = written.get(output)
  if (known !== undefined) return known
  const text = outputText(name, output)
  const json = text.length > LONG_TEXT ? Buffer.from(text) : text
  written.set(output, json)
  return json
}

async function authenticated(options: HttpServerOptions, request: FastifyRequest): Promise<Caller> {
  const authentication = await options.authenticate({
    method: request.method,
    url: rawUrl(request),
    headers: request.raw.headersDistinct,
    body: rawBody(request),
  })
  if (!authentication.ok) throw new ApiError(authentication.error, authentication.message)
  notesOf(request).caller = authentication.caller
  return authentication.caller
}

/** Read the body for every method: signatures cover it even if the operation ignores it. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

function rawUrl(request: FastifyRequest): string {
  const { url } = request.raw
  assert(url !== undefined, 'a request that came to a server has a URL')
  return url
}

function rawBody(request: FastifyRequest): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : NO_BODY
}

const NO_BODY = new Uint8Array()

function createNodeServer(
  api: RequestListener,
  { s3, sts, metrics, tls, network = defaultNetworkSettings }: HttpServerOptions,
  serving: ServingSettings,
): Server {
  const { receiveMs } = serving
  const connections = new Connections(() => serving.connectionsMax)
  const listenerOf = (request: IncomingMessage) => {
    const service = serviceOf(request)
    if (s3 !== undefined && service === 's3') return s3
    if (sts !== undefined && service === 'sts') return sts
    return metrics !== undefined && isForMetrics(request) ? metrics : api
  }
  const listener: RequestListener = (request, response) => {
    takeAbsoluteTarget(request)
    takeForwarded(request, network.trustedProxies)
    connections.begin(request, response)
    listenerOf(request)(request, response)
  }
  const settings = {
    ...timeoutsOf(serving),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: Math.ceil(receiveMs / 4),
    // Node would answer a bare 400; the signature check refuses the request properly.
    requireHostHeader: false,
  }
  const server =
    tls === undefined
      ? createServer(settings, listener)
      : createTlsServer(
          { ...settings, cert: tls.cert, key: tls.key, handshakeTimeout: receiveMs },
          listener,
        )
  connections.watch(server, STALLS_PER_RECEIVE * receiveMs)
  // S3 decides when a body may come: only once the signature is verified.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    takeAbsoluteTarget(request)
    if (listenerOf(request) !== s3) response.writeContinue()
    listener(request, response)
  })
  // Other expectations are ignored; Node would answer a bare 417.
  server.on('checkExpectation', listener)
  return server
}

function timeoutsOf({ receiveMs }: ServingSettings): {
  headersTimeout: number
  requestTimeout: number
} {
  return { headersTimeout: receiveMs, requestTimeout: Math.max(receiveMs, REQUEST_TIMEOUT_MS) }
}

const REQUEST_TIMEOUT_CODE = 'ERR_HTTP_REQUEST_TIMEOUT'

/** Answers bytes that are not HTTP: there is no request, but a peer may read the answer. */
function answerClientError(fault: NodeJS.ErrnoException, socket: Socket): void {
  // Other faults concern the connection or its TLS: an answer would not arrive.
  const isOfHttp = fault.code?.startsWith('HPE_') || fault.code === REQUEST_TIMEOUT_CODE
  if (!isOfHttp || !socket.writable) {
    socket.destroy()
    return
  }
  socket.end(rawErrorAnswer(refusalOf(fault), randomUUID()), () => socket.destroy())
}

function refusalOf({ code }: NodeJS.ErrnoException): ApiError {
  if (code === REQUEST_TIMEOUT_CODE) {
    return new ApiError('RequestTimeoutException', 'The request did not come whole in time')
  }
  const isTooLarge = code === 'HPE_HEADER_OVERFLOW'
  const message = isTooLarge
    ? 'The address and the headers are larger than 16 KiB'
    : 'The request is not well-formed HTTP'
  return new ApiError('SerializationException', message)
}
