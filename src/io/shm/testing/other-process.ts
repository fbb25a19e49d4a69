// Another process with the same memory: `node other-process.ts <folder> <what to do>`. It prints
// `ready` when the segment is open.
// Owns three actions that tests need of a second process; only tests start it.

import { futexAt } from '../futex.ts'
import { SharedSegments } from '../shared-segments.ts'

const [folder, deed] = process.argv.slice(2)
const segment = new SharedSegments(folder).open(
  'shared',
  { offsetBytes: 0, bytes: 4096 },
  deed !== 'writeWhereReadOnly' && deed !== 'waitWhereReadOnly',
)
const words = new Int32Array(segment.buffer, segment.startBytes, 4)
process.stdout.write('ready\n')

if (deed === 'answer') {
  // Word 0 is the futex: 1 says that word 1 holds a question, 2 that word 2 holds its answer.
  const futex = futexAt(segment, 0)
  while (Atomics.load(words, 0) !== 1) futex.wait(Atomics.load(words, 0), 60_000)
  words[2] = words[1] + 1
  Atomics.store(words, 0, 2)
  futex.wake()
} else if (deed === 'count') {
  for (let count = 0; count < 100_000; count++) Atomics.add(words, 3, 1)
} else if (deed === 'writeWhereReadOnly') {
  words[0] = 1
}
