// The same histories over real shared memory. Each simulated process has its own mappings,
// read-only except for its partition.

import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import type { Range } from '../../src/base/memory.ts'
import { SharedSegments } from '../../src/io/shm/shared-segments.ts'
import { runHistory } from './history.ts'
import { realParts } from './parts.ts'
import { planOf } from './plan.ts'
import type { HistorySegments } from './pooled-segments.ts'
import type { Random } from './random.ts'

/** These segments have no limit and check no claims: the pooled segments do. */
class SharedHistorySegments implements HistorySegments {
  limitBytes = Number.POSITIVE_INFINITY
  claimedBytes = 0
  readonly #folder = mkdtempSync(
    join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'heddle-simulator-'),
  )
  readonly #views: SharedSegments[] = []
  readonly #worker = this.forProcess()

  get names(): string[] {
    const entries = readdirSync(this.#folder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile())
    return files.map(({ parentPath, name }) => relative(this.#folder, join(parentPath, name)))
  }

  forProcess(): SharedSegments {
    const view = new SharedSegments(this.#folder)
    this.#views.push(view)
    return view
  }

  create(name: string, bytes: number): void {
    this.#worker.create(name, bytes)
  }

  open(name: string, range: Range, writable: boolean) {
    return this.#worker.open(name, range, writable)
  }

  remove(name: string): void {
    this.#worker.remove(name)
  }

  scribble(
    name: string,
    startBytes: number,
    endBytes: number,
    random: Random,
    count: number,
  ): void {
    if (!this.names.includes(name)) return
    const file = openSync(join(this.#folder, name), 'r+')
    const byte = new Uint8Array(1)
    for (let done = 0; done < count; done++) {
      byte[0] = random.word()
      writeSync(file, byte, 0, 1, random.between(startBytes, endBytes - 1))
    }
    closeSync(file)
  }

  writtenUnclaimed(): undefined {
    return undefined
  }

  release(): void {
    for (const name of this.names) for (const view of this.#views) view.remove(name)
    rmSync(this.#folder, { recursive: true })
  }
}

test('histories over shared memory keep every entity in exactly one partition', () => {
  const parts = { ...realParts, Segments: SharedHistorySegments }
  for (let seed = 1; seed <= 60; seed++) {
    const plan = planOf(seed)
    runHistory(seed, {
      parts,
      plan: {
        ...plan,
        separateFabrics: true,
        memoryShort: 0,
        sizes: { ...plan.sizes, fieldBytesMax: 400 },
      },
    })
  }
})
