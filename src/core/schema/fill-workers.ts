// How many tiles of each set go on each worker: packing by numbers, before anything is known of where a tile lies.
// Owns the arithmetic of units; never knows domains, cells or names.

/** A worker, as far as packing goes. */
export interface Bin {
  /** Units that are free. */
  readonly free: number
  readonly group: string
}

/** Tiles of one weight that may go on the workers of some groups. */
export interface TileSet {
  readonly tiles: number
  /** Units of one tile; 1 or more. */
  readonly weight: number
  readonly groups: ReadonlySet<string>
}

/** The exhaustive search gives up after so many steps; the arrangements that people write need a few hundred. */
const SEARCH_STEPS_MAX = 200_000
/** One level of the search is one worker; more levels would be too deep for the stack. */
const SEARCH_BINS_MAX = 1000

/** `counts[set][bin]`: even over the workers where that fits, otherwise packed tightly; undefined where nothing fits. */
export function fillWorkers(
  bins: readonly Bin[],
  sets: readonly TileSet[],
): number[][] | undefined {
  return fillEvenly(bins, sets) ?? search(bins, sets)
}

/** Heavy tiles first, each to the worker with the most free units. */
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
    // A bin that takes a tile moves to a lower level, so one way down visits all of them in order.
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

/** Sets that packing can't tell apart. */
interface TileClass {
  readonly weight: number
  readonly groups: ReadonlySet<string>
  readonly members: number[]
  tiles: number
}

/** Tries everything, worker by worker, with what leaves the fewest units free first. */
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
    // A worker with room for one more tile is never better: any arrangement can be changed into one without such room.
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

/** From numbers for each class to numbers for each set: the first set takes the first workers. */
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
