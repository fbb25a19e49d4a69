import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Futex, futexAt } from './futex.ts'
import { SharedSegments } from './shared-segments.ts'

const LONG_MS = 60_000
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function sharedWords(): { folder: string; words: Int32Array; futex: Futex } {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'heddle-futex-'))
  folders.push(folder)
  const segments = new SharedSegments(folder)
  segments.create('shared', 4096)
  const segment = segments.open('shared', { offsetBytes: 0, bytes: 4096 }, true)
  assert.ok(segment.claim(0, 4096))
  return {
    folder,
    words: new Int32Array(segment.buffer, segment.startBytes, 4),
    futex: futexAt(segment, 0),
  }
}

async function otherProcess(folder: string, deed: string): Promise<ChildProcess> {
  const program = join(import.meta.dirname, 'testing', 'other-process.ts')
  const child = spawn(process.execPath, [program, folder, deed], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout!, 'data')
  return child
}

test('a process that waits on a word is woken by another one, and both see the same memory', {
  timeout: 30_000,
}, async () => {
  const { folder, words, futex } = sharedWords()
  const child = await otherProcess(folder, 'answer')
  const exited = once(child, 'exit')
  words[1] = 41
  Atomics.store(words, 0, 1)
  futex.wake()
  while (Atomics.load(words, 0) !== 2) await futex.waitAsync(1, LONG_MS)
  assert.equal(words[2], 42)
  assert.deepEqual(await exited, [0, null])
})

test('a blocking wait is woken by another process', { timeout: 30_000 }, async () => {
  const { folder, words, futex } = sharedWords()
  const child = await otherProcess(folder, 'answer')
  const exited = once(child, 'exit')
  words[1] = 1
  Atomics.store(words, 0, 1)
  futex.wake()
  while (Atomics.load(words, 0) !== 2) futex.wait(1, LONG_MS)
  assert.equal(words[2], 2)
  await exited
})

test('processes that add to the same word atomically lose nothing', {
  timeout: 30_000,
}, async () => {
  const { folder, words } = sharedWords()
  const children = await Promise.all([otherProcess(folder, 'count'), otherProcess(folder, 'count')])
  for (let count = 0; count < 100_000; count++) Atomics.add(words, 3, 1)
  await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')))
  assert.equal(words[3], 300_000)
})

test('a process that may only read a segment cannot write it', { timeout: 30_000 }, async () => {
  const { folder, words } = sharedWords()
  const child = await otherProcess(folder, 'writeWhereReadOnly')
  const [, signal] = child.signalCode ? [null, child.signalCode] : await once(child, 'exit')
  assert.equal(signal, 'SIGSEGV')
  assert.equal(words[0], 0)
})

test('a wait for a word that has changed already returns at once', {
  timeout: 30_000,
}, async () => {
  const { words, futex } = sharedWords()
  words[0] = -1
  futex.wait(7, LONG_MS)
  await futex.waitAsync(7, LONG_MS)
})

test('a wait ends after its time where nobody wakes it', { timeout: 30_000 }, async () => {
  const { words, futex } = sharedWords()
  words[0] = -1
  futex.wait(-1, 5)
  await futex.waitAsync(-1, 5)
})

test('an asynchronous wait leaves the event loop free', { timeout: 30_000 }, async () => {
  const { words, futex } = sharedWords()
  setTimeout(() => {
    Atomics.store(words, 0, 1)
    futex.wake()
  }, 10)
  while (Atomics.load(words, 0) === 0) await futex.waitAsync(0, LONG_MS)
})
