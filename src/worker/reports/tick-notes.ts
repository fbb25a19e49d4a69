// Writes the newest committed tick to a file, so that the cost of a lost worker can be told.
// Owns how often. The file also survives a loss of the shared memory.

import { writeFile } from 'node:fs/promises'

const NOTE_MS = 1_000

/** Starts writing, until the process ends. */
export function noteTicks(
  file: string,
  tick: () => number,
  failed: (message: string) => void,
): void {
  const note = () =>
    writeFile(file, String(tick())).catch((cause: Error) => failed(`${file}: ${cause.message}`))
  void note()
  setInterval(() => void note(), NOTE_MS).unref()
}
