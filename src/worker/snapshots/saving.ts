// The one place where a simulation's world is saved: as a caller or its tags ask, or because it is
// about to fail. Owns what is being written, one at a time; when that may be is the life's to say.

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
  /** All of this execution, also those that a worker before this one has made. */
  made: MadeSnapshots
  /** What a snapshot says of the simulation as it is now. */
  header(): SimulationHeader
  /** What a copy of the world takes now. */
  copyBytes(): number
  /** The newest committed tick. */
  tick(): number
  /** Throws where the clock ends before there is a copy. */
  copyState(room: SharedArrayBuffer, only?: CopiedTicks): Promise<WorldCopy>
  /** A fault that the operator should read. */
  failed(message: string): void
}

export class Saving {
  readonly #options: SavingOptions
  readonly #snapshots = new Snapshots()
  #rhythm: AutoSnapshots | undefined
  #writing: SnapshotInProgress | undefined
  /** The newest that was asked for, by a caller or its tags. */
  #making: Promise<SnapshotOutcome> | undefined

  constructor(options: SavingOptions) {
    this.#options = options
  }

  /** `due` has a snapshot made, of that tick where there is a copy; false where it can't be now. */
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

  /** To be called when the one before has finished; `copied` is told the tick. Never rejects. */
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

  /** The world of a simulation that is about to fail: where it is then; undefined if nowhere. */
  save(): Promise<string | undefined> {
    return saveWorld(this.#options.plan, {
      write: (place) => this.#write(place),
      cancel: () => this.cancel(),
      failed: this.#options.failed,
    })
  }

  /** What is being written ends with an error. */
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
  /** Of the world, where there is one already. */
  copy?: WorldCopy | undefined
  copied?: (tick: number) => void
}
