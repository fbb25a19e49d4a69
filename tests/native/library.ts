// libheddle's parts as the simulator's tests drive them: a library of its own, built for tests.
// Owns its functions; never decides what is done with them.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import koffi from 'koffi'

const SOURCES = join(import.meta.dirname, '../../sdk/native')
/** Where set-up builds it. */
export const BUILD_FOLDER = join(SOURCES, 'build')
const SANITIZED_FOLDER = join(SOURCES, 'build-sanitized')
const FILE = join(process.env.HEDDLE_NATIVE_BUILD ?? BUILD_FOLDER, 'libheddle_testing.so')

/** Why tests of the native runtime can't run here; undefined where they can. */
export function missingLibrary(): string | undefined {
  if (existsSync(FILE)) return undefined
  const why = `${FILE} is not built: install g++ and cmake, and run "npm test" again`
  if (process.env.CI === 'true') throw new Error(why)
  return why
}

/** Runs a program of `npm run test:long` over the library with sanitizers: no word from them. */
export function runSanitized(program: string, args: string[]): void {
  const asan = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    env: {
      ...process.env,
      LD_PRELOAD: asan,
      // Node itself leaves some, and its stacks for calls are none that the sanitizer knows.
      ASAN_OPTIONS: 'detect_leaks=0',
      HEDDLE_NATIVE_BUILD: SANITIZED_FOLDER,
    },
  })
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, /no fault found/)
  assert.doesNotMatch(stderr, /ERROR|runtime error/)
}

export type Handle = unknown

const BOX = 'double, double, double, double'

/** Each function by its name, and what it takes and gives, as C has it. */
const DECLARATIONS = {
  test_calls: 'void test_calls(void *, void *, void *, void *)',
  test_last_error: 'str test_last_error()',
  test_world: 'void *test_world(int, str, uint32_t)',
  test_world_end: 'void test_world_end(void *)',
  test_owner: 'void *test_owner(void *, uint32_t, uint32_t, int, uint32_t, double)',
  test_owner_end: 'void test_owner_end(void *)',
  test_begin: 'int test_begin(void *, double, int)',
  test_interest: `void test_interest(void *, uint32_t, ${BOX})`,
  test_finish: 'int test_finish(void *)',
  test_rows: 'uint32_t test_rows(void *)',
  test_population: 'uint32_t test_population(void *)',
  test_take_positions: 'void test_take_positions(void *)',
  test_ownership: 'uint32_t test_ownership(void *, uint32_t, uint32_t, double *)',
  test_create: 'double test_create(void *, uint32_t)',
  test_delete: 'void test_delete(void *, uint32_t)',
  test_set_position: 'void test_set_position(void *, uint32_t, double, double, double)',
  test_moved: 'void test_moved(void *, uint32_t, uint32_t)',
  test_begin_piece: 'void test_begin_piece(void *, uint32_t, uint32_t)',
  test_end_piece: 'void test_end_piece(void *, uint32_t, uint32_t)',
  test_end_sweep: 'void test_end_sweep(void *)',
  test_set_destination: 'void test_set_destination(void *, uint32_t, uint32_t)',
  test_store_field:
    'int test_store_field(void *, uint32_t, uint32_t, uint32_t, uint8_t *, uint32_t)',
  test_shaped_field: 'int test_shaped_field(void *, uint32_t, uint32_t, uint32_t)',
  test_stored_field:
    'double test_stored_field(void *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t)',
  test_remove_field: 'int test_remove_field(void *, uint32_t, uint32_t)',
  test_keep_whole_index: 'void test_keep_whole_index(void *)',
  test_send: 'int test_send(void *, uint32_t, uint8_t *, uint32_t)',
  test_subscription: `void *test_subscription(void *, uint32_t, uint32_t, ${BOX})`,
  test_subscription_end: 'void test_subscription_end(void *)',
  test_move_to: `void test_move_to(void *, ${BOX})`,
  test_look: 'int test_look(void *, double)',
  test_seen: 'int test_seen(void *)',
  test_event: 'void test_event(uint32_t, int, double *)',
  test_receive: 'int test_receive(void *, uint32_t, double)',
  test_message: 'uint32_t test_message(uint32_t, uint8_t *, uint32_t *)',
  test_find: `int test_find(void *, uint32_t, double, ${BOX})`,
  test_found: 'uint32_t test_found(uint32_t)',
} as const

type Name = keyof typeof DECLARATIONS
type NativeFunction = ReturnType<ReturnType<typeof koffi.load>['func']>

/** What the library asks of the memory that it works on. */
interface MemoryCalls {
  open(memory: number, name: string, offsetBytes: number, bytes: number): number
  address(segment: number): bigint
  claim(segment: number, offsetBytes: number, bytes: number): number
  release(segment: number, offsetBytes: number, bytes: number): number
}

export function loadLibrary(calls: MemoryCalls): Record<Name, NativeFunction> {
  const library = koffi.load(FILE)
  const functions = Object.fromEntries(
    Object.entries(DECLARATIONS).map(([name, declaration]) => [name, library.func(declaration)]),
  ) as Record<Name, NativeFunction>
  const callback = (declaration: string, call: (...values: never[]) => unknown) =>
    koffi.register(call, koffi.pointer(koffi.proto(declaration)))
  functions.test_calls(
    callback('int OpenCall(int, str, double, double)', calls.open),
    callback('uint64_t AddressCall(int)', calls.address),
    callback('int ClaimCall(int, double, double)', calls.claim),
    callback('int ReleaseCall(int, double, double)', calls.release),
  )
  return functions
}
