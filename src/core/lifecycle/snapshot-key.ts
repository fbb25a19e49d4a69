// The key of a snapshot's object.
// Owns its form; never checks whether such an object exists.

/**
 * `<prefix>/snapshot/<simulation>-<YYMMdd>-<HHmm>-<ss>.zip` in UTC, as in the service. If that key
 * is taken, the caller tries the next second.
 */
export function snapshotKey(
  prefix: string | undefined,
  simulationName: string,
  atMs: number,
): string {
  const [date = '', time = ''] = new Date(atMs).toISOString().split(/[T.]/)
  const [hours, minutes, seconds] = time.split(':')
  const stamp = `${date.slice(2).replaceAll('-', '')}-${hours}${minutes}-${seconds}`
  return `${snapshotKeyPrefix(prefix, simulationName)}${stamp}.zip`
}

/** Common start of the keys of a simulation's snapshots. Keys of others may share it. */
export function snapshotKeyPrefix(prefix: string | undefined, simulationName: string): string {
  return `${folderOf(prefix ?? '')}snapshot/${simulationName}-`
}

/** Returns the second in a key; undefined if it is not a key of that simulation there. */
export function snapshotKeyTimeMs(
  prefix: string | undefined,
  simulationName: string,
  key: string,
): number | undefined {
  const beginning = snapshotKeyPrefix(prefix, simulationName)
  if (!key.startsWith(beginning)) return undefined
  const stamp = /^(\d\d)(\d\d)(\d\d)-(\d\d)(\d\d)-(\d\d)\.zip$/.exec(key.slice(beginning.length))
  if (stamp === null) return undefined
  const [year, month, day, hours, minutes, seconds] = stamp.slice(1).map(Number)
  const atMs = Date.UTC(2000 + year, month - 1, day, hours, minutes, seconds)
  return snapshotKey(prefix, simulationName, atMs) === key ? atMs : undefined
}

function folderOf(prefix: string): string {
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
}
