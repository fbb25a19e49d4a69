// The reference of `replicate`: one of two processes that move all of their points in each tick,
// and send each other all ids and positions as bytes: `replicate-by-socket.ts 4000 OWN OTHER lead`.
// A message says for how many milliseconds to run; the answer is the time of a tick. The process
// with `follow` goes along. OWN and OTHER are the paths of unix sockets, one for each way. A tick
// begins when the other's last one has arrived whole, so both compute and send at the same time.

import { existsSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const [entities, ownPath, otherPath, role] = process.argv.slice(2)
const count = Number(entities)
/** An id of 8 bytes, and three numbers of 4 each. */
const tickBytes = count * 20
/**
 * Alternates between two buffers for writing and reading: the socket may still use the other one.
 */
const outbox = twoTicks()
const inbox = twoTicks()
let out: Socket | undefined
let ticksSent = 0
let ticksRead = 0
let arrivedBytes = 0
let isRunning = role === 'follow'
/** Uses what was read, so that the compiler cannot drop the read. */
let sum = 0

for (const { ids } of outbox) for (let row = 0; row < count; row++) ids[row] = row
createServer((socket) => {
  out = socket
  send()
  goOn()
}).listen(ownPath)
while (!existsSync(otherPath)) await sleep(20)
// The socket reads straight into the buffer that is used: nothing is copied twice.
connect({ path: otherPath, onread: { buffer: nextRoom, callback: arrived } })

process.on('message', (durationMs: number) => {
  const startedAtMs = performance.now()
  const firstTick = ticksRead
  isRunning = true
  goOn()
  setTimeout(() => {
    isRunning = false
    process.send!({ tickMs: (performance.now() - startedAtMs) / (ticksRead - firstTick), sum })
  }, durationMs)
})

function nextRoom(): Uint8Array {
  const { bytes } = inbox[Math.floor(arrivedBytes / tickBytes) % 2]
  return bytes.subarray(arrivedBytes % tickBytes)
}

function arrived(moreBytes: number): boolean {
  arrivedBytes += moreBytes
  goOn()
  return true
}

function goOn(): void {
  while (out && isRunning && arrivedBytes >= (ticksRead + 1) * tickBytes) {
    read()
    send()
  }
}

function read(): void {
  const { ids, positions } = inbox[ticksRead++ % 2]
  let [idSum, xSum, ySum, zSum] = [0, 0, 0, 0]
  for (let row = 0; row < count; row++) {
    idSum += ids[row]
    xSum += positions[row * 3]
    ySum += positions[row * 3 + 1]
    zSum += positions[row * 3 + 2]
  }
  sum += idSum + xSum + ySum + zSum
}

function send(): void {
  const before = outbox[ticksSent++ % 2].positions
  const { bytes, positions } = outbox[ticksSent % 2]
  const step = ticksSent % 2 === 0 ? 1 : -1
  for (let row = 0; row < count; row++) {
    positions[row * 3] = before[row * 3]
    positions[row * 3 + 1] = before[row * 3 + 1] + step
    positions[row * 3 + 2] = before[row * 3 + 2]
  }
  out!.write(bytes)
}

function twoTicks() {
  return [0, 1].map(() => {
    const buffer = new ArrayBuffer(tickBytes)
    return {
      bytes: new Uint8Array(buffer),
      ids: new Float64Array(buffer, 0, count),
      positions: new Float32Array(buffer, count * 8),
    }
  })
}
