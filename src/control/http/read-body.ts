// Reads the body of an API request into memory. Owns its limits: bytes, time, and the share of all
// bodies' memory. Never looks at the content.

import type { IncomingMessage } from 'node:http'
import { ApiError } from '../../core/api/errors.ts'
import { GatheredBytes } from './gathered-bytes.ts'

export const BODY_BYTES_MAX = 1024 * 1024
/**
 * How much of a body that is too large is read before the answer: clients tend to listen only after
 * sending everything.
 */
const REFUSED_BODY_BYTES_MAX = 16 * BODY_BYTES_MAX
const REFUSED_BODY_MS_MAX = 5_000

/** Throws ApiError. `hold` returns whether that many more bytes may be kept in memory. */
export async function readBody(
  request: IncomingMessage,
  { timeoutMs, hold }: { timeoutMs: number; hold: (bytes: number) => boolean },
): Promise<Buffer> {
  const gathered = await gather(request, timeoutMs, new GatheredBytes(hold))
  if (!(gathered instanceof ApiError)) return gathered
  if (gathered.code === 'RequestTimeoutException') request.resume()
  else await skipBody(request)
  throw gathered
}

function gather(
  request: IncomingMessage,
  timeoutMs: number,
  gathered: GatheredBytes,
): Promise<Buffer | ApiError> {
  return new Promise((resolve) => {
    const settle = (result: Buffer | ApiError) => {
      clearTimeout(timer)
      request
        .off('data', onData)
        .off('end', onEnd)
        .off('close', onClose)
        .off('error', onClose)
        .pause()
      resolve(result)
    }
    const timer = setTimeout(() => settle(tooSlow(timeoutMs)), timeoutMs)
    const onData = (chunk: Buffer) => {
      if (gathered.length + chunk.length > BODY_BYTES_MAX) settle(tooLarge())
      else if (!gathered.add(chunk)) settle(tooMuchAtOnce('bodies of requests in memory'))
    }
    const onEnd = () => settle(gathered.bytes)
    const onClose = () => settle(new ApiError('SerializationException', 'The body ended too early'))
    request.on('data', onData).once('end', onEnd).once('close', onClose).once('error', onClose)
    if (Number(request.headers['content-length']) > BODY_BYTES_MAX) settle(tooLarge())
  })
}

export function tooMuchAtOnce(what: string): ApiError {
  return new ApiError(
    'ServiceUnavailableException',
    `There are too many ${what} at once; ask again in a moment`,
  )
}

function tooLarge(): ApiError {
  return new ApiError('RequestEntityTooLargeException', 'The body is larger than 1 MiB')
}

function tooSlow(timeoutMs: number): ApiError {
  return new ApiError(
    'RequestTimeoutException',
    `The body did not come whole within ${timeoutMs / 1000} seconds`,
  )
}

/** Reads and discards until the body ends, its sender disconnects, or the limit is reached. */
async function skipBody(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return
  let bytes = 0
  await new Promise<void>((resolve) => {
    const giveUp = setTimeout(resolve, REFUSED_BODY_MS_MAX)
    const done = () => {
      clearTimeout(giveUp)
      resolve()
    }
    request.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes > REFUSED_BODY_BYTES_MAX) done()
    })
    request.once('end', done).once('close', done)
    request.resume()
  })
}
