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
  return `${folderOf(prefix ?? '')}snapshot/${simulationName}-${stamp}.zip`
}

function folderOf(prefix: string): string {
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
}
