import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CSHARP_FILES } from './generate-csharp-binding.ts'
import { nativeHeaderFile, readNativeHeader } from './native-header.ts'

const RUNTIME = join(import.meta.dirname, '../sdk/csharp/Runtime')

test('what C# takes from heddle.h is fresh: run `npm run docs` after a change', () => {
  for (const [path, text] of CSHARP_FILES) assert.equal(readFileSync(path, 'utf8'), text())
})

test('the header is read whole', () => {
  const text = readFileSync(nativeHeaderFile, 'utf8')
  const { functions, structures, enumerations, callbacks } = readNativeHeader()
  const count = (pattern: RegExp) => [...text.matchAll(pattern)].length
  assert.equal(functions.length, count(/^HEDDLE_API /gm))
  assert.equal(structures.length, count(/^typedef struct \w+ \{/gm))
  assert.equal(enumerations.length, count(/^typedef enum/gm))
  assert.equal(callbacks.length, count(/^typedef [\w ]+\(\*/gm))
})

test('comments, lists of members and arrays of the header are read', () => {
  const { structures, enumerations } = readNativeHeader(`
/* A box,
 * in units. */
typedef struct heddle_box {
  /* Lower, and upper; both. */
  float min, max;
  const double *ids[3];
} heddle_box;

/* Not of what follows later. */
int other;
typedef enum heddle_kind { /* One, first. */ HEDDLE_ONE = 1, HEDDLE_TWO = 2 } heddle_kind;
`)
  const float = { type: 'float', pointers: 0 }
  assert.deepEqual(structures, [
    {
      name: 'heddle_box',
      comment: 'A box, in units.',
      members: [
        { ...float, name: 'min', comment: 'Lower, and upper; both.' },
        { ...float, name: 'max', comment: '' },
        { type: 'double', pointers: 1, name: 'ids', count: 3, comment: '' },
      ],
    },
  ])
  assert.deepEqual(enumerations, [
    {
      name: 'heddle_kind',
      comment: '',
      members: [
        { name: 'HEDDLE_ONE', value: 1, comment: 'One, first.' },
        { name: 'HEDDLE_TWO', value: 2, comment: '' },
      ],
    },
  ])
})

const NOT_CALLED = new Set([
  // heddle_wait_for_update does the same, for any time.
  'heddle_begin_update_will_block',
  // The names of ErrorCode are its texts; tests/csharp compares them.
  'heddle_error_name',
  // Three numbers are copied anyway.
  'heddle_lend_position',
])

test('C# calls every function of the header', () => {
  const sources = globSync('*.cs', { cwd: RUNTIME })
    .filter((name) => name !== 'Native.cs')
    .map((name) => readFileSync(join(RUNTIME, name), 'utf8'))
    .join('\n')
  const native = readFileSync(join(RUNTIME, 'Native.cs'), 'utf8')
  for (const { name } of readNativeHeader().functions) {
    const [, method] =
      new RegExp(`"${name}"\\)\\]\\s+internal static extern \\S+ (\\w+)`).exec(native) ?? []
    const isCalled = new RegExp(`\\bNative\\.${method}\\(`).test(sources)
    assert.equal(isCalled, !NOT_CALLED.has(name), name)
  }
})
