// Measures calls for single entities in Python: loads and stores a second of positions and 12 bytes
// of a field, by an app in a running simulation. The reference does the same through methods that
// read and write an `array`.

import { benchmark } from './support/benchmark.ts'
import { CALLING_ENTITIES, compareCalls, startCaller } from './support/calls.ts'
import { missingForPython, pythonCommand, startPython } from './support/python-program.ts'

await benchmark(async (bench) => {
  const skipped = missingForPython()
  if (skipped) return { skipped }
  const command = pythonCommand('calls.py', [CALLING_ENTITIES])
  const world = await startCaller(bench, command, { compileMs: 1000 })
  const alone = startPython(bench, 'calls_alone.py', [CALLING_ENTITIES])
  const { more, ...outcome } = await compareCalls(bench, world, alone)
  return {
    ...outcome,
    referenceName: 'the same through methods in Python that read and write an `array`',
    goal: 'report',
    more: { ...more, binding: 'an extension module in C, in the limited API' },
  }
})
