// StartApp: has the worker start an app of a custom domain, once for each ClientToken. Owns the
// token's state in a request that may be interrupted; never launches anything itself.
//
// The token is stored before the worker is asked, and settled afterwards. A repetition that finds
// the token unsettled asks the worker again: if the app is there by then, the first request
// succeeded.

import { z } from 'zod'
import { ApiError } from '../../core/api/errors.ts'
import { findApp } from '../../core/lifecycle/apps.ts'
import type { Refusal, WorkerCommand } from '../../core/wire/worker-protocol.ts'
import type { OperationHandlers } from '../http/handlers.ts'
import { askWorker, demand, findSimulation, type OperationContext } from './context.ts'
import { idempotencyToken, readAnswer, tokenMisused } from './idempotency.ts'

type StartApp = OperationHandlers['StartApp']
type Input = Parameters<StartApp>[0]
type Output = Awaited<ReturnType<StartApp>>

/** As it is stored with the ClientToken. */
const answerShape: z.ZodType<Output> = z.object({
  Simulation: z.string(),
  Domain: z.string(),
  Name: z.string(),
})

export function startApp(context: OperationContext): StartApp {
  return async (input) => {
    const output: Output = { Simulation: input.Simulation, Domain: input.Domain, Name: input.Name }
    const token = idempotencyToken('StartApp', input, context.nowMs())
    if (token === undefined) {
      demand('StartApp', await ask(context, input))
      return output
    }
    const claimed = await context.store.claimToken(token)
    if (claimed.outcome === 'misused') throw tokenMisused()
    if (claimed.outcome === 'repeated') return readAnswer('StartApp', answerShape, claimed.answer)
    const refusal = await ask(context, input).catch(async (error: unknown) => {
      // After an InternalServerException it is unknown whether the worker got the command, so the
      // token stays for the repetition.
      const refusedForSure = error instanceof ApiError && error.code !== 'InternalServerException'
      if (refusedForSure) await context.store.releaseToken(token.operation, token.token)
      throw error
    })
    if (refusal !== undefined && !(claimed.outcome === 'open' && (await hasApp(context, input)))) {
      await context.store.releaseToken(token.operation, token.token)
      demand('StartApp', refusal)
    }
    await context.store.settleToken(token.operation, token.token, output)
    return output
  }
}

async function ask(context: OperationContext, input: Input): Promise<Refusal | undefined> {
  const simulation = await findSimulation(context, 'StartApp', input.Simulation)
  const command: WorkerCommand = {
    command: 'startApp',
    domain: input.Domain,
    name: input.Name,
    ...(input.Description !== undefined && { description: input.Description }),
    ...(input.LaunchOverrides?.LaunchCommands !== undefined && {
      launchCommands: [...input.LaunchOverrides.LaunchCommands],
    }),
  }
  return await askWorker(context, 'StartApp', simulation, command)
}

async function hasApp(context: OperationContext, input: Input): Promise<boolean> {
  const { known } = await findSimulation(context, 'StartApp', input.Simulation)
  return 'app' in findApp(known, input.Domain, input.Name)
}
