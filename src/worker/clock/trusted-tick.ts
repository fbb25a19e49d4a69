// Whether a fabric's control segment is intact, and the newest committed tick that can be trusted.
// Any program of the same user can overwrite the memory.
// Owns that check; never repairs anything.

import type { ControlBlock } from '../../core/fabric/memory/control-block.ts'

export class TrustedTick {
  readonly #control: ControlBlock
  #tick: number
  #fault: string | undefined

  constructor(control: ControlBlock) {
    this.#control = control
    this.#tick = control.committedTick
  }

  /** The newest committed tick, or the last one before the memory was overwritten. */
  get tick(): number {
    this.look()
    return this.#tick
  }

  /** The fault, which stays once found; undefined while there is none. */
  look(): string | undefined {
    this.#fault ??= this.#findFault()
    return this.#fault
  }

  #findFault(): string | undefined {
    const { isIntact, committedTick, tick } = this.#control
    const what = 'the shared memory was written over by another program'
    if (!isIntact) return `${what}: its control segment lacks the magic number or the version`
    const isTick = Number.isSafeInteger(committedTick) && Number.isSafeInteger(tick)
    // In this order, the computed tick never appears behind, however fast the clock runs.
    if (!isTick || committedTick < this.#tick || committedTick > tick)
      return (
        `${what}: after tick ${this.#tick} it says that ` +
        `${committedTick} is committed, ${tick} computed`
      )
    this.#tick = committedTick
    return undefined
  }
}
