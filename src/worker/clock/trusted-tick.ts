// Whether a fabric's control segment is still what its worker made of it, and the newest committed
// tick that can be believed: any program of the same user can write over the memory.
// Owns that look; never mends anything.

import type { ControlBlock } from '../../core/fabric/memory/control-block.ts'

export class TrustedTick {
  readonly #control: ControlBlock
  #tick: number
  #fault: string | undefined

  constructor(control: ControlBlock) {
    this.#control = control
    this.#tick = control.committedTick
  }

  /** The newest committed tick; if the memory was written over, the newest one before that. */
  get tick(): number {
    this.look()
    return this.#tick
  }

  /** Says what is wrong, once and for all; undefined while nothing is. */
  look(): string | undefined {
    this.#fault ??= this.#findFault()
    return this.#fault
  }

  #findFault(): string | undefined {
    const { isIntact, committedTick, tick } = this.#control
    const what = 'the shared memory was written over by another program'
    if (!isIntact) return `${what}: its control segment lacks the magic number or the version`
    const isTick = Number.isSafeInteger(committedTick) && Number.isSafeInteger(tick)
    // Read in this order, the tick that is computed is never behind, however fast the clock runs.
    if (!isTick || committedTick < this.#tick || committedTick > tick)
      return `${what}: after tick ${this.#tick} it says that ${committedTick} is committed, ${tick} computed`
    this.#tick = committedTick
    return undefined
  }
}
