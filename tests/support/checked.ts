// Worlds of tests/apps/checked.ts: their schema, and what their apps have said.
// Owns the form of both; never starts a world.

import assert from 'node:assert/strict'
import type { DomainSettings } from './packages.ts'
import type { Simulation } from './simulation.ts'

interface CheckedSettings {
  grid: readonly [columns: number, rows: number]
  /** Per cell. */
  entities: number
  /** More arguments for the app. */
  more?: string
  /** Population that overseers expect. Default: the sum of what the cells make. */
  population?: number
  /** More arguments for overseers. */
  overseers?: string
}

/** `Cells`, and `Overseers` for a custom app that sees all of them. */
export function checkedDomains(settings: CheckedSettings): Record<string, DomainSettings> {
  const {
    grid,
    entities,
    more = '',
    population = grid[0] * grid[1] * entities,
    overseers = '',
  } = settings
  return {
    Cells: { kind: 'spatial', grid, command: `checked.ts --entities ${entities} ${more}`.trim() },
    Overseers: {
      kind: 'custom',
      command: `overseer.ts --entities ${population} ${overseers}`.trim(),
    },
  }
}

/** Asserts that no app has reported a fault, or printed anything unusual for a sound world. */
export function noFaults(
  world: Simulation,
  domains: readonly string[] = ['Cells', 'Overseers'],
): void {
  const lines = domains.flatMap((domain) => world.output(domain))
  const faults = lines.filter((line) => !/^(looked |incarnation=\d|ends in tick \d)/.test(line))
  assert.deepEqual(faults.slice(0, 10), [])
}

/** Returns how much the apps of an ended world have checked, all together. */
export function looked(
  world: Simulation,
  domains: readonly string[] = ['Cells', 'Overseers'],
): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const domain of domains)
    for (const line of world.output(domain)) {
      if (!line.startsWith('looked ')) continue
      for (const [, what, count] of line.matchAll(/(\w+)=(\d+)/g))
        sums[what] = (sums[what] ?? 0) + Number(count)
    }
  return sums
}
