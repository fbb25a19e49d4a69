// The life of a simulation as the API shows it, made of what was asked for and what its worker last said.
// Owns the states, what each lets a caller do, and the words of a refusal; never talks to anybody.

import type { AppState, Refusal, SimulationStatus, WorkerStatus } from '../wire/worker-protocol.ts'

/** What is known of a simulation: the stored wish, and the newest status of its worker where there is one. */
export interface KnownSimulation {
  name: string
  targetStatus: 'STARTED' | 'STOPPED'
  workerStatus?: WorkerStatus
}

/** No worker is left, and none will come. */
export function isFinal(status: SimulationStatus): boolean {
  return status === 'STOPPED' || status === 'FAILED'
}

/** A stop that is stored is shown at once, also before the worker has heard of it. */
export function shownStatus(simulation: KnownSimulation): SimulationStatus {
  const status = simulation.workerStatus?.status ?? 'STARTING'
  return !isFinal(status) && simulation.targetStatus === 'STOPPED' ? 'STOPPING' : status
}

/** Apps do not outlive their simulation, whatever the worker's last words about them were. */
export function shownApps(simulation: KnownSimulation): AppState[] {
  const apps = simulation.workerStatus?.apps ?? []
  return isFinal(shownStatus(simulation)) ? apps.map(endApp) : apps
}

/** The clock and app operations need a running simulation. A snapshot does not stop it from running. */
export function refuseUnlessRunning(simulation: KnownSimulation, operation: string): Refusal | undefined {
  const status = shownStatus(simulation)
  if (status === 'STARTED' || status === 'SNAPSHOT_IN_PROGRESS') return undefined
  return conflict(`${operation} needs a simulation that is STARTED; ${simulation.name} is ${status}${advice(status)}`)
}

/** As in the service: the simulation is STARTED, and makes one snapshot at a time. */
export function refuseSnapshot(simulation: KnownSimulation): Refusal | undefined {
  if (shownStatus(simulation) === 'SNAPSHOT_IN_PROGRESS') {
    return conflict(`a snapshot of ${simulation.name} is being made; wait until the simulation is STARTED again`)
  }
  return refuseUnlessRunning(simulation, 'CreateSnapshot')
}

/** As in the service: only what is stopped or failed can be deleted. */
export function refuseDeletion(simulation: KnownSimulation): Refusal | undefined {
  const status = shownStatus(simulation)
  if (isFinal(status)) return undefined
  const next = status === 'STOPPING' ? 'wait until it is STOPPED' : 'stop it first, and wait until it is STOPPED'
  return conflict(
    `DeleteSimulation needs a simulation that is STOPPED or FAILED; ${simulation.name} is ${status}: ${next}`,
  )
}

/** What is known of an execution before its worker has said anything. */
export function emptyStatus(executionId: string): WorkerStatus {
  return {
    executionId,
    revision: 0,
    workerPid: 0,
    status: 'STARTING',
    startErrors: [],
    clock: { status: 'STOPPED', targetStatus: 'STOPPED' },
    tick: 0,
    domains: [],
    apps: [],
  }
}

export function endApp(app: AppState): AppState {
  const { endpoint: _closed, ...kept } = app
  return { ...kept, status: app.status === 'ERROR' ? 'ERROR' : 'STOPPED', targetStatus: 'STOPPED' }
}

function advice(status: SimulationStatus): string {
  if (status === 'STARTING') return ': wait until it is STARTED'
  return '; it cannot be started again: delete it and start a new one, or start one from a snapshot'
}

function conflict(message: string): Refusal {
  return { error: 'ConflictException', message }
}
