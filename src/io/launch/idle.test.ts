import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

/** Runs it in a thread, and gives what `/proc` says of that thread's scheduling policy, and of one that it started. */
const program = `
const { readFileSync } = require('node:fs')
const { parentPort, Worker } = require('node:worker_threads')
const policy = "Number(require('node:fs').readFileSync('/proc/thread-self/stat', 'utf8').split(') ')[1].split(' ')[38])"
import(process.env.IDLE).then(({ runWhenIdle }) => {
  runWhenIdle()
  new Worker('require("node:worker_threads").parentPort.postMessage(' + policy + ')', { eval: true })
    .once('message', (other) => parentPort.postMessage([eval(policy.replace("require('node:fs').", '')), other]))
})`

test('a thread that runs when idle, and those that it starts, have the idle policy; others have not', async () => {
  const env = { ...process.env, IDLE: new URL('./idle.ts', import.meta.url).href }
  const thread = new Worker(program, { eval: true, env })
  const [policies] = await once(thread, 'message')
  const idlePolicy = 5
  assert.deepEqual(policies, [idlePolicy, idlePolicy])
  const { readFileSync } = await import('node:fs')
  assert.equal(Number(readFileSync('/proc/thread-self/stat', 'utf8').split(') ')[1].split(' ')[38]), 0)
  await thread.terminate()
})
