// The bytes of an object on their way into a store, chunk by chunk.
// Owns how a body is ended early; never waits for a source that is stuck.

import { Readable } from 'node:stream'

/** A chunk's memory may be reused once the next chunk is asked for. */
export type ObjectBody = Readable | AsyncGenerator<Uint8Array, void, undefined>

/**
 * Yields the chunks of the body. When the signal is aborted it throws the reason at once, even
 * while the source is stuck.
 */
export async function* abortable(
  body: ObjectBody,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]()
  let refuse: (reason: unknown) => void = () => undefined
  const abort = () => refuse(signal?.reason)
  signal?.addEventListener('abort', abort)
  try {
    for (;;) {
      signal?.throwIfAborted()
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        refuse = reject
        chunks.next().then(resolve, reject)
      })
      if (next.done) return
      yield next.value
    }
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** Releases what the body holds. Does nothing if the body has ended. */
export function endBody(body: ObjectBody): void {
  if (body instanceof Readable) body.destroy()
  // A stuck generator ends when it continues; the caller needs no result.
  else body.return().catch(() => undefined)
}
