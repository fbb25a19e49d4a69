// The process that leads others in lock step: `lock-step-leader.ts FOLDER 4` is told for how many
// milliseconds to run, and answers how long a round took.

import { lead } from '../support/lock-step.ts'

const [folder, followers] = process.argv.slice(2)
process.on('message', (durationMs: number) =>
  process.send!(lead(folder, Number(followers), durationMs)),
)
