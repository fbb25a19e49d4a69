// The page that Prometheus reads: control's own counts, and what the workers of all running
// simulations report. Owns the gathering; metrics-endpoint.ts decides who may read it.

import { type Metric, Registry } from '@prometheus-io/client'
import { shownStatus } from '../../core/lifecycle/simulation.ts'
import type { WorkerMetrics } from '../../core/wire/worker-protocol.ts'
import type { SimulationRecord, Store } from '../../io/store/store.ts'
import type { TlsIdentity } from '../certificate.ts'
import type { Supervisor } from '../supervision/supervisor.ts'
import type { RequestMetrics } from './request-metrics.ts'
import { type Family, simulationFamilies } from './simulation-families.ts'

export const PAGE_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE

interface MetricsSources {
  readonly store: Store
  readonly supervisor: Supervisor
  readonly requests: RequestMetrics
  /** The certificate if the port speaks HTTPS. */
  identity(): Pick<TlsIdentity, 'endsAtMs'> | undefined
}

export class MetricsPage {
  readonly #sources: MetricsSources
  #underWay: Promise<string> | undefined

  constructor(sources: MetricsSources) {
    this.#sources = sources
  }

  /** The current page. Concurrent callers share one. */
  text(): Promise<string> {
    this.#underWay ??= this.#make().finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  async #make(): Promise<string> {
    const { store, supervisor, requests, identity } = this.#sources
    const [records, metrics] = await Promise.all([store.listSimulations(), supervisor.metrics()])
    const byExecution = new Map(metrics.map((each) => [each.executionId, each]))
    const known = records.map((record) => ({
      record,
      status: shownStatus(supervisor.known(record)),
      metrics: byExecution.get(record.executionId),
    }))
    const told = known.flatMap((each) => each.metrics ?? [])
    const families = [
      simulationsFamily(known),
      upFamily(known),
      certificateFamily(identity()),
      ...simulationFamilies(told),
    ]
    const registry = new Registry()
    for (const family of families) registry.registerMetric(asMetric(family))
    return (await Promise.all([requests.registry.metrics(), registry.metrics()])).join('\n')
  }
}

interface Known {
  record: SimulationRecord
  status: string
  metrics?: WorkerMetrics
}

function simulationsFamily(known: readonly Known[]): Family {
  const counts = Map.groupBy(known, ({ status }) => status)
  return {
    name: 'heddle_simulations',
    help: 'Simulations by status, ended ones included until they are deleted.',
    type: 'gauge',
    values: [...counts].map(([status, those]) => ({ labels: { status }, value: those.length })),
  }
}

function upFamily(known: readonly Known[]): Family {
  const running = known.filter(
    ({ status }) => status === 'STARTED' || status === 'SNAPSHOT_IN_PROGRESS',
  )
  return {
    name: 'heddle_simulation_up',
    help:
      '1 for each STARTED simulation whose worker reported its metrics in time, 0 for ' +
      'the others.',
    type: 'gauge',
    values: running.map(({ record, metrics }) => ({
      labels: { simulation: record.name },
      value: metrics === undefined ? 0 : 1,
    })),
  }
}

function certificateFamily(identity: Pick<TlsIdentity, 'endsAtMs'> | undefined): Family {
  return {
    name: 'heddle_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the port expires, in seconds since 1970; none without TLS.',
    type: 'gauge',
    values: identity === undefined ? [] : [{ labels: {}, value: identity.endsAtMs / 1000 }],
  }
}

/**
 * The library's own histograms cannot be set to counts. Its registry uses only these members of a
 * metric.
 */
function asMetric(family: Family): Metric {
  return { name: family.name, get: async () => family } as unknown as Metric
}
