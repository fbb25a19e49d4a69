// `npm run test:fuzz -- [--seed S] [--requests N] [--from F] [--connections C]`: sends requests F,
// F+1, … of a seed to a Heddle of its own.
// Owns the command line. Prints the counts of answers, the rate and the server's memory; or the
// request that failed.

import { parseArgs } from 'node:util'
import { FuzzFailure, type FuzzReport, fuzz, memoryGrowthMiB } from './fuzz.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    requests: { type: 'string', default: '1000000' },
    from: { type: 'string', default: '0' },
    connections: { type: 'string', default: '32' },
  },
})

try {
  const report = await fuzz({
    seed: Number(values.seed),
    requests: Number(values.requests),
    from: Number(values.from),
    connections: Number(values.connections),
    onProgress: (report) => console.log(progress(report)),
  })
  for (const [what, count] of [...report.answers].sort(([, one], [, other]) => other - one))
    console.log(`${count}\t${what}`)
  const grown = memoryGrowthMiB(report)
  console.log(
    `${progress(report)}, ${grown.toFixed(0)} more than after a quarter of them; no fault found`,
  )
} catch (failure) {
  if (!(failure instanceof FuzzFailure)) throw failure
  console.error(failure.message)
  process.exitCode = 1
}

function progress({ sent, seconds, residentMiB }: FuzzReport): string {
  const rate = Math.round(sent / seconds)
  const memory = `control has ${residentMiB.at(-1)?.toFixed(0)} MiB`
  return `${sent} requests, ${seconds.toFixed(0)} s, ${rate} a second, ${memory}`
}
