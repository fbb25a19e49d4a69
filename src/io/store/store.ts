// The interface of what control remembers: simulations and the tokens of repeated requests.
// Owns the shapes and the promises of atomicity; never decides whether an operation is allowed.
//
// Once a method's promise is fulfilled, its change survives the end of the process and the machine.

import type { ObjectLocation } from '../../base/object-location.ts'

export interface SimulationRecord {
  /** Unique among all records. */
  name: string
  /** A UUID, unique for ever: a name may be used again after its simulation is deleted. */
  executionId: string
  arn: string
  createdAtMs: number
  roleArn: string
  description?: string
  /** In the caller's form, such as `14D`. */
  maximumDuration: string
  /** Exactly one of the two locations is set. */
  schemaLocation?: ObjectLocation
  snapshotLocation?: ObjectLocation
  tags: Record<string, string>
  targetStatus: 'STARTED' | 'STOPPED'
  /**
   * True from just before a worker process starts: one may exist from then on. No other is started
   * before that one is known to be gone.
   */
  launched: boolean
  /** The worker's newest known status, as it sent it. */
  workerStatus?: unknown
  /** Why the simulation failed, if its worker could not say so itself. */
  failure?: string
  /** Since when its worker, which lives, has answered nothing; absent while it answers. */
  unansweredSinceMs?: number
  /** The damaged columns, and where the damage is. A damaged column counts as empty. */
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
  /** First request with this token; the token is open until it is settled or released. */
  | { outcome: 'new' }
  /** Same input, not settled: the first request is under way, or its process ended. */
  | { outcome: 'open' }
  /** Same input as the first request; here is its answer. */
  | { outcome: 'repeated'; answer: unknown }
  /** Other input than the first request. */
  | { outcome: 'misused' }

export type CreateOutcome =
  | { outcome: 'created' }
  | { outcome: 'nameTaken' }
  /** The limit of simulations with the target status STARTED is reached. */
  | { outcome: 'tooMany' }
  | { outcome: 'repeated'; answer: unknown }
  | { outcome: 'misused' }

type StoreFault =
  /** The stored data is damaged, or of a newer version than this program. */
  | 'Unreadable'
  /** The disk or the file prevents access. */
  | 'Unavailable'

export class StoreError extends Error {
  readonly fault: StoreFault
  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.fault = fault
  }
}

/**
 * Every method throws StoreError `Unavailable` if the data can't be reached; then nothing has
 * changed.
 */
export interface Store {
  /**
   * Checks the token, takes the name and settles the token with `answer`, in one step. Changes
   * nothing if `startedCountMax` or more simulations have the target status STARTED already.
   */
  createSimulation(
    record: SimulationRecord,
    token?: IdempotencyToken,
    answer?: unknown,
    startedCountMax?: number,
  ): Promise<CreateOutcome>
  findSimulation(name: string): Promise<SimulationRecord | undefined>
  /** Sorted by name in byte order, starting after `afterName`. */
  listSimulations(page?: { afterName?: string; countMax?: number }): Promise<SimulationRecord[]>
  /** Here and below, the result is false if the execution does not exist (any more). */
  setTargetStatus(executionId: string, targetStatus: 'STARTED' | 'STOPPED'): Promise<boolean>
  setLaunched(executionId: string): Promise<boolean>
  /** Records in one step that the worker is gone and another is to be started, with this status. */
  setUnlaunched(executionId: string, workerStatus: unknown): Promise<boolean>
  /** Undefined: it answers again. */
  setUnansweredSince(executionId: string, sinceMs: number | undefined): Promise<boolean>
  setWorkerStatus(executionId: string, workerStatus: unknown, failure?: string): Promise<boolean>
  /** Sets and removes tags in one step, unless more than `countMax` tags would result. */
  changeTags(
    executionId: string,
    change: { set?: Record<string, string>; remove?: readonly string[] },
    countMax: number,
  ): Promise<'changed' | 'tooMany' | 'missing'>
  deleteSimulation(executionId: string): Promise<boolean>

  /** Looks a token up, and takes it if it is new. */
  claimToken(token: IdempotencyToken): Promise<TokenOutcome>
  settleToken(operation: string, token: string, answer: unknown): Promise<void>
  /** Forgets a token whose request was rejected. */
  releaseToken(operation: string, token: string): Promise<void>
  forgetTokensBefore(createdAtMs: number): Promise<void>

  /**
   * Returns a text that differs after every change of the stored data. A change by another process
   * shows from the next turn of the event loop on. Cheap enough to call each time.
   */
  revision(): string

  close(): Promise<void>
}
