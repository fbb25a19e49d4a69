// Measures calls for single entities: loads and stores a second of positions and 12 bytes of a
// field, by an app in a running simulation. The reference does the same through functions over
// plain typed arrays.

import { benchmark } from './support/benchmark.ts'
import { CALLING_ENTITIES, compareCalls, startCaller } from './support/calls.ts'
import { OtherProcess } from './support/other-process.ts'

await benchmark(async (bench) => {
  const world = await startCaller(bench, `calls.ts --entities ${CALLING_ENTITIES}`)
  const alone = new OtherProcess(bench, 'calls-alone.ts', [CALLING_ENTITIES])
  return {
    ...(await compareCalls(bench, world, alone)),
    referenceName: 'the same through functions over plain typed arrays',
    goal: '>= 0.3',
  }
})
