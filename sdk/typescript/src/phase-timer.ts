// Where an app's time goes, tick after tick: measured here, counted in shared memory, for whoever
// runs the simulation.
// Owns the clock's readings; never allocates, and costs one reading for each phase.

import {
  type AppPhase,
  appDurations,
  type DurationMeter,
} from '../../../src/core/fabric/memory/meters.ts'
import type { Host } from './host.ts'

export class PhaseTimer {
  readonly #meters: Readonly<Record<AppPhase, DurationMeter>>
  #sinceMs = performance.now()

  constructor({ fabric, partition }: Host) {
    this.#meters = appDurations(fabric.partition(partition))
  }

  /** A phase is over, and the next one begins. */
  end(phase: AppPhase): void {
    const nowMs = performance.now()
    this.#meters[phase].add(nowMs - this.#sinceMs)
    this.#sinceMs = nowMs
  }
}
