// How a command ends before its time: by a signal, or because nobody reads any more what it says.
// Owns what is removed then; never what a command does meanwhile.

import { rmSync } from 'node:fs'

const temporary = new Set<string>()

/** A file or folder that shall be gone when the process ends, also where a signal ends it. That it is gone before does no harm. */
export function removeAtEnd(path: string): void {
  if (temporary.size === 0) {
    process.once('exit', removeAll)
    for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
      process.once(name, () => {
        removeAll()
        // Now that nobody listens to it, it ends the process, and who started it sees what did.
        process.kill(process.pid, name)
      })
  }
  temporary.add(path)
}

function removeAll(): void {
  for (const path of temporary) rmSync(path, { recursive: true, force: true })
}

/** Has the process end, and say nothing of it, when whoever reads its output has seen enough (`| head`). Its errors may be read by nobody. */
export function endWithoutReader(): void {
  process.stdout.on('error', ended)
  process.stderr.on('error', unheard)
}

/**
 * For commands whose work must be done to its end: whoever read the output may go (`heddle up | head`), its terminal be closed, or its file's
 * disk be full.
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
