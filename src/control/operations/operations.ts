// All operations of the API, put together. Owns nothing else.

import type { OperationHandlers } from '../http/handlers.ts'
import { appOperations } from './apps.ts'
import { clockOperations } from './clock.ts'
import type { OperationContext } from './context.ts'
import { simulationOperations } from './simulations.ts'
import { createSnapshot } from './snapshots.ts'
import { startApp } from './start-app.ts'
import { startSimulation } from './start-simulation.ts'
import { tagOperations } from './tags.ts'

export function operationHandlers(context: OperationContext): OperationHandlers {
  return {
    StartSimulation: startSimulation(context),
    ...simulationOperations(context),
    ...clockOperations(context),
    StartApp: startApp(context),
    ...appOperations(context),
    CreateSnapshot: createSnapshot(context),
    ...tagOperations(context),
  }
}
