import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { smallSizes, testFabric } from '../testing/test-fabric.ts'
import { readMessages } from './messages.ts'

const COLUMNS = 4
const outbox = fc.array(
  fc.record({
    target: fc.nat(COLUMNS - 1),
    payload: fc.uint8Array({ maxLength: smallSizes.messageBytesMax }),
  }),
  { maxLength: 12 },
)

test('messages within the limits arrive once, in the next tick, by source and in order', () => {
  fc.assert(
    fc.property(fc.array(outbox, { minLength: COLUMNS, maxLength: COLUMNS }), (outboxes) => {
      const { fabric, tick } = testFabric({ columns: COLUMNS })
      const sent: { source: number; target: number; payload: number[] }[] = []
      tick((owner) => {
        let bytes = 0
        let count = 0
        for (const { target, payload } of outboxes[owner.index]) {
          if (target === owner.index) continue
          const fits =
            count < smallSizes.messageLimit && bytes + payload.length <= smallSizes.messageHeapBytes
          assert.equal(owner.send({ target, payload }), fits)
          if (!fits) continue
          count++
          bytes += payload.length
          sent.push({ source: owner.index, target, payload: [...payload] })
        }
      })
      for (let target = 0; target < COLUMNS; target++) {
        const got = readMessages(fabric, target, 1).map(({ source, payload }) => ({
          source,
          target,
          payload: [...payload],
        }))
        assert.deepEqual(
          got,
          sent.filter((message) => message.target === target),
        )
      }
      tick()
      for (let target = 0; target < COLUMNS; target++)
        assert.deepEqual(readMessages(fabric, target, 2), [])
    }),
  )
})

test('a partition gets no messages that were for the one that had its index before', () => {
  const { fabric, tick } = testFabric({ columns: 1, makers: 1 })
  tick((owner) => {
    if (owner.index === 0) owner.send({ target: 1, payload: new Uint8Array([1]) })
  })
  assert.equal(readMessages(fabric, 1, 1).length, 1)
  fabric.removePartition(1)
  assert.equal(fabric.addPartition({ domain: 1, cell: -1, name: 'another' }), 1)
  assert.deepEqual(readMessages(fabric, 1, 1), [])
})

test('a message without memory for it is refused', () => {
  const { segments, tick } = testFabric({ columns: 2 })
  tick((owner) => {
    segments.claimsLeft = 0
    assert.equal(owner.send({ target: 1 - owner.index, payload: new Uint8Array(1) }), false)
  })
})
