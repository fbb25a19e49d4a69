// The newest tick that a worker without a last word is known to have committed.
// Owns the choice among what it left behind; changes nothing.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { controlRecord, fabricFiles, layoutMagic, layoutVersion } from '../../core/fabric/memory/layout.ts'
import { executionFabricFolder, TICK_FILE } from '../../core/wire/places.ts'
import type { WorkerStatus } from '../../core/wire/worker-protocol.ts'

/**
 * Its memory knows exactly; after a restart of the machine that is gone, and its note is a second
 * old or so.
 */
export function lastTick(
  places: { fabricFolder: string; runFolder: string },
  executionId: string,
  status: WorkerStatus | undefined,
): number {
  const folder = executionFabricFolder(places.fabricFolder, executionId)
  const committed = committedTick(join(folder, fabricFiles.control))
  const noted = notedTick(join(places.runFolder, TICK_FILE))
  return committed ?? Math.max(status?.tick ?? 0, noted)
}

/** Undefined where there is no control segment, or none that is understood. */
function committedTick(path: string): number | undefined {
  const head = Buffer.alloc(controlRecord.bytes)
  try {
    const file = openSync(path, 'r')
    try {
      readSync(file, head, 0, head.length, 0)
    } finally {
      closeSync(file)
    }
  } catch {
    return undefined
  }
  const { magic, layoutVersion: version, committedTick } = controlRecord.offsetBytes
  if (head.readUInt32LE(magic) !== layoutMagic || head.readUInt32LE(version) !== layoutVersion) return undefined
  const tick = head.readDoubleLE(committedTick)
  // Another program may have written over it.
  return Number.isSafeInteger(tick) && tick >= 0 ? tick : undefined
}

function notedTick(path: string): number {
  try {
    return Number(/^\d+$/.exec(readFileSync(path, 'utf8'))?.[0] ?? 0)
  } catch {
    return 0
  }
}
