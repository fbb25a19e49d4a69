// What an application needs of whoever runs the clock: a worker over shared memory, or a standalone
// one in this process.

import type { Fabric } from '../../../src/core/fabric/memory/fabric.ts'

export interface Host {
  readonly fabric: Fabric
  /** The partition that this app owns. */
  readonly partition: number
  /** Actual ports by declared port. */
  readonly ports: ReadonlyMap<number, number>
  /** The how-maniest process of this app it is that is to compute the same tick. */
  readonly attempt: number
  /** Is there a tick to compute, is it over, or is there nothing to do yet? */
  poll(): 'tick' | 'shutdown' | 'wait'
  /**
   * Sleeps until `poll` may say something else. Throws HeddleError NotConnected where nobody runs
   * the clock any more.
   */
  wait(): void
  waitAsync(): Promise<void>
  /** This app's part of the tick is written. */
  committed(): void
  destroy(): void
}
