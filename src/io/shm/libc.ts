// The system calls that shared memory needs and Node lacks: mmap, fallocate, madvise and futex.
// Owns the foreign-function declarations and error numbers; never decides what is mapped or waited
// for.

import koffi from 'koffi'
import type { Range } from '../../base/memory.ts'

const libc = koffi.load(null)
const mmapCall = libc.func(
  'void *mmap(void *address, size_t bytes, int protection, int flags, int file, int64_t offset)',
)
const fallocateCall = libc.func('int fallocate(int file, int mode, int64_t offset, int64_t bytes)')
const madviseCall = libc.func('int madvise(void *address, size_t bytes, int advice)')
const futexCall = libc.func(
  'long syscall(long number, void *address, int operation, uint32_t value, void *timeout, ' +
    'void *unused, uint32_t unused2)',
)

const PROTECTION_NONE = 0
const PROTECTION_READ = 1
const PROTECTION_WRITE = 2
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MAP_FIXED = 0x10
const MAP_ANONYMOUS = 0x20
const MAP_NO_RESERVE = 0x4000
const NOT_NEEDED = 4
const PAGE_BYTES = 4096n
const KEEP_SIZE = 1
const PUNCH_HOLE = 2
const FUTEX_NUMBER = process.arch === 'arm64' ? 98 : 202
const FUTEX_WAIT_OPERATION = 0
const FUTEX_WAKE_OPERATION = 1
const WAKE_ALL = 0x7fffffff
const ERROR_NUMBERS = { interrupted: 4, noMemory: 12, noSpace: 28 }

export type Address = bigint

/**
 * Reserves a range of addresses without memory. Throws with the error number if the system refuses.
 */
export function reserveAddresses(bytes: number): { address: Address; buffer: ArrayBuffer } {
  const address = mapped(
    mmapCall(null, bytes, PROTECTION_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NO_RESERVE, -1, 0),
    bytes,
  )
  return { address, buffer: koffi.view(address, bytes) as ArrayBuffer }
}

/**
 * Maps a range of a file over reserved addresses. Throws with the error number if the system
 * refuses.
 */
export function mapFile(
  address: Address,
  file: number,
  { offsetBytes, bytes }: Range,
  writable: boolean,
): void {
  const protection = PROTECTION_READ | (writable ? PROTECTION_WRITE : 0)
  mapped(
    mmapCall(
      address,
      bytes,
      protection,
      MAP_SHARED | MAP_FIXED | MAP_NO_RESERVE,
      file,
      offsetBytes,
    ),
    bytes,
  )
}

function mapped(result: unknown, bytes: number): Address {
  const address = BigInt((result as Address | null) ?? 0)
  if (BigInt.asIntN(64, address) > 0n) return address
  throw new Error(`mmap of ${bytes} bytes failed with error number ${koffi.errno()}`)
}

/**
 * Allocates memory for a range of a file, whose length does not change. Returns false if no memory
 * is left; throws on any other error.
 */
export function allocate(file: number, offsetBytes: number, bytes: number): boolean {
  for (;;) {
    if (fallocateCall(file, KEEP_SIZE, offsetBytes, bytes) === 0) return true
    const errorNumber = koffi.errno()
    // The file system is full, or the memory that the process group may use is.
    if (errorNumber === ERROR_NUMBERS.noSpace || errorNumber === ERROR_NUMBERS.noMemory)
      return false
    if (errorNumber !== ERROR_NUMBERS.interrupted)
      throw new Error(`fallocate of ${bytes} bytes failed with error number ${errorNumber}`)
  }
}

/**
 * Frees the memory of a range of a file, even while it is mapped. Its bytes then read as zero.
 * Throws with the error number if the system refuses.
 */
export function release(file: number, offsetBytes: number, bytes: number): void {
  while (bytes > 0 && fallocateCall(file, KEEP_SIZE | PUNCH_HOLE, offsetBytes, bytes) !== 0) {
    const errorNumber = koffi.errno()
    if (errorNumber !== ERROR_NUMBERS.interrupted)
      throw new Error(`punching a hole of ${bytes} bytes failed with error number ${errorNumber}`)
  }
}

/**
 * Frees the memory of a buffer that is no longer read. Its whole pages then hold zeros, and take
 * memory again when they are written. V8 frees the buffer itself once the last thread has collected
 * it. That can take hours, since V8 does not know how much memory a shared buffer holds.
 */
export function discard(buffer: SharedArrayBuffer): void {
  const start: Address = koffi.address(buffer)
  const firstPage = ((start + PAGE_BYTES - 1n) / PAGE_BYTES) * PAGE_BYTES
  const end = ((start + BigInt(buffer.byteLength)) / PAGE_BYTES) * PAGE_BYTES
  if (end > firstPage) madviseCall(firstPage, end - firstPage, NOT_NEEDED)
}

/**
 * Sleeps while the word holds `expected`, at most `timeoutMs`. It can wake early, so the caller
 * must check the word again.
 */
export function futexWait(word: Address, expected: number, timeoutMs: number): void {
  if (timeoutMs !== waitTimeMs) {
    waitTimeMs = timeoutMs
    waitTime = timespec(timeoutMs)
  }
  futexCall(FUTEX_NUMBER, word, FUTEX_WAIT_OPERATION, expected >>> 0, waitTime, null, 0)
}

/** The duration of the last wait, kept because most waits use the same one. */
let waitTimeMs = 0
let waitTime = timespec(waitTimeMs)

/** Waits without blocking the event loop: a thread of the pool sleeps. */
export function futexWaitAsync(word: Address, expected: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    futexCall.async(
      FUTEX_NUMBER,
      word,
      FUTEX_WAIT_OPERATION,
      expected >>> 0,
      timespec(timeoutMs),
      null,
      0,
      (error: Error | null) => (error ? reject(error) : resolve()),
    )
  })
}

/** Wakes all waiters of the word. */
export function futexWakeAll(word: Address): void {
  futexCall(FUTEX_NUMBER, word, FUTEX_WAKE_OPERATION, WAKE_ALL, null, null, 0)
}

function timespec(timeoutMs: number): Buffer {
  const time = Buffer.alloc(16)
  const seconds = Math.floor(timeoutMs / 1000)
  time.writeBigInt64LE(BigInt(seconds), 0)
  time.writeBigInt64LE(BigInt(Math.max(0, Math.floor((timeoutMs - seconds * 1000) * 1e6))), 8)
  return time
}
