// One history run twice: by the TypeScript parts, and by those of libheddle. Each committed tick
// has to be the same, number by number. Owns the comparison.

import { type Happened, HistoryFailure, runHistory } from '../simulator/history.ts'
import { type Parts, realParts } from '../simulator/parts.ts'
import type { Plan } from '../simulator/plan.ts'
import { nativeParts } from './native-parts.ts'
import { visibleState } from './visible-state.ts'

interface Options {
  plan?: Plan
  ticks?: number
  /** Instead of libheddle's. */
  parts?: Parts
}

/** Throws HistoryFailure with the first number that differs. */
export function compareHistory(
  seed: number,
  { parts = nativeParts, ...options }: Options = {},
): { happened: Happened } {
  const ticks: string[][] = []
  const known: Parts = {
    ...realParts,
    committed: (fabric, tick) => ticks.push(visibleState(fabric, tick)),
  }
  const { happened, state } = runHistory(seed, { ...options, parts: known })
  let next = 0
  const compared: Parts = {
    ...parts,
    committed: (fabric, tick) => {
      const wanted = ticks[next++] ?? []
      const got = visibleState(fabric, tick)
      const lines = Math.max(got.length, wanted.length)
      for (let at = 0; at < lines; at++)
        if (got[at] !== wanted[at])
          throw new Error(
            `tick ${tick}: libheddle leaves '${got[at]}', and TypeScript '${wanted[at]}'`,
          )
    },
  }
  try {
    const other = runHistory(seed, { ...options, parts: compared })
    if (other.state !== state || next !== ticks.length)
      throw new Error('libheddle comes to another world than TypeScript')
  } catch (failure) {
    const cause = failure instanceof HistoryFailure ? failure.cause : failure
    throw new HistoryFailure(seed, { ...options, flags: ' --native' }, cause)
  }
  return { happened }
}
