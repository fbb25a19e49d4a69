// `npm run test:soak -- [--minutes 60]`: runs a world in constant change for this long.
// Owns the command line. Prints a sample a minute, and at the end each part's memory at the
// beginning and the end.

import { parseArgs } from 'node:util'
import { growth, parts, type Sample, soak } from './soak.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } })

let saidMinutes = -1
const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort()).once('SIGTERM', () => interrupted.abort())
const { samples, ticks, visitors } = await soak({
  minutes: Number(values.minutes),
  signal: interrupted.signal,
  onSample(sample) {
    if (Math.floor(sample.minutes) === saidMinutes) return
    saidMinutes = Math.floor(sample.minutes)
    console.log(`${String(saidMinutes).padStart(4)} min: ${partsOf(sample)}`)
  },
})
console.log(`${ticks} ticks, ${visitors} custom apps came and went`)
for (const [part, { before, after, grew }] of Object.entries(growth(samples))) {
  console.log(
    `${part}: ${before.toFixed(1)} MiB, then ${after.toFixed(1)} MiB${grew ? ': it grew' : ''}`,
  )
  if (grew) process.exitCode = 1
}

function partsOf(sample: Sample): string {
  return parts.map((part) => `${part} ${sample[part].toFixed(1)}`).join('  ')
}
