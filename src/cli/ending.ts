// How a command ends early: by a signal, or because its output has no reader any more. Owns what is
// removed then; never what a command does meanwhile.

import { rmSync } from 'node:fs'

const temporary = new Set<string>()

/**
 * Removes a file or folder when the process ends, also if a signal ends it. It may already be gone
 * by then.
 */
export function removeAtEnd(path: string): void {
  if (temporary.size === 0) {
    process.once('exit', removeAll)
    for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
      process.once(name, () => {
        removeAll()
        // Without a handler the signal now ends the process, and its parent sees which signal did.
        process.kill(process.pid, name)
      })
  }
  temporary.add(path)
}

function removeAll(): void {
  for (const path of temporary) rmSync(path, { recursive: true, force: true })
}

/**
 * Ends the process silently when the reader of its output has seen enough (`| head`). Its errors
 * may have no reader.
 */
export function endWithoutReader(): void {
  process.stdout.on('error', ended)
  process.stderr.on('error', unheard)
}

/**
 * For commands whose work must be finished: the reader of the output may go (`heddle up | head`),
 * the terminal may close, or the file's disk may be full.
 */
export function goOnWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners('error').on('error', () => undefined)
}

function ended(error: NodeJS.ErrnoException): void {
  unheard(error)
  process.exit()
}

function unheard(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
