// Data fields with a declared shape: what their bytes mean, so that they can be read and written as typed arrays.
// Owns the arithmetic of shapes; never touches the fabric.

import { fieldIndexMax } from '../../../src/core/fabric/layout.ts'
import { HeddleError } from './errors.ts'
import { refuseDataType } from './model.ts'

const kinds = {
  u8: { bytes: 1, of: Uint8Array },
  i8: { bytes: 1, of: Int8Array },
  u16: { bytes: 2, of: Uint16Array },
  i16: { bytes: 2, of: Int16Array },
  u32: { bytes: 4, of: Uint32Array },
  i32: { bytes: 4, of: Int32Array },
  f32: { bytes: 4, of: Float32Array },
  f64: { bytes: 8, of: Float64Array },
} as const

type Kind = keyof typeof kinds

/** Numbers of one kind, little endian: `'u16'` is one, `'f32x3'` are three in a row. */
export type NumbersShape = Kind | `${Kind}x${number}`

/** One kind of numbers, or named members of several: `{ velocity: 'f32x2', health: 'u16' }`. Members lie in the order of the object, each aligned to its kind. */
export type Shape = NumbersShape | { readonly [member: string]: NumbersShape }

type ArrayOf<Numbers> = Numbers extends `${infer Name extends Kind}x${number}`
  ? InstanceType<(typeof kinds)[Name]['of']>
  : Numbers extends Kind
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

interface Member {
  name: string
  kind: Kind
  count: number
  offsetBytes: number
}

/** A data field whose values all have one shape. Made by `defineField`. */
export class Field<Of extends Shape = Shape> {
  readonly index: number
  readonly typeId: number
  readonly shape: Of
  /** Of one value. */
  readonly bytes: number
  /** What a row's bytes must be a multiple of, so that typed arrays can lie on them. */
  readonly alignBytes: number
  readonly #members: readonly Member[]

  constructor(options: FieldOptions<Of>) {
    const { index, typeId, shape } = options ?? {}
    if (!Number.isInteger(index) || index < 1 || index > fieldIndexMax)
      throw new HeddleError(
        'InvalidArgument',
        `a field index is a whole number from 1 to ${fieldIndexMax}, not ${index}`,
      )
    const refusal = refuseDataType(typeId)
    if (refusal) throw new HeddleError('InvalidArgument', refusal)
    this.index = index
    this.typeId = typeId
    this.shape = shape
    if (typeof shape !== 'string' && (typeof shape !== 'object' || shape === null))
      throw new HeddleError('InvalidArgument', `a shape is a kind of number or an object of named ones, not ${shape}`)
    const members = typeof shape === 'string' ? [['', shape] as const] : Object.entries(shape as Record<string, string>)
    if (members.length === 0) throw new HeddleError('InvalidArgument', 'a shape has at least one member')
    let end = 0
    let alignBytes = 1
    this.#members = members.map(([name, numbers]) => {
      const { kind, count } = parseNumbers(name, numbers)
      const { bytes } = kinds[kind]
      const offsetBytes = Math.ceil(end / bytes) * bytes
      end = offsetBytes + bytes * count
      alignBytes = Math.max(alignBytes, bytes)
      return { name, kind, count, offsetBytes }
    })
    this.bytes = Math.ceil(end / alignBytes) * alignBytes
    this.alignBytes = alignBytes
  }

  /** Typed arrays on rows of `strideBytes` each. Throws InvalidState where they can't lie on such rows. */
  columnsOn(data: Uint8Array, strideBytes: number, rows: number): ColumnsOf<Of> {
    if (strideBytes % this.alignBytes !== 0 || strideBytes < this.bytes)
      throw new HeddleError(
        'InvalidState',
        `field ${this.index} is kept with ${strideBytes} bytes a row there, which does not suit its shape: was data of another shape stored in it?`,
      )
    const columns = this.#members.map(({ name, kind, offsetBytes }): [string, Column<unknown>] => {
      const { bytes, of } = kinds[kind]
      const values = new of(data.buffer as ArrayBuffer, data.byteOffset, (rows * strideBytes) / bytes)
      return [name, { values, stride: strideBytes / bytes, offset: offsetBytes / bytes }]
    })
    return (typeof this.shape === 'string' ? columns[0][1] : Object.fromEntries(columns)) as ColumnsOf<Of>
  }
}

/**
 * Declares a data field by its shape, once for all ticks: `const velocity = defineField({ index: 1, typeId: 600, shape: 'f32x3' })`.
 * Throws InvalidArgument for a bad index, type id or shape.
 */
export function defineField<const Of extends Shape>(options: FieldOptions<Of>): Field<Of> {
  return new Field(options)
}

function parseNumbers(name: string, text: unknown): { kind: Kind; count: number } {
  const match = /^(u8|i8|u16|i16|u32|i32|f32|f64)(?:x([1-9]\d{0,4}))?$/.exec(String(text))
  if (!match) {
    const where = name === '' ? 'a shape' : `the shape of member '${name}'`
    throw new HeddleError(
      'InvalidArgument',
      `${where} is a kind of number (${Object.keys(kinds).join(', ')}), or one with a count like 'f32x3'; not '${text}'`,
    )
  }
  return { kind: match[1] as Kind, count: Number(match[2] ?? 1) }
}

/** Throws InvalidArgument for anything that `defineField` has not made: types alone don't keep it out at run time. */
export function demandField(field: unknown): void {
  if (!(field instanceof Field))
    throw new HeddleError('InvalidArgument', 'a field is what defineField returns; its options alone are none')
}
