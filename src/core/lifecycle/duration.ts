// How long a simulation may run.
// Owns the reading and writing of MaximumDuration and its limit; never measures time.

import type { Refusal } from '../wire/worker-protocol.ts'

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The default limit; an operator can set another. */
const MAXIMUM_DURATION_MS_MAX = 14 * 86_400_000

/** Parses `0M` to `14D`, or to the operator's limit, into ms. */
export function parseMaximumDuration(
  text: string,
  limitMs = MAXIMUM_DURATION_MS_MAX,
): { durationMs: number } | { refusal: Refusal } {
  const parts = /^(\d{1,5})([mhd])$/i.exec(text)
  const unitMs = UNIT_MS[parts?.[2]?.toLowerCase() ?? '']
  if (parts === null || unitMs === undefined) {
    return refuse(
      `MaximumDuration '${text}' is not a number followed by M, H or D, such as 90M, 12H or 14D`,
    )
  }
  const durationMs = Number(parts[1]) * unitMs
  if (durationMs > limitMs) {
    return refuse(`MaximumDuration '${text}' is longer than the limit of ${durationText(limitMs)}`)
  }
  return { durationMs }
}

/**
 * Writes whole minutes as a MaximumDuration, in the largest unit that fits: `14D`, `36H`, `90M`.
 */
export function durationText(durationMs: number): string {
  const unit =
    ['d', 'h', 'm'].find((each) => durationMs > 0 && durationMs % UNIT_MS[each] === 0) ?? 'm'
  return `${Math.floor(durationMs / UNIT_MS[unit])}${unit.toUpperCase()}`
}

function refuse(message: string): { refusal: Refusal } {
  return { refusal: { error: 'ValidationException', message } }
}
