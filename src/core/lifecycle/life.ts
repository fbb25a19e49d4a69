// The life of a simulation in its worker: its states, its events and its effects.
// Owns the shapes; life-machine.ts decides what follows what.

import type { ObjectLocation } from '../../base/object-location.ts'
import type { StartError } from '../schema/start-error.ts'
import type { AppState, Refusal, WorkerCommand, WorkerStatus } from '../wire/worker-protocol.ts'

export interface LifeOptions {
  readonly simulationName: string
  /** The worker replaces one that was lost. */
  readonly isComingBack: boolean
  /**
   * If an app that it needs fails for good, the simulation waits until the app is started again.
   */
  readonly holdsOnAppFailure: boolean
}

export interface Life {
  readonly options: LifeOptions
  /** The status to show, without the tick, which is read when it is needed. */
  readonly status: WorkerStatus
  /** The start is over: apps are launched, or it has failed. */
  readonly isStartSettled: boolean
  /** Fabric, clock and apps exist. */
  readonly hasWorld: boolean
  /** The simulation's own snapshot that it restarts from after a loss. */
  readonly from?: ObjectLocation
  /** An app that it needs has failed for good: the simulation waits until there is none such. */
  readonly isHeld: boolean
  readonly ending?: Ending
}

export interface Ending {
  readonly outcome: 'STOPPED' | 'FAILED'
  /** Why it is FAILED. */
  readonly errors: readonly StartError[]
  /** The world must be saved first. */
  readonly saves: boolean
  /** The step that is waited for; absent once the simulation is over. */
  readonly step?: EndingStep
  readonly left: readonly EndingStep[]
}

/** The steps of an end, one after another, each after the one before is done. */
export type EndingStep =
  | 'settleStart'
  | 'cancelSnapshot'
  | 'saveWorld'
  | 'sayWhy'
  | 'finishClock'
  | 'shutDownApps'
  | 'abandonApps'
  | 'clear'
  | 'closeLog'
  | 'end'

/** Steps that the driver performs, and answers with `done` or `stepFailed`. */
export type AnsweredStep =
  | 'saveWorld'
  | 'finishClock'
  | 'shutDownApps'
  | 'abandonApps'
  | 'clear'
  | 'closeLog'

export type SnapshotOutcome =
  | { bytes: number; entities: number; stateHash: string }
  | { error: string }

/** Commands that ask for a change; the others only read. */
export type ChangingCommand = Exclude<WorkerCommand, { command: 'status' | 'metrics' }>

export type LifeEvent =
  /** The schema is read. */
  | { kind: 'described'; domains: WorkerStatus['domains']; logGroup: string | undefined }
  /** Fabric, clock and apps exist; `from` is the simulation's own snapshot, after a loss. */
  | { kind: 'worldMade'; from?: ObjectLocation }
  /** All apps are launched. */
  | { kind: 'launched' }
  | { kind: 'startFailed'; errors: readonly StartError[] }
  /** `areReady`: all apps that the simulation needs have attached. */
  | { kind: 'appsChanged'; apps: AppState[]; areReady: boolean }
  /** A spatial or service app failed for good. */
  | { kind: 'appFailed'; app: AppState; reason: string }
  | { kind: 'appRestarted'; domain: string; name: string; package: string | undefined }
  | { kind: 'clockIs'; status: 'STARTED' | 'STOPPED' }
  | { kind: 'clockFailed'; reason: string }
  | { kind: 'asked'; command: ChangingCommand }
  /** The tags ask for a snapshot; of `tick` if it is copied already. */
  | { kind: 'snapshotDue'; location: ObjectLocation; tick: number | undefined }
  | { kind: 'snapshotCopied'; tick: number }
  | { kind: 'snapshotMade'; outcome: SnapshotOutcome }
  | { kind: 'durationOver' }
  /** `savedAs`: where the world is saved, if it could be. */
  | { kind: 'done'; step: AnsweredStep; savedAs?: string | undefined }
  | { kind: 'stepFailed'; step: AnsweredStep; reason: string }

export type LifeEffect =
  | { kind: 'note'; text: string }
  | { kind: 'error'; text: string }
  | { kind: 'startClock' }
  | { kind: 'stopClock' }
  | { kind: 'startApp'; app: Extract<WorkerCommand, { command: 'startApp' }> }
  | { kind: 'stopApp'; domain: string; name: string }
  | { kind: 'deleteApp'; domain: string; name: string }
  | { kind: 'restartApp'; domain: string; name: string; package: string | undefined }
  /** Begin the snapshots that the tags ask for. */
  | { kind: 'startRhythm' }
  /** Send `durationOver` when the maximum duration is over. */
  | { kind: 'watchDuration' }
  /** Answered with `snapshotCopied`, and in any case with `snapshotMade`. */
  | { kind: 'makeSnapshot'; location: ObjectLocation; isAutomatic: boolean }
  /** Cancel the start, automatic snapshots and the watch. */
  | { kind: 'breakOff'; reason: string }
  /** Answered with `snapshotMade`. */
  | { kind: 'cancelSnapshot' }
  /** With `force`, without waiting for the current tick. */
  | { kind: 'finishClock'; force: boolean }
  | { kind: Exclude<AnsweredStep, 'finishClock'> }
  /** The last effect: nothing follows. */
  | { kind: 'end' }

export interface Step {
  readonly life: Life
  /** Perform these in this order. */
  readonly effects: readonly LifeEffect[]
  /** Set if the request was refused: then nothing has changed. */
  readonly refusal?: Refusal
}

/** The next status. The status with the highest revision is the newest. */
export function changed(life: Life, patch: Partial<WorkerStatus>): Life {
  return { ...life, status: { ...life.status, ...patch, revision: life.status.revision + 1 } }
}
