// The leader of processes in lock step: `lock-step-leader.ts FOLDER 4`. A message says for how many
// milliseconds to run; the answer is the time of a round.

import { lead } from '../support/lock-step.ts'

const [folder, followers] = process.argv.slice(2)
process.on('message', (durationMs: number) =>
  process.send!(lead(folder, Number(followers), durationMs)),
)
