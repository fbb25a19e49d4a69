// The environment of an app.
// Owns the variables' names and values. The compile cache's place is all that it passes on from the
// worker's own environment.

import { APP_VARIABLES } from '../../base/app-variables.ts'
import type { PortMapping } from '../../base/port-mapping.ts'
import { APP_LIBRARIES_FOLDER, PYTHON_SDK_FOLDER } from '../../io/launch/app-libraries.ts'
import { baseEnvironment } from '../../io/launch/processes.ts'

const sdkHook = new URL('../../../sdk/typescript/register.mjs', import.meta.url)

const PYTHON_VARIABLES = {
  PYTHONPATH: PYTHON_SDK_FOLDER,
  /** What an app prints is in the log at once, and the end of it is not lost with its process. */
  PYTHONUNBUFFERED: '1',
  /** A process that a signal ends prints first where in the program it was. */
  PYTHONFAULTHANDLER: '1',
  /** Python leaves no compiled files in packages, which all apps of a domain share. */
  PYTHONDONTWRITEBYTECODE: '1',
}

/** The app that gets the environment. */
export interface AppPlace {
  executionId: string
  simulation: string
  domain: string
  name: string
  fabricFolder: string
  partition: number
  ports: readonly PortMapping[]
}

/**
 * The environment without the identity, which the launcher adds. `attempt` counts the processes for
 * the same tick.
 */
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
    LD_LIBRARY_PATH: APP_LIBRARIES_FOLDER,
    ...PYTHON_VARIABLES,
    ...(compiledCode !== undefined && { NODE_COMPILE_CACHE: compiledCode }),
    NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${sdkHook.href}`,
  }
}
