// Ends an app's processes on a schedule: `<app>@<tick>:<how>`. The app's first process ends by its
// first entry, the second process by the second, and so on.
// Owns the end only.

import { Worker } from 'node:worker_threads'
import { Side } from '../../src/core/fabric/memory/side.ts'
import { chance } from './random.ts'

/**
 * While moving, in a bulk store, or while making entities; at one of the writes of a commit; at any
 * moment from the start of the tick; or the process hangs for ever.
 */
type End = 'sweep' | 'store' | 'create' | 'commit' | 'anywhere' | 'hang'

/** A commit writes at least this many numbers into its side's record. */
const COMMIT_WRITES = 8
/** Approximate time of a tick with a few thousand entities. */
const TICK_MICROSECONDS = 3_000

/** A thread that kills its process a given number of microseconds after it is told to. */
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

  /** Call it where an app may end in one of these ways. */
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
