// `npm run test:kills -- [--seed S] [--kills N] [--from F]`: runs kills F, F+1, … of a seed.
// Owns the command line. Prints each kill and its outcome, or the kill after which a check failed.

import { parseArgs } from 'node:util'
import { KillFailure, runKills } from './kills.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    kills: { type: 'string', default: '500' },
    from: { type: 'string', default: '0' },
  },
})

try {
  const { kills, whole, none, started } = await runKills({
    seed: Number(values.seed),
    kills: Number(values.kills),
    from: Number(values.from),
    onKill: (what) => console.log(what),
  })
  console.log(
    `${kills} kills: ${whole} snapshots whole, ${started} worlds restored, ` +
      `${none} times neither; no fault found`,
  )
} catch (failure) {
  if (!(failure instanceof KillFailure)) throw failure
  console.error(failure.message)
  console.error(failure.cause)
  process.exitCode = 1
}
