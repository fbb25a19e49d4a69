// Runs a world in constant change for any time: growth shows after an hour, not after a second.
// Owns the run, the samples, and what counts as growth. Beside the apps' own churn a custom app
// comes and goes, snapshots are made, and the API and the metrics are read.

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { ownMiB } from '../support/processes.ts'
import type { Simulation } from '../support/simulation.ts'

/** MiB at one moment: private memory of the processes; shared memory counts once, as its files. */
export interface Sample {
  minutes: number
  control: number
  worker: number
  /** Sum over all spatial apps. */
  apps: number
  shared: number
  /**
   * Control's files on disk, including objects and logs; without the audit, which stays as long as
   * the operator wants.
   */
  disk: number
}

type Part = Exclude<keyof Sample, 'minutes'>
export const parts = [
  'control',
  'worker',
  'apps',
  'shared',
  'disk',
] as const satisfies readonly Part[]

interface SoakReport {
  samples: readonly Sample[]
  ticks: number
  /** Custom apps that came and went. */
  visitors: number
}

/**
 * Runs for this long and samples at each interval. Throws if anything fails meanwhile, or is left
 * behind.
 */
export async function soak({
  minutes,
  intervalMs = 10_000,
  signal,
  onSample,
}: {
  minutes: number
  intervalMs?: number
  /** Ends the run early, in order. */
  signal?: AbortSignal
  onSample?: (sample: Sample) => void
}): Promise<SoakReport> {
  const heddle = await startHeddle({ appTimeoutSeconds: 60 })
  try {
    const simulation = await heddle.startSimulation('soak', text, {
      Tags: {
        'heddle:snapshot-every': '1M',
        'heddle:snapshot-to': `s3://${heddle.bucket}/soak`,
        'heddle:snapshot-keep': '3',
      },
    })
    await simulation.startClock()
    const samples: Sample[] = []
    const startedAtMs = performance.now()
    let visitors = 0
    for (let passed = 0; passed < minutes && !signal?.aborted; ) {
      await visit(heddle, simulation, `visitor-${visitors++ % 7}`)
      await sleep(intervalMs)
      passed = (performance.now() - startedAtMs) / 60_000
      const sample = { minutes: passed, ...measure(heddle, simulation) }
      samples.push(sample)
      onSample?.(sample)
    }
    const { Status, TargetStatus } = await simulation.describe()
    if (Status !== 'STARTED' || TargetStatus !== 'STARTED')
      throw new Error(`the simulation is ${Status}: ${simulation.errors()}`)
    await simulation.stopClock()
    return { samples, ticks: await tickOf(heddle), visitors }
  } finally {
    await heddle.stop()
  }
}

const text = schema({
  tickRate: '30',
  domains: {
    Cells: { kind: 'spatial', grid: [2, 2], command: 'churn.ts --entities 2000' },
    Visitors: { kind: 'custom', command: 'idle.ts' },
  },
})

/** Runs an app that comes and goes, and reads the API from outside. */
async function visit(heddle: Heddle, simulation: Simulation, name: string): Promise<void> {
  await simulation.startApp('Visitors', name)
  await simulation.appIs('Visitors', name, 'STARTED')
  for (let call = 0; call < 20; call++) await simulation.describe()
  await metrics(heddle)
  await simulation.stopApp('Visitors', name)
  await simulation.appIs('Visitors', name, 'STOPPED')
  await simulation.deleteApp('Visitors', name)
}

async function metrics(heddle: Heddle): Promise<string> {
  return (await fetch(new URL('/metrics', heddle.endpoint))).text()
}

/** Returns the ticks released by the clock, from the metrics. */
async function tickOf(heddle: Heddle): Promise<number> {
  const found = /^heddle_simulation_tick\{[^}]*\} (\d+)/m.exec(await metrics(heddle))
  return Number(found?.[1])
}

function measure(heddle: Heddle, simulation: Simulation): Omit<Sample, 'minutes'> {
  const processes = simulation.processes().filter(({ domain }) => domain !== 'Visitors')
  const worker = processes.filter(({ app }) => app === undefined)
  const apps = processes.filter(({ app }) => app !== undefined)
  return {
    control: ownMiB([heddle.controlPid]),
    worker: ownMiB(worker.map(({ pid }) => pid)),
    apps: ownMiB(apps.map(({ pid }) => pid)),
    shared: filesMiB(heddle.fabricFolder),
    disk: filesMiB(heddle.data) - filesMiB(join(heddle.data, 'audit')),
  }
}

/** Returns the size of the files in a folder, without holes. */
function filesMiB(folder: string): number {
  const blocks = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(
      (entry) =>
        statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.blocks ?? 0,
    )
  return (blocks.reduce((sum, count) => sum + count, 0) * 512) / 1024 ** 2
}

/**
 * Returns the growth by part, in MiB: the median of the last fifth beside that of the second.
 * Everything still warms up in the first fifth.
 */
export function growth(
  samples: readonly Sample[],
): Record<Part, { before: number; after: number; grew: boolean }> {
  const fifth = Math.floor(samples.length / 5)
  return Object.fromEntries(
    parts.map((part) => {
      const before = median(samples.slice(fifth, 2 * fifth).map((sample) => sample[part]))
      const after = median(samples.slice(-fifth).map((sample) => sample[part]))
      return [part, { before, after, grew: after > before * 1.1 + 8 }]
    }),
  ) as Record<Part, { before: number; after: number; grew: boolean }>
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}
