// The bytes of an object on their way into a store, chunk after chunk.
// Owns how a body is ended before its end; never waits for a source that is stuck.

import { Readable } from 'node:stream'

/** Each chunk is done with when the next one is asked for: its memory may be used again then. */
export type ObjectBody = Readable | AsyncGenerator<Uint8Array, void, undefined>

/** The chunks of the body, until the signal is aborted: throws its reason then, at once, even while the source is stuck. */
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

/** Lets go of what the body holds; nothing happens where it has come to its end. */
export function endBody(body: ObjectBody): void {
  if (body instanceof Readable) body.destroy()
  // Where it is stuck this is done when it goes on; nobody wants to hear how it ended.
  else body.return().catch(() => undefined)
}
