// The token that readers of the page of metrics must have, if the operator wants one. Owns what is
// in its file; never reveals it.

import { readFileSync } from 'node:fs'
import { ConfigError } from '../config.ts'
import type { MetricsSettings } from '../config-file.ts'

/**
 * Undefined if no token is configured. Throws ConfigError if the file cannot be read or contains no
 * token.
 */
export function readMetricsToken({ tokenFile }: MetricsSettings): string | undefined {
  if (tokenFile === undefined) return undefined
  const token = textOf(tokenFile).trim()
  if (!/^[\x21-\x7e]{16,1024}$/.test(token)) {
    throw new ConfigError(
      `metrics.token_file ${tokenFile} must hold one token of 16 to 1024 visible characters`,
    )
  }
  return token
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`metrics.token_file can't be read: ${(cause as Error).message}`, {
      cause,
    })
  }
}
