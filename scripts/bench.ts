// `npm run bench`: runs benchmarks, one after the other, and writes the table of what they found.
// Owns the order and the table; never measures anything: each bench/<name>.ts does.
//
//   npm run bench            all, and writes bench/results.md
//   npm run bench -- api     only those that are named; the table stays as it is

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Result, Skipped } from '../bench/support/benchmark.ts'

const folder = join(import.meta.dirname, '../bench')
const table = join(folder, 'results.md')

type Found = Result | (Skipped & Pick<Result, 'bench'>)

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))

async function main(wanted: string[]): Promise<number> {
  const all = globSync('*.ts', { cwd: folder, exclude: ['*.test.ts'] }).map((file) =>
    basename(file, '.ts'),
  )
  const unknown = wanted.filter((name) => !all.includes(name))
  if (unknown.length > 0) {
    console.error(
      `there is no benchmark ${unknown.join(', ')}; there are: ${all.sort().join(', ')}`,
    )
    return 2
  }
  // Ctrl-C reaches the benchmark as well, which takes down what it has started.
  let interrupted = false
  process.on('SIGINT', () => {
    interrupted = true
  })
  const results: (Found | string)[] = []
  for (const name of wanted.length > 0 ? wanted : all.sort()) {
    results.push((await run(name)) ?? name)
    if (interrupted) return 130
  }
  if (wanted.length === 0) {
    writeFileSync(table, resultsPage(results, machine(), new Date()))
    console.log(`written: ${table}`)
  }
  return results.some((result) => typeof result === 'string') ? 1 : 0
}

/** Shows what a benchmark says as it says it. Undefined where it fails. */
async function run(name: string): Promise<Found | undefined> {
  const child = spawn(process.execPath, [join(folder, `${name}.ts`)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  let lastLine = ''
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line)
    lastLine = line
  }
  const [code] = await ended
  return code === 0 ? (JSON.parse(lastLine) as Found) : undefined
}

function machine(): string {
  return `${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Node ${process.version}`
}

/** A name stands for a benchmark that failed. */
export function resultsPage(
  results: readonly (Found | string)[],
  machine: string,
  now: Date,
): string {
  return [
    '# Results',
    '',
    `Written by \`npm run bench\` on ${now.toISOString().slice(0, 10)}. Machine: ${machine}.`,
    'The [README](README.md) says what is measured.',
    '',
    '| benchmark | value | unit | reference | | ratio | goal | met |',
    '|---|---|---|---|---|---|---|---|',
    ...results.map(resultRow),
    '',
    ...limits(results),
  ].join('\n')
}

function resultRow(result: Found | string): string {
  if (typeof result === 'string') return `| \`${result}\` | failed | | | | | | no |`
  if ('skipped' in result) return `| \`${result.bench}\` | skipped | | | ${result.skipped} | | | |`
  const { bench, value, unit, reference, referenceName, ratio, goal, met } = result
  const verdict = goal === 'report' ? '' : met ? 'yes' : 'no'
  const cells = [
    `\`${bench}\``,
    figure(value),
    unit,
    figure(reference),
    referenceName,
    ratio,
    shownGoal(goal),
    verdict,
  ]
  return `| ${cells.join(' | ')} |`
}

/** The best that the machine allows, for each benchmark that measures it. */
function limits(results: readonly (Found | string)[]): string[] {
  const rows = results.flatMap((result) => {
    if (typeof result === 'string' || 'skipped' in result || !result.limit) return []
    const { value, name, ratio } = result.limit
    return [`| \`${result.bench}\` | ${figure(value)} | ${result.unit} | ${name} | ${ratio} |`]
  })
  const head = [
    'The best that this machine allows, for benchmarks that need processes in lock step:',
    '',
    '| benchmark | at best | unit | measured with | ratio |',
    '|---|---|---|---|---|',
  ]
  return rows.length > 0 ? [...head, ...rows, ''] : []
}

function figure(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 })
}

function shownGoal(goal: Result['goal']): string {
  return goal.replace('>=', '≥').replace('<=', '≤')
}
