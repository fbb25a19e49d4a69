// `npm run check`: types, format and lint of the whole project.
// Owns which tools judge the source; never changes a file.

import { spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const binaries = join(root, 'node_modules', '.bin')

if (import.meta.main) process.exitCode = failedChecks().length > 0 ? 1 : 0

/** Runs every check, whatever the others say. Returns the names of those that failed. */
export function failedChecks(): string[] {
  const checks: [name: string, command: string, ...args: string[]][] = [
    ['type check', 'tsc', '-p', 'tsconfig.json'],
    ['format and lint', 'biome', 'check', '--error-on-warnings'],
  ]
  return checks
    .filter(([, command, ...args]) => runTool(command, ...args) !== 0)
    .map(([name]) => name)
}

/**
 * Runs a tool of node_modules/.bin in the project's root with the pinned Node. Returns its exit
 * code.
 */
export function runTool(command: string, ...args: string[]): number {
  const env = { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH}` }
  const { status, error } = spawnSync(join(binaries, command), args, {
    cwd: root,
    env,
    stdio: 'inherit',
  })
  if (error) throw new Error(`${command} could not be run`, { cause: error })
  return status ?? 1
}
