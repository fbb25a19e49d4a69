// The contenders of `snapshot`. `snapshot-alone.ts FILE snapshot` writes the world of a snapshot's
// file again and again, with the threads that make a snapshot. `… zstd` only compresses its
// columns, one after another, on one core. A message says for how many milliseconds to run; the
// answer is the MB of columns a second.

import { constants, zstdCompressSync } from 'node:zlib'
import type { PartitionState } from '../../src/core/entities/partition-state.ts'
import {
  CopyRoom,
  doneAtOnce,
  type SideColumns,
} from '../../src/core/fabric/worker/side-columns.ts'
import { readSnapshot, writeSnapshot } from '../../src/joints/snapshot/snapshot-file.ts'
import { Encoders } from '../../src/worker/snapshots/encoders.ts'

const [file, what] = process.argv.slice(2)
const snapshot = await readSnapshot(file)
const states: PartitionState[] = []
for (const partition of snapshot.partitions) states.push(await partition.load())
await snapshot.close()
const columns = states.flatMap((state) => columnBytes(state))
const bytes = columns.reduce((sum, column) => sum + column.length, 0)
const pass = what === 'zstd' ? compressing() : writing()

process.on('message', async (durationMs: number) => {
  const startedAtMs = performance.now()
  let passes = 0
  let passedMs = 0
  for (; passedMs < durationMs; passedMs = performance.now() - startedAtMs) {
    await pass()
    passes++
  }
  process.send!((bytes * passes) / 1000 / passedMs)
})

function writing(): () => Promise<void> {
  const sides = states.map(sideOf)
  const encoders = new Encoders(bytes)
  return async () => {
    const { bytes: zip } = writeSnapshot(snapshot.header, encoders.encoded(sides))
    for await (const _ of zip);
  }
}

function compressing(): () => void {
  const params = { [constants.ZSTD_c_compressionLevel]: 1 }
  return () => {
    for (const column of columns)
      zstdCompressSync(column, { params, chunkSize: column.length + 1024 })
  }
}

/** In memory shared by threads, like the clock's copy. */
function sideOf(state: PartitionState, partition: number): SideColumns {
  const room = new CopyRoom(new SharedArrayBuffer(0))
  const copyOf = <Column extends Parameters<CopyRoom['copyOf']>[0]>(column: Column) =>
    doneAtOnce(room.copyOf(column))
  const { ids, types, positions, fields, count, ...identity } = state
  return {
    ...identity,
    partition,
    ids: copyOf(ids),
    types: copyOf(types),
    states: copyOf(new Uint8Array(count).fill(1)),
    positions: copyOf(positions),
    fields: fields.map((field) => ({
      ...field,
      lengths: copyOf(field.lengths.map((length) => length + 1)),
      typeIds: copyOf(field.typeIds),
      data: copyOf(field.data),
    })),
    granted: [],
  }
}

/** Returns the columns of a snapshot: 56 bytes an entity. */
function columnBytes({ ids, types, positions, fields }: PartitionState): Uint8Array[] {
  return [ids, types, positions, ...fields.map(({ data }) => data)].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  )
}
