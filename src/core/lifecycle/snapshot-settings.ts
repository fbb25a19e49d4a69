// Settings of automatic snapshots in an operator's configuration and a simulation's tags.
// Owns how each value is written; heddle-tags.ts decides which of the two wins.

import { z } from 'zod'
import type { S3Place } from '../../base/s3-uri.ts'

export interface SnapshotSettings {
  /** Absent: no automatic snapshots. */
  every?: SnapshotEvery
  /** The key is a prefix, empty for none. */
  to?: S3Place
  /** The number of newest snapshots to keep. */
  keep: number
  /** Whether a simulation restarts if its worker is lost. */
  restart: boolean
}

export const snapshotEveryShape = z.union([
  z.object({ ticks: z.number() }),
  z.object({ ms: z.number() }),
])
type SnapshotEvery = z.infer<typeof snapshotEveryShape>

export const defaultSnapshotSettings: Readonly<SnapshotSettings> = Object.freeze({
  keep: 3,
  restart: false,
})

export const SNAPSHOTS_KEPT_MAX = 9999

const unitMs: Record<string, number> = { M: 60_000, H: 3_600_000, D: 86_400_000 }

/** Parses `10M`, `2H`, `1D`, `5000 ticks` or `never`; undefined for any other text. */
export function parseSnapshotEvery(text: string): SnapshotEvery | 'never' | undefined {
  if (text === 'never') return text
  const rhythm = /^([1-9]\d{0,8}) ?(ticks|M|H|D)$/i.exec(text)
  if (!rhythm) return undefined
  const ms = unitMs[rhythm[2].toUpperCase()]
  return ms === undefined ? { ticks: Number(rhythm[1]) } : { ms: Number(rhythm[1]) * ms }
}
