// `heddle snapshot diff`: what differs between two worlds. Owns the form; core decides what is a
// difference. Both snapshots are verified first.

import { Command } from 'commander'
import type { EntityDifference, WorldDifference } from '../core/snapshot/difference.ts'
import type { Snapshot } from '../joints/snapshot/snapshot-file.ts'
import type { ConnectionOptions } from './api/connection.ts'
import { withProgress } from './api/progress.ts'
import {
  addSourceOptions,
  percent,
  SNAPSHOT_ARGUMENT,
  SNAPSHOT_DESCRIPTION,
  withSnapshot,
} from './snapshot-source.ts'
import { tableText } from './table.ts'

interface DiffOptions extends ConnectionOptions {
  json?: boolean
  list?: boolean
}

export function diffCommand(): Command {
  const command = new Command('diff')
    .description('show what differs between two snapshots')
    .argument(`<${SNAPSHOT_ARGUMENT}>`, SNAPSHOT_DESCRIPTION)
    .argument('<another>', 'the snapshot to compare with')
    .option('--list', 'print a line for each entity that differs, before the counts')
    .option('--json', 'print the counts as JSON, and with --list a line of JSON for each entity')
  return addSourceOptions(command).action((first: string, second: string, options: DiffOptions) =>
    withSnapshot(first, options, (firstFile) =>
      withSnapshot(second, options, (secondFile) =>
        diff([first, firstFile], [second, secondFile], options),
      ),
    ),
  )
}

async function diff(
  first: [string, string],
  second: [string, string],
  options: DiffOptions,
): Promise<void> {
  const { compareWorlds } = await import('../core/snapshot/difference.ts')
  const one = await verified(...first)
  try {
    const other = await verified(...second)
    try {
      const entities = one.entities + other.entities
      const totals = await withProgress(
        'the worlds are being compared',
        undefined,
        async ({ onProgress }) => {
          const lines = new Lines()
          const comparison = compareWorlds(one.entities, (each) => {
            if (options.list === true)
              lines.add(options.json === true ? JSON.stringify(each) : lineOf(each))
          })
          let compared = 0
          for (const [snapshot, add] of [
            [one, comparison.addFirst],
            [other, comparison.addSecond],
          ] as const)
            for (const partition of snapshot.partitions) {
              add(await partition.load())
              await lines.write()
              compared += partition.rows
              onProgress?.({
                status: `${percent(compared, entities)} of ${entities} entities`,
                elapsedMs: 0,
              })
            }
          const found = comparison.finish()
          await lines.write()
          return found
        },
      )
      const outcome = {
        ticks: [one.header.tick, other.header.tick],
        entities: [one.entities, other.entities],
        sameState: one.header.stateHash === other.header.stateHash,
        ...totals,
      }
      process.stdout.write(
        options.json === true ? `${JSON.stringify(outcome)}\n` : totalsText(outcome),
      )
    } finally {
      await other.close()
    }
  } finally {
    await one.close()
  }
}

async function verified(name: string, file: string): Promise<Snapshot> {
  const { readSnapshot, refusalText, SnapshotError } = await import(
    '../joints/snapshot/snapshot-file.ts'
  )
  return withProgress(`${name} is being checked`, undefined, ({ onProgress }) =>
    readSnapshot(file, {
      onProgress: (checked, of) =>
        onProgress?.({ status: `${percent(checked, of)} of ${of} entities`, elapsedMs: 0 }),
    }).catch((cause: unknown) => {
      throw cause instanceof SnapshotError ? new Error(refusalText(name, cause), { cause }) : cause
    }),
  )
}

/**
 * Writes a partition's lines at a time and waits for a slow reader, so that lines do not pile up in
 * memory.
 */
class Lines {
  #lines: string[] = []

  add(line: string): void {
    this.#lines.push(line)
  }

  async write(): Promise<void> {
    if (this.#lines.length === 0) return
    const text = `${this.#lines.join('\n')}\n`
    this.#lines = []
    // Ends the process if there is no reader any more.
    await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()))
  }
}

function lineOf({ id, what, moved, retyped, fields }: EntityDifference): string {
  const how = [
    moved && 'position',
    retyped && 'type',
    ...fields.map((index) => `field ${index}`),
  ].filter(Boolean)
  return `${what} ${id}${how.length === 0 ? '' : `: ${how.join(', ')}`}`
}

function totalsText(
  outcome: WorldDifference & { ticks: number[]; entities: number[]; sameState: boolean },
): string {
  const {
    ticks,
    entities,
    sameState,
    added,
    removed,
    changed,
    moved,
    retyped,
    fields,
    owned,
    unchanged,
  } = outcome
  const rows: [string, number][] = [
    ['added', added],
    ['removed', removed],
    ['changed', changed],
    ['  position', moved],
    ['  type', retyped],
    ...Object.entries(fields).map(([index, count]): [string, number] => [
      `  field ${index}`,
      count,
    ]),
    ['unchanged', unchanged],
    ['with another owner', owned],
  ]
  return (
    `tick ${ticks[0]}, ${entities[0]} entities; tick ${ticks[1]}, ${entities[1]} entities; ` +
    `${sameState ? 'the same state' : 'states differ'}\n` +
    tableText(rows.map(([what, count]) => [what, String(count)]))
  )
}
