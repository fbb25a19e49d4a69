// The one place where a simulation's world is saved: for a caller, for its tags, or before it
// fails.
// Owns the snapshot in progress, one at a time. The simulation's life decides when.

import type { ObjectLocation } from '../../base/object-location.ts'
import type { WorldCopy } from '../../core/fabric/worker/clock-work.ts'
import type { SnapshotOutcome } from '../../core/lifecycle/life.ts'
import type { CopiedTicks } from '../../core/tick/clock-machine.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import { AutoSnapshots } from './auto-snapshots.ts'
import type { MadeSnapshots } from './made-snapshots.ts'
import { saveWorld } from './saved-world.ts'
import type { SnapshotPlace } from './snapshot-place.ts'
import type { SimulationHeader } from './snapshot-thread.ts'
import { type SnapshotInProgress, Snapshots } from './snapshots.ts'

interface SavingOptions {
  plan: WorkerPlan
  /** All snapshots of this execution, including those of an earlier worker. */
  made: MadeSnapshots
  /** The header of a snapshot of the simulation's current state. */
  header(): SimulationHeader
  /** The bytes that a copy of the world needs now. */
  copyBytes(): number
  /** The newest committed tick. */
  tick(): number
  /** Copies the world. Throws if the clock ends first. */
  copyState(room: SharedArrayBuffer, only?: CopiedTicks): Promise<WorldCopy>
  /** Reports a fault to the operator. */
  failed(message: string): void
}

export class Saving {
  readonly #options: SavingOptions
  readonly #snapshots = new Snapshots()
  #rhythm: AutoSnapshots | undefined
  #writing: SnapshotInProgress | undefined
  /** The newest snapshot that a caller or the tags asked for. */
  #making: Promise<SnapshotOutcome> | undefined

  constructor(options: SavingOptions) {
    this.#options = options
  }

  /**
   * Starts the automatic snapshots. `due` starts one, from the copy of `tick` if there is one, and
   * returns false if it cannot now.
   */
  startRhythm(due: (location: ObjectLocation, tick: number | undefined) => boolean): void {
    const { plan, made, tick, copyState, failed } = this.#options
    const { simulationName, objects, tags } = plan
    if (!tags.snapshots) return
    this.#rhythm = new AutoSnapshots({
      ...{ simulationName, rhythm: tags.snapshots, objects, made, tick, failed },
      copyAt: (ticks) => copyState(new SharedArrayBuffer(0), ticks),
      take: (location, copied) =>
        due(location, copied) ? this.#making!.then((outcome) => !('error' in outcome)) : undefined,
    })
  }

  stopRhythm(): void {
    this.#rhythm?.stop()
  }

  /**
   * Makes a snapshot. Call it when the one before has finished. `copied` gets the tick. Never
   * rejects.
   */
  make(
    location: ObjectLocation,
    isAutomatic: boolean,
    copied: (tick: number) => void,
  ): Promise<SnapshotOutcome> {
    const { made, plan } = this.#options
    const copy = isAutomatic ? this.#rhythm?.copy : undefined
    const make = async (): Promise<SnapshotOutcome> => {
      try {
        made.add({ ...location, isAutomatic })
      } catch (cause) {
        return { error: (cause as Error).message }
      }
      const outcome = await this.#write({ objects: plan.objects, location }, { copy, copied })
      if ('error' in outcome) made.forget(location)
      return outcome
    }
    this.#making = make()
    return this.#making
  }

  /** Saves a world that is about to fail. Resolves to its place, or undefined if all failed. */
  save(): Promise<string | undefined> {
    return saveWorld(this.#options.plan, {
      write: (place) => this.#write(place),
      cancel: () => this.cancel(),
      failed: this.#options.failed,
    })
  }

  /** Cancels the snapshot in progress, which then reports an error. */
  cancel(): void {
    this.#writing?.cancel()
  }

  async #write(
    place: SnapshotPlace,
    { copy, copied = () => undefined }: WriteOptions = {},
  ): Promise<SnapshotOutcome> {
    const { header, copyBytes, copyState } = this.#options
    try {
      this.#writing = this.#snapshots.start({
        header: header(),
        place,
        copyBytes: copyBytes(),
        isCopied: copy !== undefined,
        copyInto: async (room) => copy ?? copyState(room),
        copied,
      })
      return await this.#writing.finished
    } catch (cause) {
      return { error: (cause as Error).message }
    } finally {
      this.#writing = undefined
    }
  }
}

interface WriteOptions {
  /** A copy of the world that already exists. */
  copy?: WorldCopy | undefined
  copied?: (tick: number) => void
}
