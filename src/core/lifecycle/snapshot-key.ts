// The name of a snapshot's object.
// Owns its form; never looks whether an object of that name exists.

/**
 * `<prefix>/snapshot/<simulation>-<YYMMdd>-<HHmm>-<ss>.zip` in UTC, as in the service.
 * Where that second's key is taken, the caller asks again with the next second.
 */
export function snapshotKey(prefix: string | undefined, simulationName: string, atMs: number): string {
  const [date = '', time = ''] = new Date(atMs).toISOString().split(/[T.]/)
  const [hours, minutes, seconds] = time.split(':')
  const stamp = `${date.slice(2).replaceAll('-', '')}-${hours}${minutes}-${seconds}`
  return `${snapshotKeyPrefix(prefix, simulationName)}${stamp}.zip`
}

/** What the keys of all snapshots of a simulation begin with. Others' keys may as well. */
export function snapshotKeyPrefix(prefix: string | undefined, simulationName: string): string {
  return `${folderOf(prefix ?? '')}snapshot/${simulationName}-`
}

/** The second that a key names; undefined for a key that is none of that simulation there. */
export function snapshotKeyTimeMs(prefix: string | undefined, simulationName: string, key: string): number | undefined {
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
