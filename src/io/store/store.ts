// The interface of what control remembers: simulations and the tokens of repeated requests.
// Owns the shapes and the promises of atomicity; never decides whether an operation is allowed.
//
// When a method's promise is fulfilled, its change survives the end of the process and of the machine.

import type { ObjectLocation } from '../../base/object-location.ts'

export interface SimulationRecord {
  /** Unique among all records. */
  name: string
  /** A UUID; unique for ever, where a name comes back after its simulation is deleted. */
  executionId: string
  arn: string
  createdAtMs: number
  roleArn: string
  description?: string
  /** As the caller wrote it, such as `14D`. */
  maximumDuration: string
  /** Exactly one of the two locations is there. */
  schemaLocation?: ObjectLocation
  snapshotLocation?: ObjectLocation
  tags: Record<string, string>
  targetStatus: 'STARTED' | 'STOPPED'
  /** True from just before a worker process is started: from then on one may exist, and no other is started before that one is known to be gone. */
  launched: boolean
  /** The newest status that is known of the worker, as it sent it. */
  workerStatus?: unknown
  /** Why the simulation failed, where its worker could not say so itself. */
  failure?: string
  /** What is damaged of it: the column, and where in it. That column is as if nothing were there. */
  faults?: readonly string[]
}

/** A caller's promise that requests with this token are one request. */
export interface IdempotencyToken {
  operation: string
  token: string
  /** Equal for equal input. */
  inputHash: string
  createdAtMs: number
}

export type TokenOutcome =
  /** Never seen: it is this request's now, and open until it is settled or released. */
  | { outcome: 'new' }
  /** Seen with the same input, and nobody settled it: the first request is under way, or its process ended. */
  | { outcome: 'open' }
  /** Seen with the same input: the first answer. */
  | { outcome: 'repeated'; answer: unknown }
  /** Seen with another input. */
  | { outcome: 'misused' }

export type CreateOutcome =
  | { outcome: 'created' }
  | { outcome: 'nameTaken' }
  /** As many simulations as there may be have the target status STARTED. */
  | { outcome: 'tooMany' }
  | { outcome: 'repeated'; answer: unknown }
  | { outcome: 'misused' }

export type StoreFault =
  /** The stored data are of a newer version than this program, or damaged. */
  | 'Unreadable'
  /** The disk, or the file, does not let us. */
  | 'Unavailable'

export class StoreError extends Error {
  readonly fault: StoreFault
  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.fault = fault
  }
}

/** Every method throws StoreError `Unavailable` where the data can't be reached; then nothing has changed. */
export interface Store {
  /**
   * Looks at the token, takes the name and settles the token with `answer`, in one step; not where `startedCountMax`
   * simulations, or more, have the target status STARTED already.
   */
  createSimulation(
    record: SimulationRecord,
    token?: IdempotencyToken,
    answer?: unknown,
    startedCountMax?: number,
  ): Promise<CreateOutcome>
  findSimulation(name: string): Promise<SimulationRecord | undefined>
  /** By name in byte order, those after `afterName`. */
  listSimulations(page?: { afterName?: string; countMax?: number }): Promise<SimulationRecord[]>
  /** The execution must exist, here and below; false says that it does not (any more). */
  setTargetStatus(executionId: string, targetStatus: 'STARTED' | 'STOPPED'): Promise<boolean>
  setLaunched(executionId: string): Promise<boolean>
  /** Its worker is gone and another one is to be started, with this status: both in one step. */
  setUnlaunched(executionId: string, workerStatus: unknown): Promise<boolean>
  setWorkerStatus(executionId: string, workerStatus: unknown, failure?: string): Promise<boolean>
  /** Sets and removes tags in one step, unless more than `countMax` would be there afterwards. */
  changeTags(
    executionId: string,
    change: { set?: Record<string, string>; remove?: readonly string[] },
    countMax: number,
  ): Promise<'changed' | 'tooMany' | 'missing'>
  deleteSimulation(executionId: string): Promise<boolean>

  /** Looks a token up, and takes it where it is new. */
  claimToken(token: IdempotencyToken): Promise<TokenOutcome>
  settleToken(operation: string, token: string, answer: unknown): Promise<void>
  /** Forgets a token whose request was refused. */
  releaseToken(operation: string, token: string): Promise<void>
  forgetTokensBefore(createdAtMs: number): Promise<void>

  /**
   * Another text after each change of anything stored here; after one by another process from the next turn of the event loop on. Costs little:
   * it is not worth remembering.
   */
  revision(): string

  close(): Promise<void>
}
