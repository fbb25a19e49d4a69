// Remembers results of a function by text or number.
// Owns the bound of its memory. Use it only for results that never change.

/**
 * Returns the function with a memory: it computes nothing twice for the last `countMax` new keys.
 */
export function memoised<Key extends string | number, Made extends object | string | number>(
  countMax: number,
  make: (key: Key) => Made,
): (key: Key) => Made {
  const made = new Map<Key, Made>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    if (made.size >= countMax) made.delete(made.keys().next().value!)
    made.set(key, value)
    return value
  }
}
