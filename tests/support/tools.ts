// Tools that tests drive and that a machine may lack. Owns how a missing one is told.

import { spawnSync } from 'node:child_process'

/**
 * Why a test cannot run here; false if all tools are on the PATH. With CI=true it throws instead:
 * no test is skipped there.
 */
export function missingTools(...tools: readonly string[]): string | false {
  const isMissing = (tool: string) => spawnSync('which', [tool]).status !== 0
  const missing = tools.filter(isMissing)
  if (missing.length === 0) return false
  const why = `this machine lacks ${missing.join(', ')}`
  if (process.env.CI === 'true') throw new Error(why)
  return why
}
