// Where an app's time goes, tick after tick: measured here, counted in shared memory, for whoever
// runs the simulation.
// Owns the clock's readings; never allocates, and costs one reading for each phase.

import { type AppPhase, PartitionMeter } from '../../../src/core/fabric/memory/meters.ts'
import type { Host } from './host.ts'

export class PhaseTimer {
  readonly #meter: PartitionMeter
  #sinceMs = performance.now()

  constructor({ fabric, partition }: Host) {
    this.#meter = new PartitionMeter(fabric, partition)
  }

  /** A phase is over, and the next one begins. */
  end(phase: AppPhase): void {
    const nowMs = performance.now()
    this.#meter.phases[phase].add(nowMs - this.#sinceMs)
    this.#sinceMs = nowMs
  }
}
