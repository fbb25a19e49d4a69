import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  fieldLayout,
  fieldOffset,
  indexLayout,
  messageLayout,
  partitionLayout,
} from '../src/core/fabric/memory/layout.ts'
import { strideFor, strideMax } from '../src/core/fabric/memory/sizes.ts'
import { layoutHeader, layoutHeaderFile } from './generate-layout-header.ts'

test('the C header is what the table of the layout says: run `npm run docs` after a change', () => {
  assert.equal(readFileSync(layoutHeaderFile, 'utf8'), layoutHeader())
})

const SIZES = {
  partitionCapacity: 37,
  entityLimit: 10_001,
  fieldBytesMax: 1021,
  messageLimit: 129,
  messageBytesMax: 256,
  messageHeapBytes: 33_001,
}

/** Bytes that a field must hold, and its stride before. */
const STRIDES = [0, 4, 8, 12, 28, 100, 684, 1000, 1024].flatMap((before) =>
  [0, 1, 4, 5, 9, before, before + 1, SIZES.fieldBytesMax].map((bytes) => [bytes, before]),
)

test('C and C++ compute the offsets that TypeScript does', (context) => {
  const layout = partitionLayout(SIZES)
  const field = fieldLayout(SIZES, strideMax(SIZES))
  const wanted: [string, number][] = [
    ['heddle_side_offset(1)', layout.sideOffsets[1]],
    ['heddle_header_offset()', layout.headerOffset],
    [
      'heddle_group_column_message_count(sizes, heddle_groups_offset(sizes, 1))',
      layout.groups[1].offsetBytes.messageCount,
    ],
    ['heddle_declarations_offset(sizes)', layout.declarationsOffset],
    [
      'heddle_side_column_leaving_row(sizes, heddle_columns_offset(sizes, 1))',
      layout.sides[1].offsetBytes.leavingRow,
    ],
    ['heddle_field_column_type_id(sizes, 0)', field.offsetBytes.typeId],
    ['heddle_field_data_offset(sizes)', field.dataOffset],
    ['heddle_field_offset(sizes, 7, 1)', fieldOffset(SIZES, 7, 1)],
    ['heddle_index_offset(sizes, 1)', indexLayout(SIZES).bytes],
    ['heddle_message_heap_offset(sizes)', messageLayout(SIZES).heapOffset],
    ['heddle_messages_offset(sizes, 1)', messageLayout(SIZES).bytes],
    ...STRIDES.map(([bytes, before]): [string, number] => [
      `heddle_stride_for(${bytes}, ${before}, sizes)`,
      strideFor(bytes, before, SIZES),
    ]),
  ]
  const { partitionCapacity, entityLimit, fieldBytesMax, messageLimit, messageHeapBytes } = SIZES
  const numbers = [partitionCapacity, entityLimit, fieldBytesMax, messageLimit, messageHeapBytes]
  const program = `#include <stdio.h>
#include "heddle_layout.h"
int main(void) {
  heddle_sizes sizes = {${numbers.join(', ')}};
  (void)sizes;
${wanted.map(([call]) => `  printf("%llu\\n", (unsigned long long)${call});`).join('\n')}
  return 0;
}
`
  const folder = mkdtempSync(join(tmpdir(), 'heddle-header-'))
  try {
    for (const [compiler, language, standard] of [
      ['gcc', 'c', 'c11'],
      ['g++', 'c++', 'c++17'],
    ]) {
      if (spawnSync(compiler, ['--version']).error) {
        context.diagnostic(`${compiler} is not on this machine`)
        continue
      }
      const source = join(folder, 'offsets.txt')
      const built = join(folder, 'offsets')
      writeFileSync(source, program)
      const include = dirname(fileURLToPath(layoutHeaderFile))
      const strict = ['-Wall', '-Wextra', '-Werror', '-pedantic', `-std=${standard}`]
      execFileSync(compiler, [...strict, '-x', language, '-I', include, '-o', built, source])
      const printed = execFileSync(built, { encoding: 'utf8' }).trim().split('\n').map(Number)
      assert.deepEqual(
        printed.map((value, at) => [wanted[at][0], value]),
        wanted,
      )
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
