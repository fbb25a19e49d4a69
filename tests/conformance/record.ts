// Records every request to the API and its answer, at Node's own HTTP server; tests load it into a
// Heddle (`node --import`).
// Owns what is kept: never a signature, a key or a token, and nothing of other services. Never
// changes a request or an answer.

import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { serviceOf } from '../../src/control/http/claimed-service.ts'
import { type Exchange, FOLDER_VARIABLE } from './exchange.ts'

const file = join(process.env[FOLDER_VARIABLE]!, `${process.pid}-${Date.now()}.jsonl`)
/** Larger bodies are not kept: the server rejects them unread, and tests measure its memory. */
const ASKED_BYTES_MAX = 1024 ** 2
const OTHER_SERVICES = ['s3', 'sts']
// Child processes serve nothing, and run as they do for users.
delete process.env[FOLDER_VARIABLE]
delete process.env.NODE_OPTIONS

subscribe('http.server.request.start', (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
  if (!OTHER_SERVICES.includes(serviceOf(request))) record(request, response)
})

/**
 * Records before the last byte of the answer leaves, so that no answer seen by a test is missing,
 * even if the test then kills the server.
 */
function record(request: IncomingMessage, response: ServerResponse): void {
  const asked: Buffer[] = []
  const answered: Buffer[] = []
  let headers: OutgoingHttpHeaders = {}
  let askedBytes = 0
  observe(request, 'push', ([chunk]) => {
    askedBytes += (chunk as Buffer | null)?.length ?? 0
    if (askedBytes <= ASKED_BYTES_MAX) keep(asked, chunk)
    else asked.length = 0
  })
  observe(response, 'writeHead', (args) => {
    headers = { ...response.getHeaders(), ...(args.at(-1) as OutgoingHttpHeaders) }
  })
  observe(response, 'write', ([chunk]) => keep(answered, chunk))
  observe(response, 'end', ([chunk]) => {
    keep(answered, chunk)
    const exchange: Exchange = {
      method: request.method ?? '',
      url: withoutSignature(request.url ?? ''),
      requestBody: Buffer.concat(asked).toString(),
      status: response.statusCode,
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
      ),
      answerBody: Buffer.concat(answered).toString(),
    }
    appendFileSync(file, `${JSON.stringify(exchange)}\n`)
  })
}

/** Shows a method's arguments before it does its work. */
function observe<Name extends string>(
  target: Record<Name, unknown>,
  name: Name,
  look: (args: unknown[]) => void,
): void {
  const method = target[name] as (...args: unknown[]) => unknown
  target[name] = (...args: unknown[]) => {
    look(args)
    return method.apply(target, args)
  }
}

function keep(chunks: Buffer[], chunk: unknown): void {
  if (typeof chunk === 'string') chunks.push(Buffer.from(chunk))
  else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
}

function withoutSignature(url: string): string {
  const mark = url.indexOf('?')
  if (mark === -1) return url
  const pairs = url.slice(mark + 1).split('&')
  const kept = pairs.filter((pair) => !/^x-amz-/i.test(pair))
  return kept.length === 0 ? url.slice(0, mark) : `${url.slice(0, mark)}?${kept.join('&')}`
}
