// What happens to a simulation whose worker ended without a last word: it ends or restarts.
// Owns that decision, what the next worker inherits, and the message; never starts anything.

import { s3Uri } from '../../base/s3-uri.ts'
import { lossLimits } from '../limits.ts'
import type { AppState, Restart, WorkerStatus } from '../wire/worker-protocol.ts'
import { mayRestart } from './restarts.ts'
import { emptyStatus, endApp, type KnownSimulation } from './simulation.ts'

export interface Loss {
  reason: string
  /** When the loss was found. */
  atMs: number
  /** The newest committed tick that is known. */
  tick: number
  isRestartWanted: boolean
}

/** `failure` is the reason if the simulation is FAILED. */
export interface LossConclusion {
  status: WorkerStatus
  failure?: string
}

/**
 * A simulation that was asked to stop is STOPPED. Otherwise it is STARTING again if a restart is
 * wanted, with what the next worker must bring back. Without restarts, or after too many, it is
 * FAILED, with the reason in its StartError.
 */
export function concludeLostWorker(
  executionId: string,
  simulation: KnownSimulation,
  loss: Loss,
): LossConclusion {
  const last = simulation.workerStatus ?? emptyStatus(executionId)
  if (simulation.targetStatus === 'STOPPED' || last.status === 'STOPPING')
    return { status: ended(last, 'STOPPED', loss) }
  const restartedAtMs = (last.restarts ?? []).map(({ atMs }) => atMs)
  if (loss.isRestartWanted && mayRestart(restartedAtMs, loss.atMs, lossLimits))
    return { status: startingAgain(last, loss) }
  const failure = loss.isRestartWanted ? `${loss.reason}; ${tooOften}` : loss.reason
  const startErrors = [
    ...last.startErrors,
    { errorType: 'InternalError' as const, errorMessage: failure },
  ]
  return { status: { ...ended(last, 'FAILED', loss), startErrors }, failure }
}

/** Returns the message for operators, before and after the simulation is back. */
export function restartText({ lostAtTick, back }: Restart): string {
  const lost = `the worker was lost at about tick ${lostAtTick}; `
  if (back === undefined) return `${lost}it is to be started again`
  const from = back.from
    ? `back at tick ${back.tick} from ${s3Uri(back.from)}`
    : `there is no snapshot of it yet, so it has begun again as it was first started, ` +
      `at tick ${back.tick}`
  const ticks = Math.max(0, lostAtTick - back.tick)
  const lostTicks =
    ticks === 0 ? 'no tick is lost' : `about ${ticks} ${ticks === 1 ? 'tick is' : 'ticks are'} lost`
  return `${lost}${from}; ${lostTicks}`
}

const tooOften =
  `it was started again ${lossLimits.restartsMax} times ` +
  `within ${lossLimits.withinMs / 60_000} minutes, and is not once more`

function ended(last: WorkerStatus, status: 'STOPPED' | 'FAILED', { tick }: Loss): WorkerStatus {
  const { snapshot: _unfinished, ...kept } = last
  return {
    ...kept,
    revision: kept.revision + 1,
    status,
    tick: Math.max(kept.tick, tick),
    clock: { status: 'STOPPED', targetStatus: 'STOPPED' },
    apps: kept.apps.map(endApp),
  }
}

/** Custom apps that ran, and all apps that clients may be connected to: these keep their ports. */
function isWanted({ lifecycle, status, targetStatus, endpoint }: AppState): boolean {
  if (targetStatus !== 'STARTED') return false
  return lifecycle === 'ByRequest' ? status !== 'ERROR' : endpoint !== undefined
}

/** Begins anew, and asks the next worker for the clock and the custom apps that ran. */
function startingAgain(last: WorkerStatus, { reason, atMs, tick }: Loss): WorkerStatus {
  const { snapshot: _unfinished, restarts = [], ...kept } = last
  const previous = restarts.at(-1)
  // If it is lost again before it is back, the first loss counts.
  const lostAtTick =
    previous !== undefined && previous.back === undefined ? previous.lostAtTick : tick
  return {
    ...kept,
    revision: kept.revision + 1,
    workerPid: 0,
    status: 'STARTING',
    startErrors: [],
    clock: {
      ...kept.clock,
      status: kept.clock.targetStatus === 'STARTED' ? 'STARTING' : 'STOPPED',
    },
    tick: lostAtTick,
    apps: kept.apps
      .filter(isWanted)
      .map(({ failure: _past, ...app }) => ({ ...app, status: 'STARTING' })),
    restarts: [...restarts, { atMs, reason, lostAtTick }].slice(-lossLimits.restartsMax),
  }
}
