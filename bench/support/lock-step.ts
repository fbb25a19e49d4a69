// Processes in lock step by futexes in shared memory: the minimum of every fabric. One process
// leads and measures the time of a round; the others follow.
// Owns the barrier; the caller gives a follower its work.

import { mkdtempSync, rmSync } from 'node:fs'
import { futexAt } from '../../src/io/shm/futex.ts'
import { SharedSegments } from '../../src/io/shm/shared-segments.ts'
import type { Bench } from './benchmark.ts'
import { OtherProcess } from './other-process.ts'

/** Each word lies in its own cache line. */
const at = { round: 0, pending: 16, done: 32 }
const WAIT_MS = 1000
const BYTES = 4096
const ALL = { offsetBytes: 0, bytes: BYTES }

/**
 * Starts `count` followers of a program of bench/apps, with its folder and these settings, and
 * returns their leader.
 */
export function startLockStep(
  bench: Bench,
  count: number,
  file: string,
  settings: readonly (string | number)[] = [],
): OtherProcess {
  const folder = mkdtempSync('/dev/shm/heddle-bench-')
  bench.defer(() => rmSync(folder, { recursive: true }))
  const segments = new SharedSegments(folder)
  segments.create('barrier', BYTES)
  if (!segments.open('barrier', ALL, true).claim(0, BYTES)) throw new Error('/dev/shm is full')
  for (let follower = 0; follower < count; follower++)
    new OtherProcess(bench, file, [folder, follower, ...settings])
  return new OtherProcess(bench, 'lock-step-leader.ts', [folder, count])
}

/** Leads the followers for this long; returns the time of a round. */
export function lead(folder: string, followers: number, durationMs: number): { roundMs: number } {
  const { words, round, done } = openBarrier(folder)
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
      done.wait(word, WAIT_MS)
    }
    rounds++
  }
  return { roundMs: passedMs / rounds }
}

/** Follows all rounds until the parent process is gone. */
export function follow(folder: string, work: () => void): void {
  const { words, round, done } = openBarrier(folder)
  const parent = process.ppid
  let seen = 0
  while (process.ppid === parent) {
    round.wait(seen, WAIT_MS)
    const word = Atomics.load(words, at.round)
    if (word === seen) continue
    seen = word
    work()
    if (Atomics.sub(words, at.pending, 1) > 1) continue
    Atomics.add(words, at.done, 1)
    done.wake()
  }
}

function openBarrier(folder: string) {
  const segment = new SharedSegments(folder).open('barrier', ALL, true)
  return {
    words: new Int32Array(segment.buffer, segment.startBytes, 48),
    round: futexAt(segment, at.round * 4),
    done: futexAt(segment, at.done * 4),
  }
}
