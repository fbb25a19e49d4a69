// A world in which everything happens all the time, for as long as somebody wants: whether anything grows shows after an hour, not after a second.
// Owns the run, the samples, and what counts as growth. Beside the apps' own churn a custom app comes and goes, snapshots are made, and the API and the metrics are read.

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { ownMiB } from '../support/processes.ts'
import type { Simulation } from '../support/simulation.ts'

/** MiB at one moment. Of processes, what is theirs alone; shared memory is counted once, as the files that it is. */
export interface Sample {
  minutes: number
  control: number
  worker: number
  /** Of all spatial apps together. */
  apps: number
  shared: number
  /** What control keeps on the disk, objects and logs included; without the records of calls, which stay for as long as the operator wants. */
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

/** Runs for so long and samples at each interval. Throws where anything fails meanwhile, or is left behind. */
export async function soak({
  minutes,
  intervalMs = 10_000,
  signal,
  onSample,
}: {
  minutes: number
  intervalMs?: number
  /** Ends it early, in order. */
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

/** An app that comes and goes, and whoever looks at the simulation from outside. */
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

/** Ticks that the clock has released, by the metrics. */
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

/** What the files in a folder take, holes left out. */
function filesMiB(folder: string): number {
  const blocks = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(
      (entry) =>
        statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.blocks ?? 0,
    )
  return (blocks.reduce((sum, count) => sum + count, 0) * 512) / 1024 ** 2
}

/** What grew, by part: the median of the last fifth beside that of the second, in MiB. Before that, everything still warms up. */
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
