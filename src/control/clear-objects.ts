// What killed processes have left unfinished in the object store goes within seconds, while control runs.
// Owns the rhythm; what is left, and whose it is, the store itself knows.

import type { Logger } from 'pino'
import type { Objects } from '../io/objects/objects.ts'

const everyMs = 2_000
/** While the store can't be reached, it is asked less and less often. */
const pauseMsMax = 5 * 60_000

export interface Clearing {
  /** Waits for what is being cleared. */
  stop(): Promise<void>
}

export function clearRegularly(objects: Objects, log: Logger): Clearing {
  let pauseMs = everyMs
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let running: Promise<void> = Promise.resolve()

  async function clear(): Promise<void> {
    try {
      await objects.clearAbandoned()
      pauseMs = everyMs
    } catch (error) {
      pauseMs = Math.min(pauseMs * 2, pauseMsMax)
      log.warn({ error, pauseMs }, 'what was left unfinished in the object store can not be cleared away now')
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
