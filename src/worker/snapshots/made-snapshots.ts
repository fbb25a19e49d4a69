// Which snapshots an execution has made of itself, in a file of its run folder: the worker that comes after a lost one finds them there.
// Owns that list; never looks whether an object is there.

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { ObjectLocation } from '../../core/wire/worker-protocol.ts'

export interface MadeSnapshot extends ObjectLocation {
  /** Made as its tags ask, and removed once there are enough newer ones. */
  isAutomatic: boolean
}

/** Of those that callers have asked for, which stay whatever happens here. */
const askedForMax = 16

const LIST = z.array(z.object({ bucket: z.string().min(1), key: z.string().min(1), isAutomatic: z.boolean() }))

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
    const { snapshots, fault } = read(this.#file)
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

function read(file: string): { snapshots?: MadeSnapshot[]; fault?: string } {
  try {
    const { data, error } = LIST.safeParse(JSON.parse(readFileSync(file, 'utf8')))
    if (error === undefined) return { snapshots: data }
    const [{ path, message }] = error.issues
    return { fault: `${file} is damaged: ${[...path.map(String), message].join(': ')}` }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    return { fault: `${file} can't be read: ${(error as Error).message}` }
  }
}
