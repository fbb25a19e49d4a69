// How and when the processes of an app end: `<app>@<tick>:<how>`, the first process by the first of them, the second by the second, and so on.
// Owns the end; what the app does until then is its own.

import { Worker } from 'node:worker_threads'
import { Side } from '../../src/core/fabric/memory/partition-memory.ts'
import { chance } from './random.ts'

/**
 * In the middle of moving, of a bulk store or of making entities; at one of the writes that a commit consists of; at any moment from the begin of the tick on; or never, and nothing is
 * done any more.
 */
type End = 'sweep' | 'store' | 'create' | 'commit' | 'anywhere' | 'hang'

/** Each commit writes as many numbers into its side's record, and more. */
const COMMIT_WRITES = 8
/** About what a tick of a few thousand entities takes. */
const TICK_MICROSECONDS = 3_000

/** Kills its process from a thread of its own, so many microseconds after it was told to. */
const executioner = `
  const { workerData } = require('node:worker_threads')
  const word = new Int32Array(workerData.memory)
  process.kill(process.pid, 0)
  performance.now()
  Atomics.store(word, 0, 1)
  Atomics.notify(word, 0)
  while (Atomics.load(word, 0) === 1);
  const at = performance.now() + workerData.microseconds / 1000
  while (performance.now() < at);
  process.kill(process.pid, 'SIGKILL')
`

export class Fate {
  readonly #tick: number = -1
  readonly #end: End | undefined
  readonly #app: string

  constructor(crashes: readonly string[], app: string, incarnation: number) {
    this.#app = app
    const own = crashes
      .map((crash) => /^(.+)@(\d+):(\w+)$/.exec(crash) ?? [])
      .filter(([, name]) => name === app)
    const [, , tick, how] = own[incarnation - 1] ?? []
    if (tick === undefined) return
    this.#tick = Number(tick)
    this.#end = how as End
  }

  /** To be called where an app may end in this way. */
  meet(tick: number, ...ends: readonly End[]): void {
    if (tick !== this.#tick || !this.#end || !ends.includes(this.#end)) return
    console.log(`ends in tick ${tick}: ${this.#end}`)
    if (this.#end === 'hang') for (;;);
    if (this.#end === 'commit') killAtWrite(Math.floor(chance(this.#app, tick) * COMMIT_WRITES))
    else if (this.#end === 'anywhere') killSoon(chance(this.#app, tick) * TICK_MICROSECONDS)
    else kill()
  }
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL')
}

function killAtWrite(left: number): void {
  const { set, setFloat } = Side.prototype
  let writesLeft = left
  Side.prototype.set = function (...written) {
    if (writesLeft-- === 0) kill()
    set.apply(this, written)
  }
  Side.prototype.setFloat = function (...written) {
    if (writesLeft-- === 0) kill()
    setFloat.apply(this, written)
  }
}

function killSoon(microseconds: number): void {
  const memory = new SharedArrayBuffer(4)
  const word = new Int32Array(memory)
  new Worker(executioner, { eval: true, workerData: { memory, microseconds } })
  Atomics.wait(word, 0, 0)
  Atomics.store(word, 0, 2)
}
