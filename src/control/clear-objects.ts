// Clears what killed processes left unfinished in the object store, within seconds.
// Owns the rhythm; the store itself knows what is left, and whose it is.

import type { Logger } from 'pino'
import type { Objects } from '../io/objects/objects.ts'

const EVERY_MS = 2_000
/** Longest pause: control asks less and less often while the store cannot be reached. */
const PAUSE_MS_MAX = 5 * 60_000

interface Clearing {
  /** Waits for the clearing under way. */
  stop(): Promise<void>
}

export function clearRegularly(objects: Objects, log: Logger): Clearing {
  let pauseMs = EVERY_MS
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let running: Promise<void> = Promise.resolve()

  async function clear(): Promise<void> {
    try {
      await objects.clearAbandoned()
      pauseMs = EVERY_MS
    } catch (error) {
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)
      log.warn(
        { error, pauseMs },
        'what was left unfinished in the object store can not be cleared away now',
      )
    }
    if (!isStopped) schedule()
  }

  function schedule(): void {
    timer = setTimeout(() => {
      running = clear()
    }, pauseMs)
    timer.unref()
  }

  schedule()
  return {
    stop() {
      isStopped = true
      clearTimeout(timer)
      return running
    },
  }
}
