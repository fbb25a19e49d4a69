// The life of one benchmark: begin, measure, clean up, and print the result as the last line.
// Owns the result's form, the time limit and the cleanup; never knows what is measured.
//
//   await benchmark(async ({ say, defer }) => {
//     const heddle = await startHeddle()
//     defer(() => heddle.stop())
//     const rounds = await interleaved({ ours: measureOurs, plain: measurePlain }, { say })
//     return {
//       unit: 'updates/s', value: median(rounds.ours), reference: median(rounds.plain),
//       referenceName: 'plain typed arrays', goal: '>= 0.3',
//     }
//   })

import { basename } from 'node:path'

/** A bound on `value / reference`; `report` for none. */
type Goal = `>= ${number}` | `<= ${number}` | 'report'

/** What a benchmark returns. Other results go into `more`. */
export interface Outcome {
  readonly unit: string
  readonly value: number
  /** In the same unit, measured in the same run. */
  readonly reference: number
  readonly referenceName: string
  readonly goal: Goal
  /**
   * The best result that this machine allows, measured in the same run with only the unavoidable
   * work.
   */
  readonly limit?: { readonly value: number; readonly name: string }
  readonly more?: Readonly<Record<string, unknown>>
}

/** Returned if the machine lacks something that the benchmark needs. */
export interface Skipped {
  readonly skipped: string
}

/** The last line on standard output, as JSON; members of `more` stand beside the others. */
export interface Result extends Omit<Outcome, 'more' | 'limit'> {
  readonly bench: string
  readonly ratio: number
  /** With the ratio that this limit would give. */
  readonly limit?: { readonly value: number; readonly name: string; readonly ratio: number }
  readonly met: boolean
}

export interface Bench {
  /** Prints progress. */
  say(text: string): void
  /** Runs `takeDown` at the end in any case: last in, first out. */
  defer(takeDown: () => Promise<void> | void): void
  /** Aborted when the benchmark is interrupted, or takes too long. */
  readonly signal: AbortSignal
}

const LIMIT_MS = 120_000

/**
 * Call it once, in the file named after the benchmark. A benchmark that fails has exit code 1 and
 * no result.
 */
export async function benchmark(body: (bench: Bench) => Promise<Outcome | Skipped>): Promise<void> {
  const name = basename(process.argv[1] ?? '', '.ts')
  const startedAtMs = performance.now()
  const say = (text: string) => {
    console.log(`[${((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(5)} s] ${text}`)
  }
  const end = new AbortController()
  const interrupt = () => end.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const limit = setTimeout(
    () => end.abort(new Error(`not done after ${LIMIT_MS / 1000} s`)),
    LIMIT_MS,
  )
  const started = new AsyncDisposableStack()
  try {
    const bench = {
      say,
      defer: (takeDown: () => Promise<void> | void) => void started.defer(takeDown),
      signal: end.signal,
    }
    const outcome = await Promise.race([body(bench), aborted(end.signal)])
    await started.disposeAsync()
    console.log(
      JSON.stringify('skipped' in outcome ? { bench: name, ...outcome } : resultOf(name, outcome)),
    )
  } catch (error) {
    console.error(`bench ${name} failed:`, error)
    await started.disposeAsync()
    // The body may still be running.
    process.exit(1)
  } finally {
    clearTimeout(limit)
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

export function resultOf(bench: string, { more, limit, ...outcome }: Outcome): Result {
  const ratio = outcome.value / outcome.reference
  const numbers = {
    value: rounded(outcome.value),
    reference: rounded(outcome.reference),
    ratio: rounded(ratio),
  }
  const atBest = limit && {
    limit: {
      ...limit,
      value: rounded(limit.value),
      ratio: rounded(limit.value / outcome.reference),
    },
  }
  return { bench, ...outcome, ...numbers, met: meets(ratio, outcome.goal), ...atBest, ...more }
}

/** A value with the goal `report` always meets it. */
export function meets(ratio: number, goal: Goal): boolean {
  const [comparison, bound] = goal.split(' ')
  if (comparison === '>=') return ratio >= Number(bound)
  if (comparison === '<=') return ratio <= Number(bound)
  return Number.isFinite(ratio)
}

/** Rounds to four digits: more would exceed the measurement's precision. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}
