// Whether this machine can run Python apps: tests that need one are skipped where it can't.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { missingTools } from '../support/tools.ts'

const EXTENSION = join(import.meta.dirname, '../../sdk/python/heddle/_native.abi3.so')

/** Why tests of the Python SDK cannot run here; false where they can. */
export function missingPython(): string | false {
  const missing = missingTools('python3')
  if (missing || existsSync(EXTENSION)) return missing
  const why = `${EXTENSION} is not built: install python3-dev, cmake and g++, and run "npm test"`
  if (process.env.CI === 'true') throw new Error(why)
  return why
}

/** Whether columns are numpy arrays here. With CI=true they must be. */
export function hasNumpy(): boolean {
  const found = spawnSync('python3', ['-c', 'import numpy']).status === 0
  if (!found && process.env.CI === 'true') throw new Error('this machine lacks numpy')
  return found
}
