// A Heddle on which the scenarios are played: one world for each language, all with the same apps,
// limits and lines. Owns its folders and what the worlds look like; compares nothing.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'
import type { Language } from './languages.ts'
import { readScenarios, readTranscript, type Scenarios, type Transcript } from './scenario.ts'

const SCENARIOS = join(import.meta.dirname, 'scenarios')
export const SCENARIO_FILE = 'scenarios.txt'

/** Small, so that scenarios reach them in a few calls. */
const LIMITS = `
quotas:
  entities_per_partition: 20
  fields_per_entity: 3
  bytes_per_field: 64
  transfers_per_partition: 5
  messages_per_tick: 6
  bytes_per_message: 32
  message_bytes_per_tick: 100
`

/** What a language's apps answered. */
export interface Performance {
  transcriptOf(app: string): Transcript
  hashes: ReturnType<Simulation['hashes']>
  /** Reasons of apps that ended, also of those that scenarios kill. */
  errors: string
}

export class Stage {
  readonly scenarios: Scenarios
  readonly folder: string
  readonly #heddle: Heddle

  constructor(heddle: Heddle, folder: string, scenarios: Scenarios) {
    this.#heddle = heddle
    this.folder = folder
    this.scenarios = scenarios
  }

  async play({ name, command }: Language): Promise<Performance> {
    const launch = [...command, SCENARIO_FILE]
    const world = await this.#heddle.startSimulation(
      name.replaceAll('+', 'p').replace('#', '-sharp').replaceAll(' ', '-'),
      this.#schema(launch),
      hashEvery(1),
    )
    await world.startApp('Views', 'view')
    await world.appIs('Views', 'view', 'STARTED')
    await world.startClock()
    await waitFor(
      async () => {
        await world.is('STARTED')
        return world.newest().tick > this.scenarios.ticks
      },
      () => `${name} to come to tick ${this.scenarios.ticks}: ${world.errors()}`,
    )
    await world.stop()
    const transcriptOf = (app: string) => {
      const streams = world.streams().filter((stream) => stream.split('/').includes(app))
      return readTranscript(streams.flatMap((stream) => world.log(stream)))
    }
    return { transcriptOf, hashes: world.hashes(), errors: world.errors() }
  }

  #schema(command: readonly string[]): string {
    const app = { package: `file://${this.folder}`, command }
    return schema({
      tickRate: '100',
      half: 100,
      otherStrategies: { Small: 10 },
      domains: {
        Cells: { kind: 'spatial', grid: [2, 1], ...app },
        Ground: { kind: 'spatial', grid: [1, 1], strategy: 'Small', ...app },
        Guides: { kind: 'service', ...app },
        Views: { kind: 'custom', ports: [7000], ...app },
      },
    })
  }

  async close(): Promise<void> {
    try {
      await this.#heddle.stop()
    } finally {
      rmSync(this.folder, { recursive: true })
    }
  }
}

export async function openStage(languages: readonly Language[]): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-scenarios-'))
  try {
    const files = readdirSync(SCENARIOS).sort()
    const scenarios = readScenarios(
      files.map((name) => ({ name, text: readFileSync(join(SCENARIOS, name), 'utf8') })),
    )
    writeFileSync(join(folder, SCENARIO_FILE), scenarios.text)
    for (const { build } of languages) build(folder)
    const configuration = `package_folders: [${folder}]\n${LIMITS}`
    return new Stage(await startHeddle({ configuration }), folder, scenarios)
  } catch (error) {
    rmSync(folder, { recursive: true })
    throw error
  }
}
