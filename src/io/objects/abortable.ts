// A body that ends at once when its put is aborted, even while its source is stuck.
// Owns the hop between the two; never waits for the source to notice.

import { addAbortSignal, PassThrough, pipeline, type Readable } from 'node:stream'

/** The body itself where there is no signal. Throws the signal's reason where it is aborted already. */
export function abortable(body: Readable, signal: AbortSignal | undefined): Readable {
  if (signal === undefined) return body
  signal.throwIfAborted()
  const through = new PassThrough()
  pipeline(body, through, (error) => {
    if (error) through.destroy(error)
  })
  return addAbortSignal(signal, through)
}
