// Decides how many tiles of each set each worker gets, before their places are known. Owns the
// arithmetic of units; never knows domains, cells or names.

/** The free units and the group of a worker: all that packing needs. */
export interface Bin {
  /** Free units. */
  readonly free: number
  readonly group: string
}

/** Tiles of one weight that may be placed on the workers of some groups. */
export interface TileSet {
  readonly tiles: number
  /** Units of one tile; 1 or more. */
  readonly weight: number
  readonly groups: ReadonlySet<string>
}

/** The exhaustive search gives up after this many steps; typical schemas need a few hundred. */
const SEARCH_STEPS_MAX = 200_000
/** The search recurses once per worker; more workers could overflow the stack. */
const SEARCH_BINS_MAX = 1000

/**
 * `counts[set][bin]`: even over the workers if that fits, otherwise packed tightly; undefined if
 * nothing fits.
 */
export function fillWorkers(
  bins: readonly Bin[],
  sets: readonly TileSet[],
): number[][] | undefined {
  return fillEvenly(bins, sets) ?? search(bins, sets)
}

/** Places heavy tiles first, each on the worker with the most free units. */
function fillEvenly(bins: readonly Bin[], sets: readonly TileSet[]): number[][] | undefined {
  const free = bins.map((bin) => bin.free)
  const counts = sets.map(() => bins.map(() => 0))
  const heaviestFirst = sets
    .map((_, index) => index)
    .toSorted((a, b) => sets[b].weight - sets[a].weight || a - b)
  for (const index of heaviestFirst) {
    const { tiles, weight, groups } = sets[index]
    const binsByFree: number[][] = []
    for (const [bin, units] of free.entries()) {
      if (!groups.has(bins[bin].group)) continue
      binsByFree[units] ??= []
      binsByFree[units].push(bin)
    }
    let left = tiles
    // A bin that takes a tile moves to a lower level, so one descent visits all bins in order.
    for (let units = binsByFree.length - 1; units >= weight && left > 0; units--) {
      for (const bin of binsByFree[units] ?? []) {
        if (left === 0) break
        left--
        counts[index][bin]++
        free[bin] -= weight
        binsByFree[free[bin]] ??= []
        binsByFree[free[bin]].push(bin)
      }
    }
    if (left > 0) return undefined
  }
  return counts
}

/** Sets that are the same to the packing. */
interface TileClass {
  readonly weight: number
  readonly groups: ReadonlySet<string>
  readonly members: number[]
  tiles: number
}

/**
 * Tries all combinations, worker by worker, starting with those that leave the fewest units free.
 */
function search(bins: readonly Bin[], sets: readonly TileSet[]): number[][] | undefined {
  if (bins.length > SEARCH_BINS_MAX) return undefined
  const classes = classesOf(sets)
  const freeFrom = new Array<number>(bins.length + 1).fill(0)
  for (let bin = bins.length - 1; bin >= 0; bin--)
    freeFrom[bin] = freeFrom[bin + 1] + bins[bin].free
  const failed = new Set<string>()
  const chosen: number[][] = bins.map(() => classes.map(() => 0))
  const left = classes.map((one) => one.tiles)
  let steps = 0

  const fillBin = (bin: number): boolean => {
    if (left.every((tiles) => tiles === 0)) return true
    const needed = left.reduce((sum, tiles, index) => sum + tiles * classes[index].weight, 0)
    if (bin === bins.length || needed > freeFrom[bin]) return false
    const key = `${bin}:${left.join()}`
    if (failed.has(key)) return false
    if (chooseClass(bin, 0, bins[bin].free)) return true
    failed.add(key)
    return false
  }

  const chooseClass = (bin: number, index: number, free: number): boolean => {
    if (++steps > SEARCH_STEPS_MAX) return false
    const fits = (one: number) =>
      classes[one].groups.has(bins[bin].group) && left[one] > 0 && classes[one].weight <= free
    // Skip workers with room for one more tile: any arrangement can be changed into one without
    // such room.
    if (index === classes.length) return !classes.some((_, one) => fits(one)) && fillBin(bin + 1)
    const most = fits(index) ? Math.min(left[index], Math.floor(free / classes[index].weight)) : 0
    for (let count = most; count >= 0; count--) {
      chosen[bin][index] = count
      left[index] -= count
      if (chooseClass(bin, index + 1, free - count * classes[index].weight)) return true
      left[index] += count
    }
    chosen[bin][index] = 0
    return false
  }

  return fillBin(0) ? dealOut(bins.length, sets, classes, chosen) : undefined
}

function classesOf(sets: readonly TileSet[]): TileClass[] {
  const classes = new Map<string, TileClass>()
  for (const [index, { tiles, weight, groups }] of sets.entries()) {
    const key = `${weight}:${[...groups].toSorted().join()}`
    const known = classes.get(key) ?? { weight, groups, members: [], tiles: 0 }
    known.members.push(index)
    known.tiles += tiles
    classes.set(key, known)
  }
  return [...classes.values()].toSorted((a, b) => b.weight - a.weight)
}

/** Turns counts of each class into counts of each set: the first set takes the first workers. */
function dealOut(
  binCount: number,
  sets: readonly TileSet[],
  classes: TileClass[],
  chosen: number[][],
): number[][] {
  const counts = sets.map(() => new Array<number>(binCount).fill(0))
  for (const [index, { members }] of classes.entries()) {
    let bin = 0
    let room = chosen[0][index]
    for (const member of members) {
      for (let left = sets[member].tiles; left > 0; ) {
        if (room === 0) {
          room = chosen[++bin][index]
          continue
        }
        const taken = Math.min(room, left)
        counts[member][bin] += taken
        room -= taken
        left -= taken
      }
    }
  }
  return counts
}
