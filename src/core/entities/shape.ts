// The meaning of a data field's bytes as an app declared it: numbers of one kind, or named members.
// Owns the arithmetic of shapes, and their text; never touches memory.

export const kinds = {
  u8: { bytes: 1, of: Uint8Array },
  i8: { bytes: 1, of: Int8Array },
  u16: { bytes: 2, of: Uint16Array },
  i16: { bytes: 2, of: Int16Array },
  u32: { bytes: 4, of: Uint32Array },
  i32: { bytes: 4, of: Int32Array },
  f32: { bytes: 4, of: Float32Array },
  f64: { bytes: 8, of: Float64Array },
} as const

export type NumberKind = keyof typeof kinds

/** Numbers of one kind, little endian: `'u16'` is one, `'f32x3'` are three in a row. */
export type NumbersShape = NumberKind | `${NumberKind}x${number}`

/**
 * One kind of numbers, or named members of several: `{ velocity: 'f32x2', health: 'u16' }`. Members
 * lie in the order of the object, each aligned to its kind.
 */
export type Shape = NumbersShape | { readonly [member: string]: NumbersShape }

export interface ShapeMember {
  /** Empty if the shape has a single member without a name. */
  name: string
  kind: NumberKind
  /** The count of numbers in the member. */
  count: number
  /** Bytes from the start of the value. */
  offsetBytes: number
}

export interface ShapeLayout {
  members: readonly ShapeMember[]
  /** Bytes of one value. */
  bytes: number
  /** The alignment of a row in bytes, so that typed arrays can view it. */
  alignBytes: number
}

/** Returns where the numbers of a shape lie, or as text why it is not a shape. */
export function layOut(shape: unknown): ShapeLayout | string {
  if (typeof shape !== 'string' && (typeof shape !== 'object' || shape === null))
    return `a shape is a kind of number or an object of named ones, not ${shape}`
  const entries: [string, unknown][] =
    typeof shape === 'string' ? [['', shape]] : Object.entries(shape)
  if (entries.length === 0) return 'a shape has at least one member'
  const members: ShapeMember[] = []
  let end = 0
  let alignBytes = 1
  for (const [name, numbers] of entries) {
    const match = /^(u8|i8|u16|i16|u32|i32|f32|f64)(?:x([1-9]\d{0,4}))?$/.exec(String(numbers))
    if (!match) {
      const where = typeof shape === 'string' ? 'a shape' : `the shape of member '${name}'`
      return (
        `${where} is a kind of number (${Object.keys(kinds).join(', ')}), ` +
        `or one with a count like 'f32x3'; not '${numbers}'`
      )
    }
    const kind = match[1] as NumberKind
    const count = Number(match[2] ?? 1)
    const { bytes } = kinds[kind]
    const offsetBytes = Math.ceil(end / bytes) * bytes
    members.push({ name, kind, count, offsetBytes })
    end = offsetBytes + bytes * count
    alignBytes = Math.max(alignBytes, bytes)
  }
  return { members, bytes: Math.ceil(end / alignBytes) * alignBytes, alignBytes }
}

/** An app's declaration of one data field. */
export interface DeclaredShape {
  /** The type id of the values that have this shape. */
  typeId: number
  shape: Shape
}

/** The text of a shape in memory and in a snapshot's manifest. */
export function declarationText({ typeId, shape }: DeclaredShape): string {
  return JSON.stringify({ typeId, shape })
}

/** Returns undefined if the text is not a declaration: text in memory is unchecked. */
export function parseDeclaration(text: string): DeclaredShape | undefined {
  try {
    const { typeId, shape } = JSON.parse(text)
    const isTypeId = Number.isInteger(typeId) && typeId >= 0 && typeId <= 0xffff_ffff
    return isTypeId && typeof layOut(shape) === 'object' ? { typeId, shape } : undefined
  } catch {
    return undefined
  }
}
