// The newest status of a worker that the store has, looked over before anybody trusts it.
// Owns that one look; never asks a worker.

import { parseValue } from '../base/parse.ts'
import { isFinal } from '../core/lifecycle/simulation.ts'
import { type WorkerStatus, workerStatusShape } from '../core/wire/worker-protocol.ts'
import type { SimulationRecord } from '../io/store/store.ts'

/** `faults` say what of the record is damaged; a status that is damaged is as if there were none. */
export function storedStatus(record: SimulationRecord): {
  status?: WorkerStatus
  faults: readonly string[]
} {
  const { name, workerStatus, faults = [] } = record
  if (workerStatus === undefined) return { faults }
  const { content, fault } = parseValue(workerStatusShape, workerStatus)
  if (fault === undefined) return { status: content, faults }
  return { faults: [...faults, `worker_status of ${name} in the store is damaged: ${fault}`] }
}

/** No worker is left, and none will come. */
export function isOver(record: SimulationRecord): boolean {
  const { status } = storedStatus(record)
  return status !== undefined && isFinal(status.status)
}
