// Workers inside this process: the twin of a machine that leaves no files, for tests of control.
// Owns what a run folder and a tmpfs hold elsewhere; the program decides what a worker does.

import type { SimulationPlan } from '../../core/wire/plan.ts'
import type { WorkerAnswer, WorkerEvent, WorkerStatus } from '../../core/wire/worker-protocol.ts'
import type { BusServer } from '../../io/bus/bus.ts'
import { memoryBus } from '../../io/bus/memory-bus.ts'
import { openMemoryLogStreams } from '../../io/logs/memory-log-streams.ts'
import { connectWorker } from './connection.ts'
import type {
  Extent,
  FoundExecution,
  SimulationLogs,
  Traces,
  WorkerConnection,
  WorkerHost,
} from './worker-host.ts'

/** What a worker gets from its host. */
interface WorkerDesk {
  plan: SimulationPlan
  serve(onRequest: (command: unknown) => Promise<WorkerAnswer>): Promise<BusServer<WorkerEvent>>
  /** Stores its newest status for others. */
  leave(status: WorkerStatus): void
  /** The committed tick in its memory; undefined if the memory is gone. */
  commit(tick: number | undefined): void
  /** Aborted when the worker is killed. */
  ended: AbortSignal
}

/** Runs until the worker ends; an error is an end without a last word. */
type WorkerProgram = (desk: WorkerDesk) => Promise<void>

interface Execution {
  plan?: SimulationPlan
  status?: WorkerStatus
  tick?: number | undefined
  worker?: { number: number; abort: AbortController; gone: Promise<void> } | undefined
  ending?: string | undefined
  server?: BusServer<WorkerEvent> | undefined
}

export class MemoryHost implements WorkerHost {
  readonly #program: WorkerProgram
  readonly #bus = memoryBus()
  readonly #executions = new Map<string, Execution>()
  /** By `<name>-<executionId>`, the newest last. */
  readonly #logs = new Map<string, ReturnType<typeof openMemoryLogStreams>>()
  #workerCount = 0

  constructor(program: WorkerProgram) {
    this.#program = program
  }

  async launch(plan: SimulationPlan): Promise<void> {
    const { executionId } = plan
    const execution = this.#executions.get(executionId) ?? {}
    this.#executions.set(executionId, execution)
    const abort = new AbortController()
    this.#workerCount += 1
    execution.plan = structuredClone(plan)
    execution.ending = undefined
    const gone = this.#run(execution, abort).finally(() => {
      execution.worker = undefined
    })
    execution.worker = { number: this.#workerCount, abort, gone }
  }

  async #run(execution: Execution, abort: AbortController): Promise<void> {
    const { plan } = execution
    const desk: WorkerDesk = {
      plan: structuredClone(plan!),
      ended: abort.signal,
      serve: async (onRequest) => {
        execution.server = await this.#bus.serve(plan!.executionId, { onRequest })
        return execution.server as BusServer<WorkerEvent>
      },
      leave: (status) => {
        execution.status = structuredClone(status)
      },
      commit: (tick) => {
        execution.tick = tick
      },
    }
    const killed = new Promise<string>((resolve) => {
      abort.signal.addEventListener('abort', () => resolve('by SIGKILL'))
    })
    const ended = Promise.resolve()
      .then(() => this.#program(desk))
      .then(
        () => 'with exit code 0',
        (error: Error) => error.message,
      )
    execution.ending = await Promise.race([ended, killed])
    await execution.server?.close()
    execution.server = undefined
  }

  connect(executionId: string): Promise<WorkerConnection> {
    return connectWorker(this.#bus, executionId)
  }

  async look(executionId: string): Promise<Traces> {
    const { plan, status, tick, worker, ending } = this.#executions.get(executionId) ?? {}
    return structuredClone({
      ...(worker !== undefined && { worker: `worker ${worker.number}` }),
      ...(ending !== undefined && { ending }),
      ...(plan !== undefined && { plan }),
      ...(status !== undefined && { status }),
      tick: tick ?? status?.tick ?? 0,
      place: `memory of execution ${executionId}`,
      output: 'nowhere',
      faults: [],
    })
  }

  async end(executionId: string): Promise<void> {
    const worker = this.#executions.get(executionId)?.worker
    worker?.abort.abort()
    await worker?.gone
  }

  async clear(executionId: string, extent: Extent): Promise<void> {
    await this.end(executionId)
    const execution = this.#executions.get(executionId)
    if (execution !== undefined) execution.tick = undefined
    if (extent === 'all') this.#executions.delete(executionId)
  }

  async conclude(name: string, status: WorkerStatus, failure?: string): Promise<void> {
    const { executionId, tick } = status
    const execution = this.#executions.get(executionId) ?? {}
    this.#executions.set(executionId, execution)
    execution.status = structuredClone(status)
    if (failure === undefined) return
    const key = `${name}-${executionId}`
    const streams = this.#logs.get(key) ?? openMemoryLogStreams()
    this.#logs.set(key, streams)
    streams.writer('/sim/errors').write(`tick=${tick} simulation=FAILED ${failure}\n`)
    await streams.flush()
  }

  async list(): Promise<FoundExecution[]> {
    return [...this.#executions].map(([executionId, { tick }]) => ({
      executionId,
      hasRemains: tick !== undefined,
    }))
  }

  async logs(name: string, executionId?: string): Promise<SimulationLogs | undefined> {
    const isMeant = (key: string) =>
      executionId === undefined
        ? key.startsWith(`${name}-`) && key.length === name.length + 37
        : key === `${name}-${executionId}`
    const streams = this.#logs.get([...this.#logs.keys()].findLast(isMeant) ?? '')
    if (streams === undefined) return undefined
    return {
      async streams() {
        const names = new Set<string>()
        for await (const { stream } of streams.read()) names.add(stream)
        return [...names].sort()
      },
      read: (options) => streams.read(options),
    }
  }

  async tidy(): Promise<void> {
    // Executions share nothing here.
  }
}
