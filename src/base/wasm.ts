// Instances of WebAssembly modules, for the few loops that need SIMD instructions.
// Owns the part of the interface that Heddle uses. Each module's source is the .wat file beside its
// user; its bytes are generated.

/** The part of the interface used here; Node's own types lack it. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  Instance: new (module: object) => { exports: object }
}

/** All memory that the module's functions can access. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
}

/** A number that the module exports, such as an address in its memory. */
export interface WasmConstant {
  readonly value: number
}

/**
 * Returns the exports of a new instance. Throws CompileError if the bytes (base64) are no module.
 */
export function wasmExports<Exports extends object>(base64: string): Exports {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports
}
