// Runs a program to its end for a test, and returns its output. Owns the waiting; never judges.

import { type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Ended {
  code: number | null
  out: string
  err: string
}

/** The program's input is empty; its environment is `options.env` and nothing else. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env'>,
): Promise<Ended> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended: Ended = { code: null, out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    ended.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    ended.err += chunk
  })
  ;[ended.code] = await once(child, 'close')
  return ended
}
