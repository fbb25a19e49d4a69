// Snapshots that a simulation's tags ask for: every so many ticks or minutes, keeping the newest
// few.
// Owns when the next is due and which are too old. The simulation makes them and knows which exist.

import type { ObjectLocation } from '../../base/object-location.ts'
import type { ObjectsConfig } from '../../base/objects-config.ts'
import type { WorldCopy } from '../../core/fabric/worker/clock-work.ts'
import type { SnapshotRhythm } from '../../core/lifecycle/heddle-tags.ts'
import { snapshotKey } from '../../core/lifecycle/snapshot-key.ts'
import { freeKey } from '../../io/objects/free-key.ts'
import type { Objects } from '../../io/objects/objects.ts'
import { openObjects } from '../../io/objects/open-objects.ts'
import type { MadeSnapshots } from './made-snapshots.ts'

const LOOK_EACH_MS = 250

function secondOf(ms: number): number {
  return Math.floor(ms / 1000)
}

interface AutoSnapshotsOptions {
  simulationName: string
  rhythm: SnapshotRhythm
  objects: ObjectsConfig
  /** All snapshots of this execution, including those of an earlier worker. */
  made: MadeSnapshots
  /** The newest committed tick. */
  tick(): number
  /**
   * Copies the world at the first tick after `after` that is a multiple. Throws if the clock ends
   * first.
   */
  copyAt(ticks: { multipleOf: number; after: number }): Promise<WorldCopy>
  /**
   * Makes a snapshot, from the copy of tick `copied` if there is one. Undefined if it cannot be
   * made now; otherwise resolves to whether the object was stored.
   */
  take(location: ObjectLocation, copied: number | undefined): Promise<boolean> | undefined
  /** Reports a fault to the operator. The simulation continues. */
  failed(message: string): void
}

export class AutoSnapshots {
  readonly #options: AutoSnapshotsOptions
  readonly #timer: NodeJS.Timeout
  #lastTick: number
  #lastMs = Date.now()
  #isBusy = false
  #isAwaitingCopy = false
  #isStopped = false
  #copy: WorldCopy | undefined

  constructor(options: AutoSnapshotsOptions) {
    this.#options = options
    this.#lastTick = options.tick()
    this.#timer = setInterval(() => this.#look(), LOOK_EACH_MS)
    this.#timer.unref()
    this.#awaitCopy()
  }

  /** The copy of the tick that is due, until it is saved. */
  get copy(): WorldCopy | undefined {
    return this.#copy
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#isStopped = true
  }

  #look(): void {
    if (this.#isNewSecond) this.#awaitCopy()
    if (!this.#isBusy && !this.#isStopped && this.#isDue()) void this.#takeDue()
  }

  /** Asks the clock for the copy, since only the clock sees every tick. */
  #awaitCopy(): void {
    const { every } = this.#options.rhythm
    if (!('ticks' in every) || this.#isAwaitingCopy || this.#isBusy || this.#copy) return
    this.#isAwaitingCopy = true
    void this.#options.copyAt({ multipleOf: every.ticks, after: this.#lastTick }).then(
      (copy) => {
        this.#isAwaitingCopy = false
        this.#copy = copy
        this.#look()
      },
      (cause: Error) => {
        // An ending clock gives no copies, and reports its own failure.
        if (!this.#isStopped)
          this.#options.failed(`no automatic snapshots are made any more: ${cause.message}`)
      },
    )
  }

  async #takeDue(): Promise<void> {
    this.#isBusy = true
    try {
      await this.#takeOne()
    } catch (cause) {
      this.#options.failed(`no automatic snapshot was made: ${(cause as Error).message}`)
      this.#begin()
    } finally {
      this.#isBusy = false
    }
  }

  /** Whether a snapshot is due. A world whose clock is stopped is not saved again. */
  #isDue(): boolean {
    const { rhythm, tick } = this.#options
    if ('ticks' in rhythm.every) return this.#copy !== undefined
    return (
      tick() > this.#lastTick && this.#isNewSecond && Date.now() - this.#lastMs >= rhythm.every.ms
    )
  }

  /** Keys have a resolution of one second, and the key of a removed snapshot must not return. */
  get #isNewSecond(): boolean {
    return secondOf(Date.now()) > secondOf(this.#lastMs)
  }

  async #takeOne(): Promise<void> {
    const { simulationName, rhythm, take } = this.#options
    const { bucket, prefix } = rhythm
    const objects = await openObjects(this.#options.objects)
    try {
      const key = await freeKey(objects, bucket, Date.now(), (atMs) =>
        snapshotKey(prefix, simulationName, atMs),
      )
      const made = take({ bucket, key }, this.#copy?.tick)
      if (!made) return
      this.#begin()
      if (await made) await this.#removeOld(objects)
    } finally {
      await objects.close()
    }
  }

  async #removeOld(objects: Objects): Promise<void> {
    const { made, rhythm } = this.#options
    const automatic = made.newestFirst.filter(({ isAutomatic }) => isAutomatic)
    for (const old of automatic.slice(rhythm.keep).reverse()) {
      await objects.delete(old.bucket, old.key)
      made.forget(old)
    }
  }

  #begin(): void {
    this.#lastTick = this.#copy?.tick ?? this.#options.tick()
    this.#lastMs = Date.now()
    this.#copy = undefined
  }
}
