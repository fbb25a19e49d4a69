// Data fields with a declared shape: what their bytes mean, so that they can be read and written as
// typed arrays.
// Owns the views; never touches the fabric.

import {
  kinds,
  layOut,
  type NumberKind,
  type NumbersShape,
  type Shape,
  type ShapeMember,
} from '../../../src/core/entities/shape.ts'
import { FIELD_INDEX_MAX } from '../../../src/core/fabric/memory/sizes.ts'
import { HeddleError } from './errors.ts'
import { refuseDataType } from './model.ts'

export type { NumbersShape, Shape }

type ArrayOf<Numbers> = Numbers extends `${infer Name extends NumberKind}x${number}`
  ? InstanceType<(typeof kinds)[Name]['of']>
  : Numbers extends NumberKind
    ? InstanceType<(typeof kinds)[Numbers]['of']>
    : never

/** Number c of the row is `values[row * stride + offset + c]`. */
export interface Column<Values> {
  readonly values: Values
  /** In numbers, not bytes. */
  readonly stride: number
  readonly offset: number
}

/** A column, or, of a shape with members, a column for each. */
export type ColumnsOf<Of extends Shape> = Of extends string
  ? Column<ArrayOf<Of>>
  : { readonly [Member in keyof Of]: Column<ArrayOf<Of[Member]>> }

export interface FieldOptions<Of extends Shape> {
  /** 1 to 63; the same for all apps of the simulation. */
  index: number
  /** Type id that the data gets: any u32. */
  typeId: number
  shape: Of
}

/** A data field whose values all have one shape. Made by `defineField`. */
export class Field<Of extends Shape = Shape> {
  readonly index: number
  readonly typeId: number
  readonly shape: Of
  /** Bytes of one value. */
  readonly bytes: number
  /** What a row's bytes must be a multiple of, so that typed arrays can lie on them. */
  readonly alignBytes: number
  readonly #members: readonly ShapeMember[]

  constructor(options: FieldOptions<Of>) {
    const { index, typeId, shape } = options ?? {}
    if (!Number.isInteger(index) || index < 1 || index > FIELD_INDEX_MAX)
      throw new HeddleError(
        'InvalidArgument',
        `a field index is a whole number from 1 to ${FIELD_INDEX_MAX}, not ${index}`,
      )
    const refusal = refuseDataType(typeId)
    if (refusal) throw new HeddleError('InvalidArgument', refusal)
    this.index = index
    this.typeId = typeId
    this.shape = shape
    const layout = layOut(shape)
    if (typeof layout === 'string') throw new HeddleError('InvalidArgument', layout)
    this.#members = layout.members
    this.bytes = layout.bytes
    this.alignBytes = layout.alignBytes
  }

  /**
   * Typed arrays on rows of `strideBytes` each. Throws InvalidState where they can't lie on such
   * rows.
   */
  columnsOn(data: Uint8Array, strideBytes: number, rows: number): ColumnsOf<Of> {
    if (strideBytes % this.alignBytes !== 0 || strideBytes < this.bytes)
      throw new HeddleError(
        'InvalidState',
        `field ${this.index} is kept with ${strideBytes} bytes a row there, which does not ` +
          'suit its shape: was data of another shape stored in it?',
      )
    const columns = this.#members.map(({ name, kind, offsetBytes }): [string, Column<unknown>] => {
      const { bytes, of } = kinds[kind]
      const values = new of(
        data.buffer as ArrayBuffer,
        data.byteOffset,
        (rows * strideBytes) / bytes,
      )
      return [name, { values, stride: strideBytes / bytes, offset: offsetBytes / bytes }]
    })
    return (
      typeof this.shape === 'string' ? columns[0][1] : Object.fromEntries(columns)
    ) as ColumnsOf<Of>
  }
}

/**
 * Declares a data field by its shape, once for all ticks:
 * `const velocity = defineField({ index: 1, typeId: 600, shape: 'f32x3' })`. Throws InvalidArgument
 * for a bad index, type id or shape.
 */
export function defineField<const Of extends Shape>(options: FieldOptions<Of>): Field<Of> {
  return new Field(options)
}

/**
 * @internal Throws InvalidArgument for anything that `defineField` has not made: types alone don't
 * keep it out at run time.
 */
export function demandField(field: unknown): void {
  if (!(field instanceof Field))
    throw new HeddleError(
      'InvalidArgument',
      'a field is what defineField returns; its options alone are none',
    )
}
