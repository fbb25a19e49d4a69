// The rule that no id is in a world twice, nor will be: over all partitions of a snapshot, and what
// it says of the ids to be given next.
// Owns one number an entity in memory (8 bytes, twice that while it checks); never the entities
// themselves.

import { assert } from '../../base/assert.ts'
import { IDS_PER_LANE } from '../entities/ids.ts'
import type { Manifest } from './manifest.ts'
import { type SnapshotFault, snapshotFault } from './snapshot-fault.ts'

interface EntityIds {
  /** Adds a partition's ids; the array may be changed afterwards. */
  add(path: string, ids: Float64Array): void
  /**
   * A fault that names an id that is there twice, or that would be given again, and where;
   * undefined where there is none.
   */
  firstFault(): SnapshotFault | undefined
}

/** For the entities of a snapshot. */
export function createEntityIds(
  manifest: Pick<Manifest, 'entities' | 'nextIdLane' | 'partitions'>,
): EntityIds {
  const count = manifest.entities
  const all = new Float64Array(count)
  const parts: { path: string; end: number }[] = []
  let used = 0

  function add(path: string, ids: Float64Array): void {
    assert(used + ids.length <= count, 'more ids than there is room for')
    all.set(ids, used)
    used += ids.length
    parts.push({ path, end: used })
  }

  function firstFault(): SnapshotFault | undefined {
    const sorted = all.slice(0, used).sort()
    for (let at = 1; at < used; at++) {
      if (sorted[at] === sorted[at - 1]) return duplicate(sorted[at]!)
    }
    for (const { idLane, idCounter } of manifest.partitions) {
      const id = sorted[firstNotBelow(sorted, idLane * IDS_PER_LANE + idCounter)]
      if (id !== undefined && id < (idLane + 1) * IDS_PER_LANE) return notGivenYet(id)
    }
    const highest = sorted.at(-1)
    return highest !== undefined && highest >= manifest.nextIdLane * IDS_PER_LANE
      ? notGivenYet(highest)
      : undefined
  }

  function duplicate(id: number): SnapshotFault {
    const first = all.indexOf(id)
    const places = [first, all.indexOf(id, first + 1)].map(
      (row) => parts.find((part) => row < part.end)!.path,
    )
    const [one, other] = places
    return snapshotFault(
      'DuplicateId',
      `entity ${id} is there twice${one === other ? '' : `, first in ${one}`}`,
      other,
    )
  }

  function notGivenYet(id: number): SnapshotFault {
    const row = all.indexOf(id)
    const { path } = parts.find((part) => row < part.end)!
    return snapshotFault('BadId', `entity ${id} has an id that would be given again`, path)
  }

  return { add, firstFault }
}

/** Where the ids from `least` on begin. */
function firstNotBelow(sorted: Float64Array, least: number): number {
  let from = 0
  let to = sorted.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (sorted[middle]! < least) from = middle + 1
    else to = middle
  }
  return from
}
