// The newest status of a worker in the store, checked before it is used.
// Owns that check; never asks a worker.

import { parseValue } from '../base/parse.ts'
import { isFinal } from '../core/lifecycle/simulation.ts'
import { type WorkerStatus, workerStatusShape } from '../core/wire/worker-protocol.ts'
import type { SimulationRecord } from '../io/store/store.ts'

/** `faults` name what is damaged in the record. A damaged status counts as absent. */
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

/** There is no worker, and there will be none. */
export function isOver(record: SimulationRecord): boolean {
  const { status } = storedStatus(record)
  return status !== undefined && isFinal(status.status)
}
