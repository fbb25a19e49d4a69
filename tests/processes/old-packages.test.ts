// Packages in the style of the original service: zips whose programs have lost their mark as
// executable, bare names, launch scripts in folders that call other programs of the package.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { APP_LIBRARIES_FOLDER, PYTHON_SDK_FOLDER } from '../../src/io/launch/app-libraries.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { appsFolder, schema } from '../support/packages.ts'
import type { Simulation } from '../support/simulation.ts'
import { missingTools } from '../support/tools.ts'
import { waitFor } from '../support/waiting.ts'

/** As scripts of the service's samples set it. */
const LAUNCH_SCRIPT = `#!/bin/bash
export PYTHONPATH=$PYTHONPATH:$LD_LIBRARY_PATH:/roapp/lib
./tools/report "$@"
exec ./MySpatialApp
`
/** What an app may try with its package by accident. As root nothing hinders it. */
const REPORT = `#!/bin/sh
echo "arguments=$*"
echo "python=$PYTHONPATH"
echo "libraries=$LD_LIBRARY_PATH"
echo "modes=$(stat -c %a . tools bin/run-app src/app.ts | tr '\\n' ' ')"
if [ "$(id -u)" != 0 ]; then
  touch bin/run-app-2 2>/dev/null && echo "a file could be made"
  echo 2>/dev/null >> src/app.ts && echo "a file could be changed"
fi
exit 0
`
/** Python's zipfile keeps no modes of what it writes from memory, as many tools on Windows. */
const ZIP = `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as package:
    for folder, _, names in os.walk(sys.argv[2]):
        for name in names:
            path = os.path.join(folder, name)
            entry = zipfile.ZipInfo(os.path.relpath(path, sys.argv[2]))
            entry.create_system = 0
            package.writestr(entry, open(path, "rb").read())
`
const skip = missingTools('python3', 'bash')
let folder: string
let heddle: Heddle

before(async () => {
  if (skip) return
  folder = mkdtempSync(join(tmpdir(), 'heddle-old-packages-'))
  const files = {
    'bin/run-app': LAUNCH_SCRIPT,
    'bin/from-windows': LAUNCH_SCRIPT.replaceAll('\n', '\r\n'),
    'tools/report': REPORT,
    MySpatialApp: '#!/bin/sh\nexec node src/app.ts\n',
    'package.json': '{ "type": "module" }\n',
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'package', name)), { recursive: true })
    writeFileSync(join(folder, 'package', name), text)
  }
  mkdirSync(join(folder, 'package/src'))
  copyFileSync(join(appsFolder, 'idle.ts'), join(folder, 'package/src/app.ts'))
  const zip = join(folder, 'ProjectNameSpatial.zip')
  execFileSync('python3', ['-c', ZIP, zip, join(folder, 'package')])
  heddle = await startHeddle()
  await heddle.put('ProjectNameSpatial.zip', readFileSync(zip))
})
after(async () => {
  await heddle?.stop()
  if (folder) rmSync(folder, { recursive: true })
})

function launching(...command: string[]): string {
  const location = `s3://${heddle.bucket}/ProjectNameSpatial.zip`
  return schema({
    domains: { Cells: { kind: 'spatial', grid: [2, 1], command, package: location } },
  })
}

async function said(world: Simulation, app: string): Promise<string[]> {
  const stream = () => world.streams().find((name) => name.endsWith(`/${app}`)) ?? ''
  const lines = () => world.log(stream())
  await waitFor(
    () => lines().includes(`idle ${app}`),
    () => `${app} to speak; it said ${lines().join('\n')}; ${world.errors()}`,
  )
  return lines()
}

test('a bare name starts a program of the package that lost its mark', { skip }, async () => {
  const world = await heddle.startSimulation('bare', launching('MySpatialApp'))
  await said(world, 'Cells-1-0')
  await world.stop()
  assert.equal(world.errors(), '')
})

test('a launch script in a folder runs from the root of a read-only package', {
  skip,
}, async () => {
  const world = await heddle.startSimulation('scripted', launching('bin/run-app', '--seed', '7'))
  const lines = await said(world, 'Cells-0-0')
  assert.deepEqual(lines.slice(0, -1), [
    'arguments=--seed 7',
    `python=${PYTHON_SDK_FOLDER}:${APP_LIBRARIES_FOLDER}:/roapp/lib`,
    `libraries=${APP_LIBRARIES_FOLDER}`,
    'modes=555 555 555 444 ',
  ])
  await world.stop()
  assert.equal(world.errors(), '')
})

for (const [command, reason] of [
  ['bin/from-windows', /"bin\/from-windows" in \S+: its lines end as on Windows, .* LF alone/],
  ['/roapp/bin/run-app', /no such file; name it from the root of the package, without \/roapp/],
  ['src/app.ts', /"src\/app\.ts" in \S+: the file is not executable: chmod \+x it\./],
] as const) {
  test(`${command} fails with what to do`, { skip }, async () => {
    const world = await heddle.beginSimulation(`fails-${command.length}`, launching(command))
    await world.saysError(reason)
    await heddle.weaver.stopSimulation({ Simulation: world.name }).promise()
    await world.is('STOPPED')
  })
}
