// Faults of a kind that some folders still have: how many at most.
// Owns the bounds. They may only become less; a folder that neither is named nor lies in one that
// is has no such fault.

/** Lines of sources that are longer than 100 columns. */
export const LONG_LINES_MAX: Readonly<Record<string, number>> = {
  'clients/typescript': 3,
  'tests/architecture': 1,
  'tests/architecture.test.ts': 7,
}

/** Numbers and texts of a module that are not written `LIKE_THIS`. */
export const LOWER_CONSTANTS_MAX: Readonly<Record<string, number>> = {
  'sdk/typescript': 2,
}

/** Comments that open with "Of", before their subject. */
export const DANGLING_COMMENTS_MAX: Readonly<Record<string, number>> = {
  'clients/typescript': 1,
}

/** The faults (`path:line …`) of the folders that have more of them than they may. */
export function beyondBounds(
  faults: readonly string[],
  bounds: Readonly<Record<string, number>>,
): string[] {
  const folderOf = (fault: string) =>
    Object.keys(bounds)
      .filter((folder) => fault.startsWith(`${folder}/`) || fault.startsWith(`${folder}:`))
      .sort((a, b) => b.length - a.length)[0] ?? ''
  const byFolder = Map.groupBy(faults, folderOf)
  return [...byFolder].flatMap(([folder, found]) => {
    const most = bounds[folder] ?? 0
    return found.length > most ? [`${folder} may have ${most}:`, ...found] : []
  })
}
