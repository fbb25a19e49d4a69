// Measures calls for single entities in C++: loads and stores a second of positions and 12 bytes of
// a field, by an app in a running simulation. The reference does the same through functions over
// plain arrays.

import { join } from 'node:path'
import { benchmark } from './support/benchmark.ts'
import { CALLING_ENTITIES, compareCalls, startCaller } from './support/calls.ts'
import { compileAll, LineProgram, missingFor } from './support/native-program.ts'

await benchmark(async (bench) => {
  const skipped = missingFor('g++')
  if (skipped) return { skipped }
  const folder = compileAll(bench, { calls: 'g++', 'calls-alone': 'g++' })
  const command = [join(folder, 'calls'), String(CALLING_ENTITIES)]
  const world = await startCaller(bench, command, { compileMs: 1000 })
  const alone = new LineProgram(bench, join(folder, 'calls-alone'), [CALLING_ENTITIES])
  return {
    ...(await compareCalls(bench, world, alone)),
    referenceName: 'the same through functions over plain arrays that are not inlined',
    goal: '>= 0.5',
  }
})
