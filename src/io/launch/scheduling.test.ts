import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

const USUAL_POLICY = 0
const IDLE_POLICY = 5

/** What `/proc` tells of the thread that reads it. */
interface Scheduling {
  policy: number
  nice: number
  /** In nanoseconds; absent if the system has no slices that can be set. */
  slice?: number
}

const READING = `(() => {
  const { readFileSync } = require('node:fs')
  const fields = readFileSync('/proc/thread-self/stat', 'utf8').split(') ')[1].split(' ')
  const slice = /^se\\.slice *: *(\\d+)/m.exec(readFileSync('/proc/thread-self/sched', 'utf8'))
  const found = { policy: Number(fields[38]), nice: Number(fields[16]) }
  return { ...found, ...(slice && { slice: Number(slice[1]) }) }
})()`

const TELLING = `require('node:worker_threads').parentPort.postMessage(${READING})`

/** Runs one of the functions in a thread. Reads that thread's state, and that of one it starts. */
async function schedulingAfter(name: string): Promise<{ own: Scheduling; started: Scheduling }> {
  const program = `
const { parentPort, Worker } = require('node:worker_threads')
import(process.env.SCHEDULING).then((functions) => {
  functions.${name}?.()
  const own = ${READING}
  new Worker(${JSON.stringify(TELLING)}, { eval: true })
    .once('message', (started) => parentPort.postMessage({ own, started }))
})`
  const env = { ...process.env, SCHEDULING: new URL('./scheduling.ts', import.meta.url).href }
  const thread = new Worker(program, { eval: true, env })
  const [found] = await once(thread, 'message')
  await thread.terminate()
  return found
}

function ownPolicy(): number {
  return Number(readFileSync('/proc/thread-self/stat', 'utf8').split(') ')[1].split(' ')[38])
}

test('a thread that runs when idle, and those that it starts, have the idle policy', async () => {
  const { own, started } = await schedulingAfter('runWhenIdle')
  assert.deepEqual([own.policy, started.policy], [IDLE_POLICY, IDLE_POLICY])
  assert.equal(ownPolicy(), USUAL_POLICY)
})

test('a thread that runs promptly has a short slice if the system has slices', async () => {
  const before = (await schedulingAfter('nothing')).own
  const { own } = await schedulingAfter('runPromptly')
  assert.deepEqual(own, { ...before, ...(before.slice !== undefined && { slice: 100_000 }) })
})
