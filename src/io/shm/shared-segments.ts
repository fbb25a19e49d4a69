// Segments that processes share: sparse files in a folder on a tmpfs, mapped whole.
// Owns files and mappings; never knows what stands in them. A mapping lives as long as the process: reservations cost no memory.

import { closeSync, constants, fstatSync, ftruncateSync, openSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Segment, Segments } from '../../base/memory.ts'
import { type Address, allocate, mapFile } from './libc.ts'

export interface SharedSegment extends Segment {
  /** Where the buffer is in this process: futexes need it. */
  readonly address: Address
}

export class SharedSegments implements Segments {
  readonly #folder: string
  readonly #open = new Map<string, SharedSegment & { file: number }>()

  /** The folder must exist, on a tmpfs. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Throws with `cause` where the file can't be made or mapped. */
  open(name: string, bytes: number, writable: boolean): SharedSegment {
    const already = this.#open.get(name)
    if (already && already.buffer.byteLength >= bytes) return already
    const path = join(this.#folder, name)
    let file: number
    try {
      file =
        already?.file ?? openSync(path, writable ? constants.O_RDWR | constants.O_CREAT : constants.O_RDONLY, 0o600)
      if (writable && fstatSync(file).size < bytes) ftruncateSync(file, bytes)
    } catch (cause) {
      throw new Error(`cannot open the fabric's segment '${name}'`, { cause })
    }
    const { address, buffer } = mapFile(file, bytes, writable)
    const segment = {
      name,
      buffer,
      address,
      file,
      claim: (offset: number, count: number) => count === 0 || allocate(file, offset, count),
    }
    this.#open.set(name, segment)
    return segment
  }

  remove(name: string): void {
    const open = this.#open.get(name)
    if (open) closeSync(open.file)
    this.#open.delete(name)
    try {
      unlinkSync(join(this.#folder, name))
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    }
  }
}
