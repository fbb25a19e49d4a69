// StartClock and StopClock. Owns only the way to the worker, which alone knows its clock.

import type { OperationHandlers } from '../http/handlers.ts'
import { commandWorker, findSimulation, type OperationContext } from './context.ts'

export function clockOperations(
  context: OperationContext,
): Pick<OperationHandlers, 'StartClock' | 'StopClock'> {
  return {
    async StartClock(input) {
      const simulation = await findSimulation(context, 'StartClock', input.Simulation)
      await commandWorker(context, 'StartClock', simulation, { command: 'startClock' })
      return {}
    },

    async StopClock(input) {
      const simulation = await findSimulation(context, 'StopClock', input.Simulation)
      await commandWorker(context, 'StopClock', simulation, { command: 'stopClock' })
      return {}
    },
  }
}
