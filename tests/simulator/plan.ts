// What a seed decides for a history: the world's shape, its limits, its apps' behaviour, and its
// faults.
// Owns the choices for a whole history. Choices within a tick are made tick by tick.

import { type FabricSizes, FIELD_INDEX_MAX } from '../../src/core/fabric/memory/sizes.ts'
import type { Bounds } from '../../src/core/schema/grid.ts'
import { Random } from './random.ts'

interface DomainPlan {
  name: string
  /** A domain without a grid is a custom one: its apps come and go. */
  grid?: { columns: number; rows: number }
}

/** How often an app does each thing, from 0 to 1, per entity and tick unless noted. */
interface Habits {
  move: number
  /** The share of moves that go anywhere in the world. */
  teleport: number
  /** The share of positions exactly on an edge or a corner of a cell. */
  onEdge: number
  /** The share of positions outside of the world, or not a number. */
  outside: number
  delete: number
  /** Most creations in a tick. */
  createMax: number
  storeField: number
  removeField: number
  handOver: number
  /**
   * Per app and tick: a sweep over all positions, a bulk move, a bulk write of a field, a query of
   * the app's own index.
   */
  sweep: number
  moveMany: number
  storeMany: number
  ask: number
  /** Most messages in a tick. */
  sendMax: number
}

export interface Plan {
  seed: number
  ticks: number
  bounds: Bounds
  domains: DomainPlan[]
  sizes: FabricSizes
  habits: Habits
  fieldsMax: number
  /** Most entities that one partition gets in a tick; no limit where absent. */
  transfersPerTick: number | undefined
  /** The number at which the first partitions' ids start in their lanes. */
  idCounterFirst: number
  /** Gives each process its own view of the fabric, as real ones have. */
  separateFabrics: boolean
  /** Per app and tick: the app dies, and the tick is run again. */
  crash: number
  /** Per app and tick: the app dies, and a caretaker keeps its partition for some ticks. */
  goneForLong: number
  /** Per tick, like those below. */
  memoryShort: number
  snapshot: number
  restore: number
  startOrStop: number
}

/** The index of an app's field: the highest one is among them. */
export function fieldIndex(place: number): number {
  return place === 1 ? FIELD_INDEX_MAX : place * 7
}

/** Room for two domains of the largest grid, and some partitions without a cell. */
export const PARTITION_CAPACITY_MAX = 90

const smallGrids = ['1x1', '2x1', '1x2', '2x2', '3x1', '2x1', '3x2']
const largeGrids = ['3x3', '4x3', '1x7', '5x2', '11x1', '3x4', '2x5', '6x6', '40x1']
const worldBounds: readonly Bounds[] = [
  { minX: -10, maxX: 10, minY: -10, maxY: 10 },
  { minX: 0, maxX: 1000, minY: 0, maxY: 300 },
  { minX: 0.1, maxX: 0.7, minY: -0.3, maxY: 0.2 },
  { minX: -1e6, maxX: 3e6, minY: 1e5, maxY: 7e5 },
]

export function planOf(seed: number, options: { ticks?: number } = {}): Plan {
  const random = new Random(seed, 1)
  const large = random.chance(0.08)
  const gridOf = () => {
    const [columns, rows] = random
      .pick(large ? largeGrids : smallGrids)
      .split('x')
      .map(Number)
    return { columns, rows }
  }
  const domains: DomainPlan[] = [{ name: 'ground', grid: gridOf() }]
  if (random.chance(0.25)) domains.push({ name: 'air', grid: gridOf() })
  if (random.chance(0.5)) domains.push({ name: 'makers' })
  const calm = random.chance(0.3)
  const sometimes = (probability: number, most: number) =>
    random.chance(probability) ? random.fraction() * most : 0
  const messageHeapBytes = random.pick([0, 64, 1024])
  return {
    seed,
    ticks: options.ticks ?? (large ? random.between(3, 8) : random.between(3, 14)),
    bounds: random.pick(worldBounds),
    domains,
    sizes: {
      partitionCapacity: large ? PARTITION_CAPACITY_MAX : 20,
      entityLimit: random.pick([1, 2, 4, 4, 6, 6, 10, 20, 40]),
      fieldBytesMax: random.pick([4, 64, 64, 190]),
      messageLimit: random.pick([0, 1, 4, 9]),
      messageBytesMax: 40,
      messageHeapBytes,
    },
    habits: {
      move: calm ? random.fraction() * 0.2 : random.fraction(),
      teleport: sometimes(0.6, 0.8),
      onEdge: sometimes(0.5, 0.5),
      outside: sometimes(0.2, 0.2),
      delete: sometimes(0.6, 0.4),
      createMax: random.pick([1, 3, 8]),
      storeField: sometimes(0.8, 0.8),
      removeField: sometimes(0.5, 0.3),
      handOver: sometimes(0.5, 0.5),
      sweep: sometimes(0.4, 1),
      moveMany: sometimes(0.3, 0.8),
      storeMany: sometimes(0.3, 0.8),
      ask: sometimes(0.3, 0.5),
      sendMax: random.pick([0, 2, 12]),
    },
    fieldsMax: random.between(1, 4),
    idCounterFirst: random.chance(0.15) ? 2 ** 31 - random.between(0, 6) : 0,
    separateFabrics: random.chance(0.3),
    crash: sometimes(0.6, 0.5),
    goneForLong: sometimes(0.3, 0.2),
    memoryShort: sometimes(0.2, 0.6),
    snapshot: sometimes(0.3, 0.4),
    restore: sometimes(0.2, 0.3),
    startOrStop: sometimes(0.8, 0.8),
    transfersPerTick: random.chance(0.15) ? random.between(1, 4) : undefined,
  }
}
