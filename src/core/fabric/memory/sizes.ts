// What limits a fabric: numbers that are the same for each, and the sizes of one; and how wide the
// rows of a data field are.
// Owns these numbers and rules, the C header's too; never knows where anything lies.

import { CACHE_LINE_BYTES, roundUp } from './placing.ts'

/** Field indices are 1 to this; index 0 is the position (the index key). */
export const FIELD_INDEX_MAX = 63
/**
 * Boxes that a partition can publish as read by its app. If there are more, the last one encloses
 * the rest.
 */
export const INTEREST_MAX = 16
/** Most bins of a spatial index along each axis of a cell. */
export const BINS_PER_AXIS_MAX = 64
/** Most bytes of a declaration's text. */
export const DECLARATION_BYTES_MAX = 1020

/** Sizes that determine the offsets of a fabric; the control segment has the same numbers. */
export interface FabricSizes {
  partitionCapacity: number
  entityLimit: number
  fieldBytesMax: number
  messageLimit: number
  messageBytesMax: number
  messageHeapBytes: number
  /** Data fields of one entity; as many as there are indices where absent. */
  fieldsPerEntity?: number
}

/** A stride is a multiple of so many bytes. */
export const STRIDE_STEP_BYTES = 4
/** A field that widens gets at least so many percent of its stride, so that it widens rarely. */
export const STRIDE_GROWTH_PERCENT = 150

/** The stride of a field that must hold `bytes`, and had another one before, or none: 0. */
export function strideFor(
  bytes: number,
  strideBefore: number,
  { fieldBytesMax }: FabricSizes,
): number {
  const wholeSteps = (count: number) => roundUp(count, STRIDE_STEP_BYTES)
  const needed = Math.max(STRIDE_STEP_BYTES, wholeSteps(bytes))
  if (needed <= strideBefore) return strideBefore
  if (strideBefore === 0) return needed
  const wider = wholeSteps((strideBefore * STRIDE_GROWTH_PERCENT) / 100)
  return Math.min(wholeSteps(fieldBytesMax), Math.max(needed, wider))
}

/** No field's stride is larger. */
export function strideMax({ fieldBytesMax }: FabricSizes): number {
  return roundUp(Math.max(fieldBytesMax, 1), CACHE_LINE_BYTES)
}
