// The checksums that S3 clients send with a body: running sums over its bytes. Owns the arithmetic;
// never decides what a wrong sum means.

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

export interface RunningChecksum {
  update(bytes: Uint8Array): void
  /** The sum of all bytes so far; no bytes can be added afterwards. */
  digest(): Buffer
}

/** By the last part of the header's name, `x-amz-checksum-<algorithm>`. */
const algorithms: Record<string, () => RunningChecksum> = {
  crc32: () => running32((bytes, value) => crc32(bytes, value)),
  crc32c: () => running32(crc32c),
  crc64nvme: () => new Crc64Nvme(),
  md5: () => hash('md5'),
  sha1: () => hash('sha1'),
  sha256: () => hash('sha256'),
  sha512: () => hash('sha512'),
}

/** Undefined if the algorithm is unknown. */
export function startChecksum(algorithm: string): RunningChecksum | undefined {
  return Object.hasOwn(algorithms, algorithm) ? algorithms[algorithm]!() : undefined
}

function hash(name: string): RunningChecksum {
  const state = createHash(name)
  return {
    update: (bytes) => {
      state.update(bytes)
    },
    digest: () => state.digest(),
  }
}

function running32(step: (bytes: Uint8Array, value: number) => number): RunningChecksum {
  let value = 0
  return {
    update: (bytes) => {
      value = step(bytes, value)
    },
    digest: () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(value >>> 0)
      return bytes
    },
  }
}

/** Castagnoli's polynomial, bits reversed. */
const crc32cTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value
})

function crc32c(bytes: Uint8Array, before: number): number {
  let value = ~before
  for (let index = 0; index < bytes.length; index++) {
    value = crc32cTable[(value ^ bytes[index]!) & 0xff]! ^ (value >>> 8)
  }
  return ~value
}

/**
 * The polynomial of the NVMe standard, bits reversed, in two halves because numbers have no 64-bit
 * arithmetic.
 */
const crc64High = new Uint32Array(256)
const crc64Low = new Uint32Array(256)
for (let index = 0; index < 256; index++) {
  let high = 0
  let low = index
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) === 1
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (isOdd) {
      high ^= 0x9a6c9329
      low ^= 0xac4bc9b5
    }
  }
  crc64High[index] = high
  crc64Low[index] = low
}

class Crc64Nvme implements RunningChecksum {
  #high = ~0
  #low = ~0

  update(bytes: Uint8Array): void {
    let high = this.#high
    let low = this.#low
    for (let index = 0; index < bytes.length; index++) {
      const entry = (low ^ bytes[index]!) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ crc64Low[entry]!
      high = (high >>> 8) ^ crc64High[entry]!
    }
    this.#high = high
    this.#low = low
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32BE(~this.#high >>> 0)
    bytes.writeUInt32BE(~this.#low >>> 0, 4)
    return bytes
  }
}
