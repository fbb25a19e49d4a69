// What makes two inputs the same request, and how its stored answer is read. Owns the hash; never
// stores a token (io/store does).

import { createHash } from 'node:crypto'
import type { z } from 'zod'
import { parseValue } from '../../base/parse.ts'
import { ApiError } from '../../core/api/errors.ts'
import { type IdempotencyToken, StoreError } from '../../io/store/store.ts'

/** How long tokens are remembered. */
export const TOKEN_AGE_MS_MAX = 7 * 86_400_000

/** Undefined if the caller gave no token. */
export function idempotencyToken(
  operation: string,
  input: { readonly ClientToken?: string },
  nowMs: number,
): IdempotencyToken | undefined {
  const { ClientToken: token, ...rest } = input
  if (token === undefined) return undefined
  const inputHash = createHash('sha256').update(canonical(rest)).digest('hex')
  return { operation, token, inputHash, createdAtMs: nowMs }
}

export function tokenMisused(): ApiError {
  return new ApiError(
    'ConflictException',
    'this ClientToken was used before with other input; give a new token for a new request',
  )
}

/** Throws StoreError `Unreadable` if the answer that the store has is none of this operation. */
export function readAnswer<Shape extends z.ZodType>(
  operation: string,
  shape: Shape,
  answer: unknown,
): z.output<Shape> {
  const { content, fault } = parseValue(shape, answer)
  if (fault !== undefined)
    throw new StoreError(
      'Unreadable',
      `an answer of ${operation} in the store is damaged: ${fault}`,
    )
  return content as z.output<Shape>
}

/** JSON with the members of every object in a fixed order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}
