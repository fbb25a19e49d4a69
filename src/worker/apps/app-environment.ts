// What an app finds in its environment.
// Owns the variables' names and values; of what the worker itself was given, only where compiled code is kept is passed on.

import { APP_VARIABLES } from '../../base/app-variables.ts'
import type { PortMapping } from '../../base/port-mapping.ts'
import { baseEnvironment } from '../../io/launch/processes.ts'

const sdkHook = new URL('../../../sdk/typescript/register.mjs', import.meta.url)

/** Whose environment it is. */
export interface AppPlace {
  executionId: string
  simulation: string
  domain: string
  name: string
  fabricFolder: string
  partition: number
  ports: readonly PortMapping[]
}

/** But for its identity, which its launcher adds. `attempt`: the how-maniest for the same tick. */
export function appEnvironment(
  app: Omit<AppPlace, 'executionId' | 'domain' | 'name'>,
  attempt: number,
): Record<string, string> {
  const { NODE_COMPILE_CACHE: compiledCode } = process.env
  return {
    ...baseEnvironment(),
    [APP_VARIABLES.simulation]: app.simulation,
    [APP_VARIABLES.fabric]: app.fabricFolder,
    [APP_VARIABLES.partition]: String(app.partition),
    [APP_VARIABLES.attempt]: String(attempt),
    [APP_VARIABLES.ports]: JSON.stringify(
      Object.fromEntries(app.ports.map(({ declared, actual }) => [declared, actual])),
    ),
    ...(compiledCode !== undefined && { NODE_COMPILE_CACHE: compiledCode }),
    NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${sdkHook.href}`,
  }
}
