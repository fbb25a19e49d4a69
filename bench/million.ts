// A million moving, bouncing entities in 16 partitions, beside the bare steps.

import { benchmark } from './support/benchmark.ts'
import { bouncing } from './support/bouncing.ts'

await benchmark((bench) =>
  bouncing(bench, { entities: 1_000_000, half: 2000, roundMs: 2000, rounds: 5 }),
)
