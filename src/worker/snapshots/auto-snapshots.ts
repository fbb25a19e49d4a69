// Snapshots that a simulation makes of itself, as its tags ask: every so many ticks or minutes, the newest few of them kept.
// Owns when the next one is due, and which are too old; how one is made, and which there are, is the simulation's.

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
  /** All of this execution, also those that a worker before this one has made. */
  made: MadeSnapshots
  /** The newest committed tick. */
  tick(): number
  /** The world at the first tick after `after` that is a multiple. Throws where the clock ends before. */
  copyAt(ticks: { multipleOf: number; after: number }): Promise<WorldCopy>
  /** Makes one, of the copy where there is one, of that tick, unless it can't be now: undefined. True where the object is there. */
  take(location: ObjectLocation, copied: number | undefined): Promise<boolean> | undefined
  /** A fault that the operator should read; the simulation goes on. */
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

  /** Of the tick that is due, until it is saved. */
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

  /** Only the clock sees every tick go by. */
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
        // A clock that ends gives no copies; that it failed is told by itself.
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

  /** A world whose clock stands still is not saved again. */
  #isDue(): boolean {
    const { rhythm, tick } = this.#options
    if ('ticks' in rhythm.every) return this.#copy !== undefined
    return (
      tick() > this.#lastTick && this.#isNewSecond && Date.now() - this.#lastMs >= rhythm.every.ms
    )
  }

  /** They are named by the second, and the name of one that was removed must not come back. */
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
