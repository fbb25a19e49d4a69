// Which snapshots an execution has made of itself, in a file of its run folder: the worker that comes after a lost one finds them there.
// Owns that list; never looks whether an object is there.

import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type ObjectLocation, objectLocationShape } from '../../base/object-location.ts'
import { readJsonFile } from '../../io/files/json-file.ts'

/** Of those that callers have asked for, which stay whatever happens here. */
const ASKED_FOR_MAX = 16

const madeSnapshotShape = objectLocationShape.extend({
  /** Made as its tags ask, and removed once there are enough newer ones. */
  isAutomatic: z.boolean(),
})
export type MadeSnapshot = z.infer<typeof madeSnapshotShape>

const LIST = z.array(madeSnapshotShape)

export class MadeSnapshots {
  readonly #file: string
  /** Oldest first. */
  #snapshots: readonly MadeSnapshot[]
  /** Names the file and what is wrong with it; undefined where nothing is. */
  readonly fault: string | undefined
  /** Whether there was no list, or none that can be read: then the buckets alone know what was made. */
  readonly isUnknown: boolean

  /** A list that is damaged is put aside, as `snapshots.json.damaged`. */
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

  /** To be called before its object can be there: one that is missing was not finished. Throws where the file can't be written. */
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
