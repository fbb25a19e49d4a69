// Which snapshots an execution has made of itself, in a file of its run folder: the worker that comes after a lost one finds them there.
// Owns that list; never looks whether an object is there.

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ObjectLocation } from '../core/wire/worker-protocol.ts'

export interface MadeSnapshot extends ObjectLocation {
  /** Made as its tags ask, and removed once there are enough newer ones. */
  isAutomatic: boolean
}

/** Of those that callers have asked for, which stay whatever happens here. */
const askedForMax = 16

export class MadeSnapshots {
  readonly #file: string
  /** Oldest first. */
  #snapshots: readonly MadeSnapshot[]

  /** Throws where there is a file that can't be read. */
  constructor(runFolder: string) {
    this.#file = join(runFolder, 'snapshots.json')
    this.#snapshots = read(this.#file)
  }

  get newestFirst(): readonly MadeSnapshot[] {
    return this.#snapshots.toReversed()
  }

  /** To be called before its object can be there: one that is missing was not finished. Throws where the file can't be written. */
  add(snapshot: MadeSnapshot): void {
    const asked = this.#snapshots.filter(({ isAutomatic }) => !isAutomatic)
    const tooOld = snapshot.isAutomatic ? [] : asked.slice(0, Math.max(0, asked.length + 1 - askedForMax))
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

function read(file: string): MadeSnapshot[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as MadeSnapshot[]
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new Error(`${file} can't be read`, { cause })
  }
}
