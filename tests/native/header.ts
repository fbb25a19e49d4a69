// Every function of heddle.h, to be called from here: arguments are numbers, texts, or the bytes
// that a pointer points to. Owns what the types are to the caller; never decides what is called.

import { join } from 'node:path'
import koffi from 'koffi'
import { readNativeHeader, type Value } from '../../scripts/native-header.ts'
import { BUILD_FOLDER } from './library.ts'

const LIBRARY = join(process.env.HEDDLE_NATIVE_BUILD ?? BUILD_FOLDER, 'libheddle.so')

export type Pointer = bigint
export type Argument = number | string | boolean | Pointer | ArrayBufferView | null
type Call = (...values: Argument[]) => number

/** By name, without its `heddle_`. */
export function loadHeader(): Record<string, Call> {
  const library = koffi.load(LIBRARY)
  const { functions, callbacks } = readNativeHeader()
  const pointerTypes = new Set(callbacks.map(({ name }) => name))
  const typeOf = ({ type, pointers }: Pick<Value, 'type' | 'pointers'>): string => {
    if (type === 'char' && pointers === 1) return 'str'
    if (pointers > 0 || pointerTypes.has(type)) return 'void *'
    return type.startsWith('heddle_') ? 'int' : type
  }
  return Object.fromEntries(
    functions.map(({ name, returns, parameters }) => [
      name.replace(/^heddle_/, ''),
      library.func(name, typeOf(returns), parameters.map(typeOf)),
    ]),
  )
}

/** Room for what a call writes, and what stands there. */
export class Room {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly #view: DataView

  constructor(bytes: number) {
    // Aligned for whatever it is to hold.
    this.bytes = new Uint8Array(new BigUint64Array(Math.ceil(bytes / 8)).buffer)
    this.#view = new DataView(this.bytes.buffer)
  }
  u32(at: number): number {
    return this.#view.getUint32(at, true)
  }
  f32(at: number): number {
    return this.#view.getFloat32(at, true)
  }
  /** A number of 64 bits that JavaScript can hold, as an id or a size. */
  u64(at: number): number {
    return Number(this.#view.getBigUint64(at, true))
  }
  pointer(at: number): Pointer {
    return this.#view.getBigUint64(at, true)
  }
  set(at: number, kind: 'Uint32' | 'Float32' | 'Float64', value: number): this {
    this.#view[`set${kind}`](at, value, true)
    return this
  }
  set64(at: number, value: number | bigint): this {
    this.#view.setBigUint64(at, BigInt(value), true)
    return this
  }
}

/** The memory itself: good for as long as the library lends it. */
export function memoryAt(pointer: Pointer, bytes: number): ArrayBuffer {
  return bytes === 0 || pointer === 0n ? new ArrayBuffer(0) : koffi.view(pointer, bytes)
}

/** A copy of what a pointer points to. */
export function roomAt(pointer: Pointer, bytes: number): Room {
  const room = new Room(bytes)
  room.bytes.set(new Uint8Array(memoryAt(pointer, bytes)))
  return room
}
