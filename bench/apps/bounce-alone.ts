// The reference of the bouncing worlds: the same steps over plain typed arrays, in a process of its
// own, without fabric, borders or barrier. Forked with its number of entities. A message says for
// how many milliseconds to run; the answer is the time of a step.

import { bounce, randomFrom } from './bounce.ts'

const count = Number(process.argv[2])
const half = Number(process.argv[3])
const speed = Number(process.argv[4])
const random = randomFrom(process.pid)
const positions = new Float32Array(count * 3).map(() => (random() * 2 - 1) * half)
const velocities = new Float32Array(count * 3).map(() => (random() * 2 - 1) * speed)
const turned = new Uint32Array(65_536)

process.on('message', (durationMs: number) => {
  const startedAtMs = performance.now()
  let steps = 0
  let turns = 0
  let passedMs = 0
  for (; passedMs < durationMs; passedMs = performance.now() - startedAtMs) {
    turns += bounce(positions, velocities, { min: -half, max: half }, 0, count, turned, 0)
    steps++
  }
  process.send!({ stepMs: passedMs / steps, turns })
})
