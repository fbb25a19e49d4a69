// Messages between partitions: written at the end of a tick grouped by target, and read by the
// target in the next one.
// Owns their place in memory and their order. A committed message is delivered exactly once, if its
// target exists.

import { assert } from '../../../base/assert.ts'
import type { Fabric } from './fabric.ts'
import type { PartitionMemory } from './partition-memory.ts'
import type { Side } from './side.ts'

export interface OutgoingMessage {
  target: number
  payload: Uint8Array
}

interface IncomingMessage {
  /** The partition that sent it. */
  source: number
  payload: Uint8Array
}

/**
 * Writes a tick's messages by target, in the order in which they were sent. Their memory must be
 * claimed already.
 */
export function writeMessages(
  memory: PartitionMemory,
  sideIndex: number,
  side: Side,
  outgoing: readonly OutgoingMessage[],
): void {
  side.set('messages', outgoing.length)
  side.set('messageGroups', 0)
  if (outgoing.length === 0) return
  const { start, bytes, heap } = memory.messages(sideIndex)
  // The sort is stable: a target's messages keep the order of sending.
  const sorted = [...outgoing].sort((a, b) => a.target - b.target)
  let group = -1
  let heapEnd = 0
  sorted.forEach((message, place) => {
    if (place === 0 || message.target !== sorted[place - 1].target) {
      group++
      side.messageTarget[group] = message.target
      side.messageStart[group] = place
      side.messageCount[group] = 0
    }
    side.messageCount[group]++
    start[place] = heapEnd
    bytes[place] = message.payload.length
    heap.set(message.payload, heapEnd)
    heapEnd += message.payload.length
  })
  side.set('messageGroups', group + 1)
}

/**
 * All messages that were sent to a partition in `tick`, by source partition and then in the order
 * of sending. Payloads are copies. A partition that did not exist in `tick` has none: messages to
 * its index were for the previous partition there.
 */
export function readMessages(fabric: Fabric, target: number, tick: number): IncomingMessage[] {
  const incoming: IncomingMessage[] = []
  if (fabric.partition(target).side(tick).float('tick') !== tick) return incoming
  const { messageBytesMax, messageHeapBytes } = fabric.control.sizes
  for (const source of fabric.partitions()) {
    const memory = fabric.partition(source)
    const side = memory.side(tick)
    // Bounds numbers that an app may have overwritten: no partition sends more than the limits, or
    // more messages than it says.
    let bytesLeft = messageHeapBytes
    let messagesLeft = side.get('messages')
    for (let group = 0; group < side.get('messageGroups'); group++) {
      if (side.messageTarget[group] !== target) continue
      assert(source !== target, 'no partition sends to itself')
      const { start, bytes, heap } = memory.messages(tick % 2)
      const first = side.messageStart[group]
      const end = Math.min(first + Math.min(side.messageCount[group], messagesLeft), start.length)
      for (let place = first; place < end; place++) {
        const length = Math.min(bytes[place], messageBytesMax, bytesLeft)
        const from = start[place]
        incoming.push({ source, payload: heap.slice(from, from + length) })
        bytesLeft -= length
        messagesLeft--
      }
    }
  }
  return incoming
}
