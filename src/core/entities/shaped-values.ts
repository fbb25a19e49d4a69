// Converts values of data fields with a declared shape into columns of numbers and back.
// Owns which values suit a shape, and the copying of members; never how a column is written.

import type { FieldColumn } from './partition-state.ts'
import type { ShapeLayout, ShapeMember } from './shape.ts'
import { kinds, layOut } from './shape.ts'

/**
 * A data field in a file: a column for each member holds the values that suit the declared shape. A
 * column of bytes holds all others.
 */
export interface SplitField {
  field: FieldColumn
  layout: ShapeLayout | undefined
  /** One a row: 1 if the value suits the shape. */
  suits: Uint8Array
  suitable: number
  others: number
}

export function splitField(field: FieldColumn, count: number): SplitField {
  const { lengths, typeIds, shape } = field
  const suits = new Uint8Array(count)
  const parsed = shape && layOut(shape.shape)
  const layout = typeof parsed === 'object' ? parsed : undefined
  const gaps = layout ? gapsOf(layout) : []
  const bytes = layout?.bytes ?? Number.NaN
  const typeId = shape?.typeId
  const hasGaps = gaps.length > 0
  let suitable = 0
  let present = 0
  for (let row = 0; row < count; row++) {
    const length = lengths[row]!
    if (length < 0) continue
    present++
    if (length !== bytes || typeIds[row] !== typeId) continue
    if (hasGaps && !isClear(field, row, gaps)) continue
    suits[row] = 1
    suitable++
  }
  return {
    field,
    layout: suitable > 0 ? layout : undefined,
    suits,
    suitable,
    others: present - suitable,
  }
}

/** Bytes of a value that no member covers. */
function gapsOf({ members, bytes }: ShapeLayout): number[] {
  const covered = new Uint8Array(bytes)
  for (const member of members)
    covered.fill(1, member.offsetBytes, member.offsetBytes + memberBytes(member))
  return [...covered.keys()].filter((at) => covered[at] === 0)
}

/** A value with non-zero bytes in its gaps would change on its way through a file. */
function isClear({ data, stride }: FieldColumn, row: number, gaps: readonly number[]): boolean {
  for (const gap of gaps) if (data[row * stride + gap] !== 0) return false
  return true
}

function memberBytes({ kind, count }: ShapeMember): number {
  return kinds[kind].bytes * count
}

/**
 * Returns the bytes of a member in the rows from `start` up to `end`, one after the other; zeros if
 * the value does not suit.
 */
export function gatherMember(
  { field, suits }: SplitField,
  member: ShapeMember,
  start: number,
  end: number,
): Uint8Array {
  const { data, stride } = field
  const width = memberBytes(member)
  const isWhole = width === stride && suits.indexOf(0, start) < 0
  if (isWhole) return data.subarray(start * stride, end * stride)
  const gathered = new Uint8Array((end - start) * width)
  copyMembers(data, start * stride + member.offsetBytes, stride, gathered, 0, width, {
    width,
    suits: suits.subarray(start, end),
  })
  return gathered
}

/**
 * Writes the bytes of a member back into the rows from `start` on; `suits` says which rows have
 * one.
 */
export function scatterMember(
  values: Uint8Array,
  member: ShapeMember,
  { data, stride }: FieldColumn,
  start: number,
  suits: Uint8Array,
): void {
  const width = memberBytes(member)
  copyMembers(values, 0, width, data, start * stride + member.offsetBytes, stride, { width, suits })
}

/**
 * Copies `width` bytes for each row that suits, from every `fromStride` bytes to every `toStride`
 * bytes.
 */
function copyMembers(
  from: Uint8Array,
  fromStart: number,
  fromStride: number,
  to: Uint8Array,
  toStart: number,
  toStride: number,
  { width, suits }: { width: number; suits: Uint8Array },
): void {
  const offsets = [
    from.byteOffset + fromStart,
    to.byteOffset + toStart,
    fromStride,
    toStride,
    width,
  ]
  const unit = offsets.every((offset) => offset % 4 === 0) ? 4 : 1
  const of = unit === 4 ? Uint32Array : Uint8Array
  const source = new of(
    from.buffer as ArrayBuffer,
    from.byteOffset + fromStart,
    Math.floor((from.length - fromStart) / unit),
  )
  const target = new of(
    to.buffer as ArrayBuffer,
    to.byteOffset + toStart,
    Math.floor((to.length - toStart) / unit),
  )
  const numbers = width / unit
  const sourceStep = fromStride / unit
  const targetStep = toStride / unit
  for (let row = 0; row < suits.length; row++) {
    if (suits[row] === 0) continue
    for (let at = 0; at < numbers; at++)
      target[row * targetStep + at] = source[row * sourceStep + at]!
  }
}
