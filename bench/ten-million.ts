// Ten million moving, bouncing entities in 16 partitions, beside the bare steps.

import { benchmark } from './support/benchmark.ts'
import { bouncing } from './support/bouncing.ts'

await benchmark((bench) =>
  bouncing(bench, { entities: 10_000_000, half: 6400, roundMs: 4000, rounds: 3 }),
)
