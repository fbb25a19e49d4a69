// What all operations work with, and the few steps they share. Owns the way from a refusal to an
// API error; never decides one.

import { ApiError, type ApiErrorCode } from '../../core/api/errors.ts'
import { type OperationName, operationOf } from '../../core/api/operations.ts'
import type { Owner } from '../../core/lifecycle/resource-name.ts'
import type { KnownSimulation } from '../../core/lifecycle/simulation.ts'
import { refuseUnlessRunning } from '../../core/lifecycle/simulation.ts'
import type { SnapshotSettings } from '../../core/lifecycle/snapshot-settings.ts'
import type { Limits } from '../../core/limits.ts'
import type { Refusal, WorkerCommand } from '../../core/wire/worker-protocol.ts'
import { BusError } from '../../io/bus/bus.ts'
import type { Objects } from '../../io/objects/objects.ts'
import type { SimulationRecord, Store } from '../../io/store/store.ts'
import type { Supervisor } from '../supervision/supervisor.ts'

export interface OperationContext {
  owner: Owner
  store: Store
  supervisor: Supervisor
  objects: Objects
  limits: Limits
  /** The operator's settings, for simulations whose tags set nothing else. */
  snapshots: SnapshotSettings
  /** The address where clients connect to the apps of this host. */
  readonly address: string
  /** Signs the tokens of pages. */
  pageTokenKey: Uint8Array
  nowMs(): number
  newExecutionId(): string
}

interface FoundSimulation {
  record: SimulationRecord
  known: KnownSimulation
}

/** Throws ApiError ResourceNotFoundException, or the error that the operation declares instead. */
export async function findSimulation(
  context: OperationContext,
  operation: OperationName,
  name: string,
): Promise<FoundSimulation> {
  const record = await context.store.findSimulation(name)
  if (record === undefined) throw noSimulation(operation, name)
  return { record, known: context.supervisor.known(record) }
}

export function noSimulation(operation: OperationName, name: string): ApiError {
  return refused(operation, {
    error: 'ResourceNotFoundException',
    message: `there is no simulation named ${name}`,
  })
}

/** Throws if there is a refusal. */
export function demand(operation: OperationName, refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw refused(operation, refusal)
}

/**
 * Answers only with errors that the operation declares: StartApp, for example, has no
 * ResourceNotFoundException, so an unknown name is bad input there.
 */
export function refused(operation: OperationName, refusal: Refusal): ApiError {
  const declared: readonly ApiErrorCode[] = operationOf(operation).errors
  const code = declared.includes(refusal.error) ? refusal.error : 'ValidationException'
  return new ApiError(code, refusal.message)
}

/** Sends a command to the worker of a running simulation, and throws its refusal. */
export async function commandWorker(
  context: OperationContext,
  operation: OperationName,
  simulation: FoundSimulation,
  command: WorkerCommand,
): Promise<void> {
  const refusal = await askWorker(context, operation, simulation, command)
  demand(operation, refusal)
}

/** The same, but returns the refusal. */
export async function askWorker(
  context: OperationContext,
  operation: OperationName,
  simulation: FoundSimulation,
  command: WorkerCommand,
): Promise<Refusal | undefined> {
  demand(operation, refuseUnlessRunning(simulation.known, operation))
  const watch = context.supervisor.find(simulation.record.executionId)
  try {
    if (watch === undefined) throw new BusError('Closed', 'the simulation has just ended')
    const answer = await watch.request(command)
    return 'refusal' in answer ? answer.refusal : undefined
  } catch (error) {
    if (!(error instanceof BusError)) throw error
    const now = await findSimulation(context, operation, simulation.record.name)
    demand(operation, refuseUnlessRunning(now.known, operation))
    throw new ApiError(
      'InternalServerException',
      `the worker of simulation ${simulation.record.name} did not answer; look at the ` +
        `simulation's state and try again`,
      { cause: error },
    )
  }
}
