// WebAssembly functions, assembled from bytes when a program starts: for the few loops that need instructions for four numbers at once.
// Owns the module around a function's body, and the encoding of numbers; never knows what a function does.

/** What is needed of it here; Node's own types have none. */
declare const WebAssembly: {
  Memory: new (options: { initial: number }) => WasmMemory
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> }
}

/** The only memory that a function sees. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
}

const pageBytes = 65_536

/** Zeros, at least so many bytes. */
export function wasmMemory(bytes: number): WasmMemory {
  return new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) })
}

export const wasmTypes = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const

export interface WasmFunction {
  /** Types of the locals 0, 1 and so on. */
  readonly parameters: readonly number[]
  readonly result?: number
  /** Types of the locals behind the parameters. */
  readonly locals: readonly number[]
  /** Its instructions, but for the last `end`. */
  readonly body: readonly number[]
}

/** The function, over `memory`. Throws CompileError where the body is none. */
export function wasmFunction<Call extends (...numbers: number[]) => unknown>(
  memory: WasmMemory,
  { parameters, result, locals, body }: WasmFunction,
): Call {
  const section = (id: number, content: readonly number[]) => [id, ...leb(content.length), ...content]
  const results = result === undefined ? [0] : [1, result]
  const declared = locals.flatMap((type) => [1, type])
  const code = [...leb(locals.length), ...declared, ...body, 0x0b]
  const module = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, ...leb(parameters.length), ...parameters, ...results]),
    ...section(2, [1, ...text('fabric'), ...text('memory'), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('call'), 0, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ])
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), { fabric: { memory } })
  return instance.exports.call as Call
}

/** Puts a local onto the stack. */
export function get(local: number): number[] {
  return [0x20, ...leb(local)]
}

/** Takes a local from the stack. */
export function set(local: number): number[] {
  return [0x21, ...leb(local)]
}

/** Puts a constant i32 onto the stack. */
export function integer(value: number): number[] {
  return [0x41, ...signedLeb(value)]
}

/** An unsigned number, seven bits a byte. */
export function leb(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    bytes.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
    if (rest <= 0x7f) return bytes
  }
}

function signedLeb(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; ) {
    const byte = rest & 0x7f
    rest >>= 7
    const last = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)
    bytes.push(last ? byte : byte | 0x80)
    if (last) return bytes
  }
}

function text(value: string): number[] {
  return [value.length, ...new TextEncoder().encode(value)]
}
