// The list of snapshots that an execution has made, in a file of its run folder. The worker after a
// lost one reads it.
// Owns that list; never checks whether an object exists.

import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type ObjectLocation, objectLocationShape } from '../../base/object-location.ts'
import { readJsonFile } from '../../io/files/json-file.ts'

/** Most snapshots of callers in the list. Older ones leave the list, but their objects stay. */
const ASKED_FOR_MAX = 16

const madeSnapshotShape = objectLocationShape.extend({
  /** Whether the tags asked for it. It is removed once there are enough newer ones. */
  isAutomatic: z.boolean(),
})
export type MadeSnapshot = z.infer<typeof madeSnapshotShape>

const LIST = z.array(madeSnapshotShape)

export class MadeSnapshots {
  readonly #file: string
  /** The snapshots, oldest first. */
  #snapshots: readonly MadeSnapshot[]
  /** The file and its fault; undefined if there is none. */
  readonly fault: string | undefined
  /** True if there was no readable list. Then only the buckets show what was made. */
  readonly isUnknown: boolean

  /** Reads the list. Renames a damaged one to `snapshots.json.damaged`. */
  constructor(runFolder: string) {
    this.#file = join(runFolder, 'snapshots.json')
    const { content: snapshots, fault } = readJsonFile(this.#file, LIST)
    this.#snapshots = snapshots ?? []
    this.isUnknown = snapshots === undefined
    this.fault = fault
    if (fault !== undefined) renameSync(this.#file, `${this.#file}.damaged`)
  }

  get newestFirst(): readonly MadeSnapshot[] {
    return this.#snapshots.toReversed()
  }

  /**
   * Adds a snapshot. Call this before its object can exist: a listed object that is missing was
   * never finished. Throws if the file cannot be written.
   */
  add(snapshot: MadeSnapshot): void {
    const asked = this.#snapshots.filter(({ isAutomatic }) => !isAutomatic)
    const tooOld = snapshot.isAutomatic
      ? []
      : asked.slice(0, Math.max(0, asked.length + 1 - ASKED_FOR_MAX))
    this.#write([...this.#snapshots.filter((each) => !tooOld.includes(each)), snapshot])
  }

  forget({ bucket, key }: ObjectLocation): void {
    this.#write(this.#snapshots.filter((each) => each.bucket !== bucket || each.key !== key))
  }

  #write(snapshots: readonly MadeSnapshot[]): void {
    writeFileSync(`${this.#file}.new`, JSON.stringify(snapshots), { mode: 0o600, flush: true })
    renameSync(`${this.#file}.new`, this.#file)
    this.#snapshots = snapshots
  }
}
