// The reference of `barrier`: processes that go in lock step by futexes in shared memory, and do nothing else.
// `bare-barrier.ts FOLDER lead 4` is told for how many milliseconds to run, and answers how long a round took; four `bare-barrier.ts FOLDER follow` take part.

import { futexAt } from '../../src/io/shm/futex.ts'
import { SharedSegments } from '../../src/io/shm/shared-segments.ts'

/** A word in each line of the processor's memory. */
const at = { round: 0, pending: 16, done: 32 }
const waitMs = 1000

const [folder, role, followers] = process.argv.slice(2)
const segment = new SharedSegments(folder).open('barrier', 4096, true)
const words = new Int32Array(segment.buffer, segment.startBytes, 48)
const round = futexAt(segment, at.round * 4)
const done = futexAt(segment, at.done * 4)

if (role === 'follow') follow()
else process.on('message', (durationMs: number) => process.send!(lead(Number(followers), durationMs)))

function lead(followers: number, durationMs: number): { roundMs: number } {
  const startedAtMs = performance.now()
  let passedMs = 0
  let rounds = 0
  for (; passedMs < durationMs; passedMs = performance.now() - startedAtMs) {
    Atomics.store(words, at.pending, followers)
    Atomics.add(words, at.round, 1)
    round.wake()
    for (;;) {
      const word = Atomics.load(words, at.done)
      if (Atomics.load(words, at.pending) === 0) break
      done.wait(word, waitMs)
    }
    rounds++
  }
  return { roundMs: passedMs / rounds }
}

function follow(): void {
  const parent = process.ppid
  let seen = 0
  while (process.ppid === parent) {
    round.wait(seen, waitMs)
    const word = Atomics.load(words, at.round)
    if (word === seen) continue
    seen = word
    if (Atomics.sub(words, at.pending, 1) > 1) continue
    Atomics.add(words, at.done, 1)
    done.wake()
  }
}
