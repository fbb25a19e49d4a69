// One line that shows the progress of a wait on a terminal. Owns the line; writes nothing if the
// output is not a terminal.

import type { WaitOptions } from '../../../clients/typescript/src/index.ts'
import { printable } from '../table.ts'

/** Runs `work` with the options of a wait. The line is removed when it ends, however it ends. */
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
