// The newest committed tick, in a file: for whoever is to say what the loss of a worker has cost.
// Owns how often; after a loss of memory, too, there is then a tick.

import { writeFile } from 'node:fs/promises'

const NOTE_MS = 1_000

/** From now on, as long as the process runs. */
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
