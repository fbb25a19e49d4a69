// Control's metrics about itself: requests by operation and status, their durations, and its
// process. Owns the counters; never knows more of a request than its operation.

import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'

/** A request whose answer is over. */
export interface Answered {
  readonly service: 'simspaceweaver' | 's3' | 'sts'
  /** `unknown` if the request was refused before the operation was known. */
  readonly operation: string
  /** The HTTP status; 0 if the caller disconnected before there was one. */
  readonly status: number
  readonly durationMs: number
}

const DURATION_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60,
]

export class RequestMetrics {
  readonly registry = new Registry()
  readonly #requests: Counter<'service' | 'operation' | 'status'>
  readonly #durations: Histogram<'service' | 'operation'>

  constructor() {
    const registers = [this.registry]
    this.#requests = new Counter({
      name: 'heddle_requests_total',
      help: 'Requests that were answered, by HTTP status; status 0: the caller went away before.',
      labelNames: ['service', 'operation', 'status'],
      registers,
    })
    this.#durations = new Histogram({
      name: 'heddle_request_duration_seconds',
      help: 'From the first byte of a request to the last one of its answer.',
      labelNames: ['service', 'operation'],
      buckets: DURATION_BOUNDS_SECONDS,
      registers,
    })
    addProcessGauges(registers)
  }

  /** Call this once for each request. */
  count({ service, operation, status, durationMs }: Answered): void {
    this.#requests.inc({ service, operation, status: String(status) })
    this.#durations.observe({ service, operation }, durationMs / 1000)
  }
}

/**
 * Uses the names of every Prometheus client. The library's own collection would measure the event
 * loop continuously.
 */
function addProcessGauges(registers: Registry[]): void {
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of control.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  new Gauge({
    name: 'nodejs_heap_size_used_bytes',
    help: "What JavaScript holds of control's memory.",
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed)
    },
  })
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of control, in user and in system mode.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When control was started, in seconds since 1970.',
    registers,
  }).set(performance.timeOrigin / 1000)
}
