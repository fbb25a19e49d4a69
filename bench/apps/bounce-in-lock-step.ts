// The upper limit of a fabric in the bouncing worlds: processes in lock step, each of which copies
// its positions from one column in shared memory to another, so that others may read the last tick,
// and moves them there. No borders, no handoff, no queries, no counts.
// `bounce-in-lock-step.ts FOLDER NUMBER 62500 2000 0.5`

import { SharedSegments } from '../../src/io/shm/shared-segments.ts'
import { follow } from '../support/lock-step.ts'
import { bounce, randomFrom } from './bounce.ts'

const [folder, number] = process.argv.slice(2)
const [count, half, speed] = process.argv.slice(4).map(Number)
/** Works in pieces that fit the processor's L1 cache, as an app of the fabric does. */
const PIECE_ROWS = 4096
const PAGE_BYTES = 4096
const columnBytes = Math.ceil((count * 12) / PAGE_BYTES) * PAGE_BYTES
const segments = new SharedSegments(folder)
const name = `positions-${number}`
const range = { offsetBytes: 0, bytes: 3 * columnBytes }
segments.create(name, range.bytes)
const segment = segments.open(name, range, true)
if (!segment.claim(0, 3 * columnBytes)) throw new Error('/dev/shm is full')
const [one, other, velocities] = [0, 1, 2].map(
  (place) => new Float32Array(segment.buffer, segment.startBytes + place * columnBytes, count * 3),
)
const turned = new Uint32Array(65_536)
const random = randomFrom(Number(number))
for (let place = 0; place < count * 3; place++) {
  one[place] = (random() * 2 - 1) * half
  velocities[place] = (random() * 2 - 1) * speed
}
let [front, back] = [one, other]

follow(folder, () => {
  for (let from = 0; from < count; from += PIECE_ROWS) {
    const to = Math.min(count, from + PIECE_ROWS)
    back.set(front.subarray(from * 3, to * 3), from * 3)
    bounce(back, velocities, { min: -half, max: half }, from, to, turned, 0)
  }
  ;[front, back] = [back, front]
})
