// "Did you mean": the known name that a mistyped one was probably meant to be.
// Owns the notion of near; never changes what was written.

/** ` (did you mean "desired"?)`, or nothing where no known name is near. */
export function suggestion(written: string, known: Iterable<string>): string {
  if (written.length > 80) return ''
  let nearest: string | undefined
  let nearestDistance = Math.max(1, Math.floor(written.length / 3)) + 1
  for (const name of known) {
    const distance = editDistance(normalized(written), normalized(name))
    if (distance < nearestDistance) {
      nearest = name
      nearestDistance = distance
    }
  }
  return nearest === undefined ? '' : ` (did you mean ${JSON.stringify(nearest)}?)`
}

/** `tickRate`, `tick-rate` and `tick_rate` are the same mistake. */
function normalized(name: string): string {
  return name.replaceAll(/[_\- ]/g, '').toLowerCase()
}

/** Counts the characters to insert, delete, replace, or swap with their neighbour. */
function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = previous[column - 1] + (from[row - 1] === to[column - 1] ? 0 : 1)
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const swapped = isSwap ? beforePrevious[column - 2] + 1 : replaced
      current.push(Math.min(replaced, swapped, previous[column] + 1, current[column - 1] + 1))
    }
    beforePrevious = previous
    previous = current
  }
  return previous[to.length]
}
