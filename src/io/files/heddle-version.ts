// The version of this Heddle, as package.json says it.
// Owns where it stands; never compares versions.

import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { parseJson } from '../../base/parse.ts'

const manifestShape = z.looseObject({ version: z.string().min(1) })

export function heddleVersion(): string {
  const manifest = new URL('../../../package.json', import.meta.url)
  const { content, fault } = parseJson(manifestShape, readFileSync(manifest, 'utf8'))
  if (content === undefined)
    throw new Error(`${manifest.pathname} says no version of Heddle (${fault}): install it again`)
  return content.version
}
