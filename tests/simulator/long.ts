// `npm run test:long -- [--seed S] [--histories N] [--ticks T]`: runs histories S, S+1, … with
// faults.
// Owns the command line. Prints how much was tried, and the command that repeats a failed history.

import { parseArgs } from 'node:util'
import { HistoryFailure, nothingHappened, runHistory } from './history.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    histories: { type: 'string', default: '100000' },
    ticks: { type: 'string' },
    native: { type: 'boolean', default: false },
  },
})
const firstSeed = Number(values.seed)
const histories = Number(values.histories)
const ticks = values.ticks === undefined ? undefined : Number(values.ticks)
// The library is there only where it was built.
const run = values.native ? (await import('../native/same-bytes.ts')).compareHistory : runHistory
const total = { ...nothingHappened }
const startedAtMs = Date.now()

try {
  for (let done = 0; done < histories; done++) {
    const { happened } = run(firstSeed + done, { ticks })
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += happened[name]
    if ((done + 1) % 10_000 === 0) console.log(`${done + 1} histories, ${seconds()} s`)
  }
  console.log(`${histories} histories from seed ${firstSeed} in ${seconds()} s, no fault found`)
  console.log(
    Object.entries(total)
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
  )
} catch (failure) {
  if (!(failure instanceof HistoryFailure)) throw failure
  console.error(failure.message)
  console.error(failure.cause)
  process.exitCode = 1
}

function seconds(): string {
  return ((Date.now() - startedAtMs) / 1000).toFixed(1)
}
