// The life of a simulation in the API, from the stored request and the worker's last status.
// Owns the states, what each allows, and the refusal messages; never communicates.

import type { AppState, Refusal, SimulationStatus, WorkerStatus } from '../wire/worker-protocol.ts'

/** What is known of a simulation: the stored request, and its worker's newest status, if any. */
export interface KnownSimulation {
  name: string
  targetStatus: 'STARTED' | 'STOPPED'
  workerStatus?: WorkerStatus
}

/** There is no worker, and there will be none. */
export function isFinal(status: SimulationStatus): boolean {
  return status === 'STOPPED' || status === 'FAILED'
}

/** A stored stop is shown at once, even before the worker knows it. */
export function shownStatus(simulation: KnownSimulation): SimulationStatus {
  const status = simulation.workerStatus?.status ?? 'STARTING'
  return !isFinal(status) && simulation.targetStatus === 'STOPPED' ? 'STOPPING' : status
}

/** Apps end with their simulation, whatever the worker last reported about them. */
export function shownApps(simulation: KnownSimulation): AppState[] {
  const apps = simulation.workerStatus?.apps ?? []
  return isFinal(shownStatus(simulation)) ? apps.map(endApp) : apps
}

/** The clock and app operations need a running simulation. It keeps running during a snapshot. */
export function refuseUnlessRunning(
  simulation: KnownSimulation,
  operation: string,
): Refusal | undefined {
  const status = shownStatus(simulation)
  if (status === 'STARTED' || status === 'SNAPSHOT_IN_PROGRESS') return undefined
  return conflict(
    `${operation} needs a simulation that is STARTED; ` +
      `${simulation.name} is ${status}${advice(status)}`,
  )
}

/** As in the service: the simulation is STARTED, and makes one snapshot at a time. */
export function refuseSnapshot(simulation: KnownSimulation): Refusal | undefined {
  if (shownStatus(simulation) === 'SNAPSHOT_IN_PROGRESS') {
    return conflict(
      `a snapshot of ${simulation.name} is being made; wait until the simulation is STARTED again`,
    )
  }
  return refuseUnlessRunning(simulation, 'CreateSnapshot')
}

/** As in the service: only a stopped or failed simulation can be deleted. */
export function refuseDeletion(simulation: KnownSimulation): Refusal | undefined {
  const status = shownStatus(simulation)
  if (isFinal(status)) return undefined
  const next =
    status === 'STOPPING'
      ? 'wait until it is STOPPED'
      : 'stop it first, and wait until it is STOPPED'
  return conflict(
    `DeleteSimulation needs a simulation that is STOPPED or FAILED; ` +
      `${simulation.name} is ${status}: ${next}`,
  )
}

/** The status of an execution before its worker has reported any. */
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
