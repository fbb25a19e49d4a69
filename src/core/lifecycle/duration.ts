// How long a simulation may run.
// Owns the reading of MaximumDuration and its limit; never measures time.

import type { Refusal } from '../wire/worker-protocol.ts'

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

export const MAXIMUM_DURATION_DEFAULT = '14D'
export const MAXIMUM_DURATION_MS_MAX = 14 * 86_400_000

/** `0M` to `14D`, in ms. Source: service-api.md, Life cycles, MaximumDuration. */
export function parseMaximumDuration(text: string): { durationMs: number } | { refusal: Refusal } {
  const parts = /^(\d{1,5})([mhd])$/i.exec(text)
  const unitMs = UNIT_MS[parts?.[2]?.toLowerCase() ?? '']
  if (parts === null || unitMs === undefined) {
    return refuse(`MaximumDuration '${text}' is not a number followed by M, H or D, such as 90M, 12H or 14D`)
  }
  const durationMs = Number(parts[1]) * unitMs
  if (durationMs > MAXIMUM_DURATION_MS_MAX) {
    return refuse(`MaximumDuration '${text}' is longer than the limit of ${MAXIMUM_DURATION_DEFAULT}`)
  }
  return { durationMs }
}

function refuse(message: string): { refusal: Refusal } {
  return { refusal: { error: 'ValidationException', message } }
}
