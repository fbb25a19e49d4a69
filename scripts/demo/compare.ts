// Are two snapshots the same world? Entity by entity: ids, types, positions, fields.
// Owns the comparison; reads files with the project's own reader, which checks them as it would for
// a start.

import { readSnapshot } from '../../src/joints/snapshot/snapshot-file.ts'

export interface World {
  tick: number
  stateHash: string
  entities: ReadonlyMap<number, Entity>
}

interface Entity {
  type: number
  /** Bits of the three floats: equal means equal to the last bit. */
  position: string
  /** Type and bytes by field index. */
  fields: string
}

export async function readWorld(file: string): Promise<World> {
  const snapshot = await readSnapshot(file)
  const entities = new Map<number, Entity>()
  try {
    for (const partition of snapshot.partitions) {
      const { count, ids, types, positions, fields } = await partition.load()
      const positionBytes = Buffer.from(
        positions.buffer,
        positions.byteOffset,
        positions.byteLength,
      )
      for (let row = 0; row < count; row++) {
        if (entities.has(ids[row])) throw new Error(`entity ${ids[row]} is twice in ${file}`)
        const present = fields.filter(({ lengths }) => lengths[row] >= 0)
        entities.set(ids[row], {
          type: types[row],
          position: positionBytes.toString('hex', row * 12, row * 12 + 12),
          fields: present
            .map(({ index, typeIds, data, stride, lengths }) => {
              const bytes = data.subarray(row * stride, row * stride + lengths[row])
              return `${index}:${typeIds[row]}:${Buffer.from(bytes).toString('hex')}`
            })
            .join(' '),
        })
      }
    }
    const { tick, stateHash } = snapshot.header
    return { tick, stateHash, entities }
  } finally {
    await snapshot.close()
  }
}

/** What differs first; undefined where nothing does. */
export function firstDifference(one: World, other: World): string | undefined {
  if (one.tick !== other.tick) return `one is at tick ${one.tick}, the other at tick ${other.tick}`
  if (one.entities.size !== other.entities.size)
    return `one has ${one.entities.size} entities, the other ${other.entities.size}`
  for (const [id, entity] of one.entities) {
    const twin = other.entities.get(id)
    if (!twin) return `entity ${id} is missing in the other`
    for (const part of ['type', 'position', 'fields'] as const)
      if (entity[part] !== twin[part])
        return `the ${part} of entity ${id}: ${entity[part]} and ${twin[part]}`
  }
  return one.stateHash === other.stateHash
    ? undefined
    : `state hashes ${one.stateHash} and ${other.stateHash}`
}
