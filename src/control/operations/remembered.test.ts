import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Remembered } from './remembered.ts'

function remembering(countMax = 10) {
  const state = { revision: 1, made: 0 }
  const remembered = new Remembered<string>(() => String(state.revision), countMax)
  const make = async () => `made ${++state.made}`
  return { state, ask: (question: string) => remembered.answer(question, make), remembered }
}

test('an answer is made once while nothing changes, and anew after a change', async () => {
  const { state, ask } = remembering()
  assert.deepEqual([await ask('a'), await ask('a'), await ask('b')], ['made 1', 'made 1', 'made 2'])
  state.revision = 2
  assert.deepEqual([await ask('a'), await ask('b'), await ask('a')], ['made 3', 'made 4', 'made 3'])
})

test('an answer that was begun before a change is not given after it', async () => {
  const { state, ask, remembered } = remembering()
  let goOn: () => void = () => undefined
  const slow = remembered.answer('a', async () => {
    await new Promise<void>((resolve) => {
      goOn = resolve
    })
    return 'old'
  })
  await ask('b')
  state.revision = 2
  await ask('b')
  goOn()
  assert.equal(await slow, 'old')
  assert.equal(await ask('a'), 'made 3')
})

test('a refusal is not remembered', async () => {
  const { remembered } = remembering()
  await assert.rejects(async () =>
    remembered.answer('a', () => Promise.reject(new Error('not there'))),
  )
  assert.equal(await remembered.answer('a', async () => 'there'), 'there')
})

test('only so many are kept', async () => {
  const { ask } = remembering(2)
  await ask('a')
  await ask('b')
  await ask('c')
  assert.deepEqual([await ask('c'), await ask('b'), await ask('a')], ['made 3', 'made 2', 'made 4'])
})
