// The workers' reports on their simulations as Prometheus metric families. Owns names, labels and
// the limit of series; never asks a worker.

import { appPhases, clockPhases } from '../../core/fabric/memory/meters.ts'
import { bucketBoundsMs, countOf, type Durations } from '../../core/tick/durations.ts'
import type { PartitionMetrics, WorkerMetrics } from '../../core/wire/worker-protocol.ts'

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly values: readonly Sample[]
}

type Labels = Readonly<Record<string, string>>

interface Sample {
  readonly labels: Labels
  /** More labels; samples that share this object are written faster. */
  readonly sharedLabels?: Labels
  readonly value: number
  /** The metric's name, if it differs from the family's: for parts of a histogram. */
  readonly metricName?: string
}

/**
 * How many apps have durations in buckets, counted by simulation and then by partition. Other apps
 * have only counts and sums.
 */
const BUCKETED_APPS_MAX = 256
const noLabels: Labels = {}
const boundLabels: readonly Labels[] = [
  ...bucketBoundsMs.map((boundMs) => ({ le: String(boundMs / 1000) })),
  { le: '+Inf' },
]

export function simulationFamilies(simulations: readonly WorkerMetrics[]): Family[] {
  return [
    ...FAMILIES.map(({ value, ...family }) => ({
      ...family,
      values: simulations.map((metrics) => ({
        labels: { simulation: metrics.simulation },
        value: value(metrics),
      })),
    })),
    {
      name: 'heddle_clock_phase_seconds',
      help:
        'Ticks by how long they spent in a phase of the clock: barrier, from the ' +
        'release of a tick until all apps have committed it; handoff, granting handoffs.',
      type: 'histogram',
      values: simulations.flatMap(({ simulation, clockPhases: phases }) =>
        clockPhases.flatMap((phase) =>
          histogramOf('heddle_clock_phase_seconds', { simulation, phase }, phases[phase], true),
        ),
      ),
    },
    ...appFamilies(simulations),
  ]
}

function appFamilies(simulations: readonly WorkerMetrics[]): Family[] {
  const all = simulations.flatMap(({ simulation, partitions }) =>
    partitions.map((partition) => ({
      labels: { simulation, domain: partition.domain, app: partition.app },
      partition,
    })),
  )
  return [
    ...PARTITION_FAMILIES.map(({ value, ...family }) => ({
      ...family,
      values: all.map(({ labels, partition }) => ({
        labels: noLabels,
        sharedLabels: labels,
        value: value(partition),
      })),
    })),
    {
      name: 'heddle_app_phase_seconds',
      help:
        'Ticks by how long an app spent in a phase: wait, for the next tick; read, ' +
        'taking over the committed one; simulate; commit.',
      type: 'histogram',
      values: all.flatMap(({ labels, partition }, place) =>
        appPhases.flatMap((phase) =>
          histogramOf(
            'heddle_app_phase_seconds',
            { ...labels, phase },
            partition.phases[phase],
            place < BUCKETED_APPS_MAX,
          ),
        ),
      ),
    },
  ]
}

type Described<Source> = Omit<Family, 'values'> & { value(source: Source): number }

const FAMILIES: readonly Described<WorkerMetrics>[] = [
  {
    name: 'heddle_simulation_tick',
    help:
      'The newest committed tick; a simulation that was started from a snapshot goes on ' +
      'with its ticks.',
    type: 'gauge',
    value: ({ tick }) => tick,
  },
  {
    name: 'heddle_simulation_ticks_total',
    help: 'Ticks that were committed since the simulation was started.',
    type: 'counter',
    value: ({ clockPhases: { barrier } }) => countOf(barrier),
  },
  {
    name: 'heddle_simulation_missed_ticks_total',
    help:
      'Ticks that were due by the tick rate and never released, because the one before ' +
      'took too long.',
    type: 'counter',
    value: ({ missedTicks }) => missedTicks,
  },
  {
    name: 'heddle_simulation_tick_rate',
    help: 'Ticks a second that the clock aims at; 0 is unlimited.',
    type: 'gauge',
    value: ({ tickRate }) => tickRate,
  },
  {
    name: 'heddle_simulation_clock_started',
    help: '1 while the clock is STARTED, 0 otherwise.',
    type: 'gauge',
    value: ({ clockStatus }) => (clockStatus === 'STARTED' ? 1 : 0),
  },
  {
    name: 'heddle_simulation_fabric_bytes',
    help: 'Shared memory that the simulation has claimed.',
    type: 'gauge',
    value: ({ fabricBytes }) => fabricBytes,
  },
  {
    name: 'heddle_simulation_fabric_limit_bytes',
    help: 'Shared memory that the simulation may claim.',
    type: 'gauge',
    value: ({ fabricBytesMax }) => fabricBytesMax,
  },
  {
    name: 'heddle_worker_memory_bytes',
    help: "Resident memory of the simulation's worker, the shared memory excepted.",
    type: 'gauge',
    value: ({ workerMemoryBytes }) => workerMemoryBytes,
  },
]

const PARTITION_FAMILIES: readonly Described<PartitionMetrics>[] = [
  {
    name: 'heddle_app_started',
    help: '1 while the app is STARTED, 0 otherwise.',
    type: 'gauge',
    value: ({ status }) => (status === 'STARTED' ? 1 : 0),
  },
  {
    name: 'heddle_app_restarts_total',
    help: 'Times that the app failed and was started again.',
    type: 'counter',
    value: ({ restarts }) => restarts,
  },
  {
    name: 'heddle_app_memory_bytes',
    help: "Resident memory of the app's process, the shared memory excepted.",
    type: 'gauge',
    value: ({ memoryBytes }) => memoryBytes,
  },
  {
    name: 'heddle_partition_entities',
    help: "Entities in the app's partition, as of the newest committed tick.",
    type: 'gauge',
    value: ({ entities }) => entities,
  },
  {
    name: 'heddle_partition_handed_out_total',
    help: 'Entities that the partition handed to others.',
    type: 'counter',
    value: ({ handedOut }) => handedOut,
  },
  {
    name: 'heddle_partition_taken_in_total',
    help: 'Entities that others handed to the partition.',
    type: 'counter',
    value: ({ takenIn }) => takenIn,
  },
  {
    name: 'heddle_partition_rejected_total',
    help:
      'Handoffs out of the partition that were not granted; an entity that asks again in ' +
      'each tick counts in each.',
    type: 'counter',
    value: ({ rejected }) => rejected,
  },
]

function histogramOf(
  name: string,
  sharedLabels: Labels,
  durations: Durations,
  hasBuckets: boolean,
): Sample[] {
  const samples: Sample[] = []
  let count = 0
  for (const [bucket, inBucket] of durations.counts.entries()) {
    count += inBucket
    if (hasBuckets || bucket === durations.counts.length - 1)
      samples.push({
        labels: boundLabels[bucket],
        sharedLabels,
        value: count,
        metricName: `${name}_bucket`,
      })
  }
  samples.push({
    labels: noLabels,
    sharedLabels,
    value: durations.sumMs / 1000,
    metricName: `${name}_sum`,
  })
  samples.push({ labels: noLabels, sharedLabels, value: count, metricName: `${name}_count` })
  return samples
}
