// Instances of WebAssembly modules, for the few loops that need instructions for four numbers at once.
// Owns what is needed of the interface; a module's source is the .wat beside its user, its bytes are generated.

/** What is needed of it here; Node's own types have none. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  Instance: new (module: object) => { exports: object }
}

/** All that the module's functions see. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
}

/** A number of the module, such as a place in its memory. */
export interface WasmConstant {
  readonly value: number
}

/** The exports of a new instance. Throws CompileError where the bytes (in base64) are no module. */
export function wasmExports<Exports extends object>(base64: string): Exports {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports
}
