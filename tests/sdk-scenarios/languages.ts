// The languages that apps are written in: how the driver of each is built and started, and which
// calls it can't make. Owns nothing of what the calls do.

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const DRIVERS = join(import.meta.dirname, 'drivers')

export interface Language {
  readonly name: string
  /** Why its programs can't run here; undefined where they can. */
  missing(): string | undefined
  /** Puts its driver into a package. */
  build(folder: string): void
  /** Starts the driver in the package; what it reads is added. */
  readonly command: readonly string[]
  /** What its programs need where no worker starts them. */
  readonly environment: Readonly<Record<string, string>>
  /** Calls that its SDK has no counterpart of, each with the reason. */
  readonly gaps: Readonly<Record<string, string>>
}

export const LANGUAGES: readonly Language[] = [
  {
    name: 'TypeScript',
    missing: () => undefined,
    build: (folder) => copyFileSync(join(DRIVERS, 'driver.ts'), join(folder, 'driver.ts')),
    command: ['node', 'driver.ts'],
    environment: { NODE_OPTIONS: `--import ${join(ROOT, 'sdk/typescript/register.mjs')}` },
    gaps: {},
  },
]
