// The life of a simulation as its worker leads it: what it is in, what happens to it, what is then
// to be done. Owns the shapes of state, events and effects; what follows what is life-machine.ts.

import type { ObjectLocation } from '../../base/object-location.ts'
import type { StartError } from '../schema/start-error.ts'
import type { AppState, Refusal, WorkerCommand, WorkerStatus } from '../wire/worker-protocol.ts'

export interface LifeOptions {
  readonly simulationName: string
  /** Takes the place of a worker that was lost. */
  readonly isComingBack: boolean
  /** Where an app that it needs has failed for good, it waits until that is started again. */
  readonly holdsOnAppFailure: boolean
}

export interface Life {
  readonly options: LifeOptions
  /** What is shown of it; but for the tick, which is read where it is asked for. */
  readonly status: WorkerStatus
  /** The start has done all that it will do: apps are launched, or it has failed. */
  readonly isStartSettled: boolean
  /** Fabric, clock and apps are there. */
  readonly hasWorld: boolean
  /** Its own snapshot that it goes on from, after a loss. */
  readonly from?: ObjectLocation
  /** An app that it needs has failed for good: it waits until there is none any more. */
  readonly isHeld: boolean
  readonly ending?: Ending
}

export interface Ending {
  readonly outcome: 'STOPPED' | 'FAILED'
  /** Why it is FAILED. */
  readonly errors: readonly StartError[]
  /** The world is to be saved first. */
  readonly saves: boolean
  /** What is being waited for; absent once it is over. */
  readonly step?: EndingStep
  readonly left: readonly EndingStep[]
}

/** Taken one after another, each when the one before has been done. */
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

/** Steps that are asked of whoever performs, and answered with `done` or `stepFailed`. */
export type AnsweredStep = 'saveWorld' | 'finishClock' | 'shutDownApps' | 'abandonApps' | 'clear' | 'closeLog'

export type SnapshotOutcome = { bytes: number; entities: number; stateHash: string } | { error: string }

/** What asks for a change; the other commands only look. */
export type ChangingCommand = Exclude<WorkerCommand, { command: 'status' | 'metrics' }>

export type LifeEvent =
  /** The schema is read. */
  | { kind: 'described'; domains: WorkerStatus['domains']; logGroup: string | undefined }
  /** Fabric, clock and apps are there; `from` is its own snapshot, after a loss. */
  | { kind: 'worldMade'; from?: ObjectLocation }
  /** All apps are launched. */
  | { kind: 'launched' }
  | { kind: 'startFailed'; errors: readonly StartError[] }
  /** `areReady`: all apps that it needs have attached. */
  | { kind: 'appsChanged'; apps: AppState[]; areReady: boolean }
  /** A spatial or service app failed for good. */
  | { kind: 'appFailed'; app: AppState; reason: string }
  | { kind: 'appRestarted'; domain: string; name: string; package: string | undefined }
  | { kind: 'clockIs'; status: 'STARTED' | 'STOPPED' }
  | { kind: 'clockFailed'; reason: string }
  | { kind: 'asked'; command: ChangingCommand }
  /** Its tags ask for a snapshot; of `tick` where it is copied already. */
  | { kind: 'snapshotDue'; location: ObjectLocation; tick: number | undefined }
  | { kind: 'snapshotCopied'; tick: number }
  | { kind: 'snapshotMade'; outcome: SnapshotOutcome }
  | { kind: 'durationOver' }
  /** `savedAs`: where the world is saved, if anything took it. */
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
  /** From now on snapshots are made as the tags ask. */
  | { kind: 'startRhythm' }
  /** Say `durationOver` when the maximum duration is over. */
  | { kind: 'watchDuration' }
  /** Answered with `snapshotCopied`, and `snapshotMade` in any case. */
  | { kind: 'makeSnapshot'; location: ObjectLocation; isAutomatic: boolean }
  /** Break off the start, the rhythm of snapshots and the watch. */
  | { kind: 'breakOff'; reason: string }
  /** Answered with `snapshotMade`. */
  | { kind: 'cancelSnapshot' }
  /** With `force` without waiting for the tick that is being computed. */
  | { kind: 'finishClock'; force: boolean }
  | { kind: Exclude<AnsweredStep, 'finishClock'> }
  /** The last: nothing follows. */
  | { kind: 'end' }

export interface Step {
  readonly life: Life
  /** To be performed in this order. */
  readonly effects: readonly LifeEffect[]
  /** Of what was asked for: then nothing has changed. */
  readonly refusal?: Refusal
}

/** The next status: whoever compares two takes the one with the higher revision. */
export function changed(life: Life, patch: Partial<WorkerStatus>): Life {
  return { ...life, status: { ...life.status, ...patch, revision: life.status.revision + 1 } }
}
