// What a partition's app tells the worker: the app's record as an object.
// Owns reading and writing of single numbers; never decides what they mean.

import type { Segment } from '../../../base/memory.ts'
import { appRecord } from './partition-records.ts'

const appAt = appRecord.index

type AppWord = 'committed' | 'attached' | 'destroyed' | 'pid'
type AppTick = 'interestsTick' | 'fieldsTick'

export class AppBlock {
  readonly #words: Int32Array
  readonly #floats: Float64Array

  constructor({ buffer, startBytes }: Segment) {
    this.#words = new Int32Array(buffer, startBytes, appRecord.bytes / 4)
    this.#floats = new Float64Array(buffer, startBytes, appRecord.bytes / 8)
  }

  load(name: AppWord): number {
    return Atomics.load(this.#words, appAt[name])
  }
  store(name: AppWord, value: number): void {
    Atomics.store(this.#words, appAt[name], value)
  }
  tick(name: AppTick): number {
    return this.#floats[appAt[name]]
  }
  setTick(name: AppTick, tick: number): void {
    this.#floats[appAt[name]] = tick
  }
}
