// Remembers what a function made of the same text or number before.
// Owns the bound of its memory; only for what is the same whenever it is made, and is never
// changed.

/**
 * The same function, which makes nothing twice of the last `countMax` values that were new to it.
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
