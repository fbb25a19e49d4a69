// The newest tick that a worker without a last word is known to have committed.
// Owns the choice among what the worker left; changes nothing.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { controlRecord } from '../../core/fabric/memory/control-records.ts'
import { fabricFiles, LAYOUT_MAGIC, LAYOUT_VERSION } from '../../core/fabric/memory/layout.ts'
import { executionFabricFolder, TICK_FILE } from '../../core/wire/places.ts'
import type { WorkerStatus } from '../../core/wire/worker-protocol.ts'

/**
 * The memory has the exact tick. After a restart of the machine it is gone, and the note is about a
 * second old.
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

/** Returns undefined if there is no control segment, or none of a known layout. */
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
  if (head.readUInt32LE(magic) !== LAYOUT_MAGIC || head.readUInt32LE(version) !== LAYOUT_VERSION)
    return undefined
  const tick = head.readDoubleLE(committedTick)
  // Another program may have overwritten it.
  return Number.isSafeInteger(tick) && tick >= 0 ? tick : undefined
}

function notedTick(path: string): number {
  try {
    return Number(/^\d+$/.exec(readFileSync(path, 'utf8'))?.[0] ?? 0)
  } catch {
    return 0
  }
}
