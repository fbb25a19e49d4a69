// The interface of a host that runs workers: this machine, or others that an agent serves.
// Owns the shapes and the contract. An execution's id is its only address: control knows no path,
// process or socket of a worker.

import type { SimulationPlan } from '../../core/wire/plan.ts'
import type {
  WorkerAnswer,
  WorkerCommand,
  WorkerEvent,
  WorkerStatus,
} from '../../core/wire/worker-protocol.ts'
import type { BusClient } from '../../io/bus/bus.ts'
import type { LogLine, ReadOptions } from '../../io/logs/logs.ts'

/** Validated commands, answers and statuses; a request throws BusError. */
export type WorkerConnection = BusClient<WorkerCommand, WorkerAnswer, WorkerEvent>

/** What a host knows of an execution without asking its worker. */
export interface Traces {
  /** Describes the worker to users, such as `process 4711`; absent if none lives. */
  worker?: string
  /** How the worker ended, such as `with exit code 3`, if this host saw it end. */
  ending?: string
  /** What its newest worker was started with. */
  plan?: SimulationPlan
  /** The newest status that the worker, or `conclude` in its place, left. */
  status?: WorkerStatus
  /** The newest committed tick that is known; 0 if none is. */
  tick: number
  /** Tells users where the rest of it is: its run folder. */
  place: string
  /** Tells users where the worker's own output is. */
  output: string
  /** Which of the above is damaged, and how. Damaged members are absent. */
  faults: readonly string[]
}

export interface FoundExecution {
  executionId: string
  /** Whether more than its files is left: memory or unpacked packages. */
  hasRemains: boolean
}

/**
 * How much of an execution to remove: its shared memory; unpacked packages too; or everything
 * except the logs of a simulation with a log group.
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
   * Starts a worker for that plan if none lives. Fulfilled once the worker has begun; `connect`
   * tells whether it works. Throws an Error with the reason if it cannot be started.
   */
  launch(plan: SimulationPlan): Promise<void>
  /** Throws BusError `Unreachable` if no worker serves that execution. */
  connect(executionId: string): Promise<WorkerConnection>
  /**
   * Looks for the worker before it reads what the worker left. So a worker that leaves its last
   * word and ends in between is not considered lost.
   */
  look(executionId: string): Promise<Traces>
  /** Ends the worker and all apps of that execution, and waits until they are gone. */
  end(executionId: string): Promise<void>
  /** Ends them, then removes what they left. Missing parts are no error. */
  clear(executionId: string, extent: Extent): Promise<void>
  /**
   * Stores the last word that control has concluded for a lost worker as if the worker had left it.
   * Writes the failure, if any, into the simulation's own log.
   */
  conclude(name: string, status: WorkerStatus, failure?: string): Promise<void>
  /** All executions of which anything exists. */
  list(): Promise<FoundExecution[]>
  /**
   * Returns the logs of an execution, or, without an id, of the newest one of that name. Returns
   * undefined if there are none.
   */
  logs(name: string, executionId?: string): Promise<SimulationLogs | undefined>
  /** Removes what all executions share, if none uses it any more. */
  tidy(): Promise<void>
}
