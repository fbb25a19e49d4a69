// The interface of what runs workers: this machine, or others that are reached through an agent.
// Owns the shapes and the promises. An execution's id is the only address: control knows no path,
// no process and no socket of a worker.

import type { SimulationPlan } from '../../core/wire/plan.ts'
import type { WorkerAnswer, WorkerCommand, WorkerEvent, WorkerStatus } from '../../core/wire/worker-protocol.ts'
import type { BusClient } from '../../io/bus/bus.ts'
import type { LogLine, ReadOptions } from '../../io/logs/logs.ts'

/** Commands, answers and statuses that have been looked over; a request throws BusError. */
export type WorkerConnection = BusClient<WorkerCommand, WorkerAnswer, WorkerEvent>

/** What a host knows of an execution without asking its worker. */
export interface Traces {
  /** Its worker, in words for people, such as `process 4711`; absent where none lives. */
  worker?: string
  /** How its worker ended, such as `with exit code 3`, where this host saw it end. */
  ending?: string
  /** What its newest worker was started with. */
  plan?: SimulationPlan
  /** The newest status that it left, or that `conclude` left in its place. */
  status?: WorkerStatus
  /** The newest committed tick that is known of it; 0 where nothing is. */
  tick: number
  /** Where the rest of it is, in words for people: its run folder. */
  place: string
  /** Where its worker's own output is, in words for people. */
  output: string
  /** What of the above is damaged, and where; that is as if it were not there. */
  faults: readonly string[]
}

export interface FoundExecution {
  executionId: string
  /** Whether more than its files is left: memory, or packages that were unpacked. */
  hasRemains: boolean
}

/**
 * How much is removed of an execution: its shared memory; what its worker unpacked as well; or all
 * but the logs of a simulation that has a log group.
 */
export type Extent = 'memory' | 'remains' | 'all'

export interface SimulationLogs {
  /** The names of the streams, sorted. */
  streams(): Promise<string[]>
  /** The lines of one stream or of all, oldest first. */
  read(options: ReadOptions): AsyncIterable<LogLine>
}

export interface WorkerHost {
  /**
   * Starts a worker for that plan, where none lives. Fulfilled once it has begun; whether it works
   * is told by `connect`. Throws an Error with words for people where it can't be started.
   */
  launch(plan: SimulationPlan): Promise<void>
  /** Throws BusError `Unreachable` where no worker serves that execution. */
  connect(executionId: string): Promise<WorkerConnection>
  /**
   * The worker is looked for before what it left is read: one that leaves its last word and ends in
   * between is not taken for lost.
   */
  look(executionId: string): Promise<Traces>
  /** Ends the worker and all apps of that execution, and waits until they are gone. */
  end(executionId: string): Promise<void>
  /** Ends them, and then removes what they left. What is not there is no error. */
  clear(executionId: string, extent: Extent): Promise<void>
  /**
   * Leaves the last word that control has found for a lost worker where that one would have left
   * it, and the failure, where there is one, in the simulation's own log.
   */
  conclude(name: string, status: WorkerStatus, failure?: string): Promise<void>
  /** All executions of which anything is there. */
  list(): Promise<FoundExecution[]>
  /**
   * The logs of a simulation's execution, or, without an id, of the newest one of that name.
   * Undefined where there are none.
   */
  logs(name: string, executionId?: string): Promise<SimulationLogs | undefined>
  /** Removes what all executions share, where none of them has anything in it any more. */
  tidy(): Promise<void>
}
