// One line that shows how a wait goes on, for people alone.
// Owns the line; where nobody looks at a terminal it writes nothing.

import type { WaitOptions } from '../../../clients/typescript/src/index.ts'
import { printable } from '../table.ts'

/** Does `work` with the options of a wait; the line is gone when it ends, however it ends. */
export async function withProgress<Result>(
  what: string,
  timeoutMs: number | undefined,
  work: (options: WaitOptions) => Promise<Result>,
): Promise<Result> {
  const { stderr } = process
  const limit = timeoutMs === undefined ? {} : { timeoutMs }
  if (!stderr.isTTY) return await work(limit)
  const startedAtMs = performance.now()
  let status = '…'
  const show = () => {
    const seconds = Math.floor((performance.now() - startedAtMs) / 1000)
    const line = `${printable(what)}: ${status}, ${seconds} s`
    stderr.write(`${CLEAR_LINE}${line.slice(0, Math.max(0, (stderr.columns || 80) - 1))}`)
  }
  const ticking = setInterval(show, 1_000)
  try {
    return await work({
      ...limit,
      onProgress(progress) {
        status = progress.status
        show()
      },
    })
  } finally {
    clearInterval(ticking)
    stderr.write(CLEAR_LINE)
  }
}

const CLEAR_LINE = '\r\x1b[2K'
