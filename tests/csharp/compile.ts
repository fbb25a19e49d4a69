// C# programs for tests, with the SDK's sources in them. Owns how mcs is called; never runs them.

import { execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { missingLibrary } from '../native/library.ts'
import { missingTools } from '../support/tools.ts'

export const CSHARP_SDK = join(import.meta.dirname, '../../sdk/csharp')

/** Why tests of C# cannot run here; false if they can. */
export function missingCsharp(): string | false {
  return missingLibrary() ?? missingTools('mcs', 'mono')
}

/** Compiles sources to a program, or with `-target:library` among the options to a library. */
export function compileCsharp(
  sources: readonly string[],
  program: string,
  options: readonly string[] = [],
): void {
  const strict = ['-nologo', '-warnaserror', '-unsafe', '-optimize', ...options]
  const sdk = globSync('Runtime/*.cs', { cwd: CSHARP_SDK }).map((name) => join(CSHARP_SDK, name))
  execFileSync('mcs', [...strict, `-out:${program}`, ...sources, ...sdk], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}
