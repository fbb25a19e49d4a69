// What operators read of apps that a signal ended, in each language that can bring that about.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { missingTools } from '../support/tools.ts'

const IN_C = `#include <stdio.h>
int main(void) {
  printf("about to read the map\\n");
  fflush(stdout);
  volatile int *map = 0;
  return *map;
}
`
const IN_PYTHON = `import ctypes
def read_the_map():
    ctypes.string_at(0)
print("about to read the map")
read_the_map()
`
const skip = missingTools('gcc', 'python3')
let folder: string
let heddle: Heddle

before(async () => {
  if (skip) return
  folder = mkdtempSync(join(tmpdir(), 'heddle-signals-'))
  writeFileSync(join(folder, 'reader.c'), IN_C)
  writeFileSync(join(folder, 'reader.py'), IN_PYTHON)
  execFileSync('gcc', [join(folder, 'reader.c'), '-o', join(folder, 'reader')])
  heddle = await startHeddle({ configuration: `package_folders: [${folder}]\n` })
})
after(async () => {
  await heddle?.stop()
  if (folder) rmSync(folder, { recursive: true })
})

for (const [name, command, reason] of [
  ['native', ['reader'], /ended by signal SIGSEGV; its last words in \S+: about to read the map;/],
  [
    'in-a-script',
    ['sh', '-c', './reader; exit $?'],
    /code 139 \(its shell's word for signal SIGSEGV\).*: about to read the map( \| Segm[^|;]+)?;/,
  ],
  [
    'in-python',
    ['python3', 'reader.py'],
    /signal SIGSEGV; .*about to read the map \| Fatal Python error: Segmentation fault \| .*line 3/,
  ],
] as const) {
  test(`a crash is named, with what the app said last: ${name}`, { skip }, async () => {
    const Cells = {
      kind: 'spatial',
      grid: [1, 1],
      command,
      package: `file://${folder}`,
    } as const
    const world = await heddle.beginSimulation(name, schema({ domains: { Cells } }))
    await world.saysError(reason)
    await heddle.weaver.stopSimulation({ Simulation: world.name }).promise()
    await world.is('STOPPED')
  })
}
