// The complete apps of docs/app-sdk-python.md, used as a reader would: zipped, uploaded, and run on
// cells of their own; and its ways to import the service's calls.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { buildPackage, schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'
import { hasNumpy, missingPython } from './python.ts'

const ROOT = join(import.meta.dirname, '../..')
const page = readFileSync(join(ROOT, 'docs/app-sdk-python.md'), 'utf8')
const skip = missingPython()
let heddle: Heddle
before(async () => {
  if (!skip) heddle = await startHeddle()
})
after(() => heddle?.stop())

/** A program of the page, by the name in its first line. */
function program(file: string): string {
  const [, source] = new RegExp(`\`\`\`python\\n(# ${file}\\n[^]*?)\`\`\``).exec(page) ?? []
  assert.ok(source, `the page has no ${file}`)
  return source
}

for (const [file, entities] of [
  ['app.py', 40],
  ['flock.py', 1000],
] as const) {
  const lacks = skip || (file === 'flock.py' && !hasNumpy() && 'this machine lacks numpy')
  test(`${file} of the page runs as it stands, and its entities cross borders`, {
    skip: lacks,
  }, async () => {
    const name = file.replace('.py', '')
    const files = { [file]: program(file), 'view.py': program('view.py') }
    await heddle.put(`${name}.zip`, await buildPackage(files))
    const code = { package: `s3://${heddle.bucket}/${name}.zip` }
    const Cells = { kind: 'spatial', grid: [2, 2], ...code, command: ['python3', file] } as const
    const View = {
      kind: 'custom',
      ...code,
      command: ['python3', 'view.py'],
      ports: [7000],
    } as const
    const text = schema({ half: 100, tickRate: 'unlimited', domains: { Cells, View } })
    const world = await heddle.startSimulation(name, text, hashEvery(20))
    await world.startApp('View', 'view')
    const { EndpointInfo } = await world.appIs('View', 'view', 'STARTED')
    await world.startClock()
    const line = await world.reaches(100)
    assert.equal(line.entities, entities)
    assert.ok(line.handoffs > 0)
    const [{ Actual }] = EndpointInfo!.IngressPortMappings!
    const seen = await waitFor(async () => {
      const answer = await fetch(`http://127.0.0.1:${Actual}/`)
      const birds = Object.values((await answer.json()) as Record<string, number[]>)
      return birds.length === entities && birds
    }, `the view to see ${entities} entities`)
    assert.ok(seen.every((place) => place.length === 3 && Math.abs(place[0]) <= 100))
    assert.equal(world.errors(), '')
    await world.stop()
  })
}

test('the unit test of the page passes', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-python-page-'))
  try {
    for (const file of ['app.py', 'test_app.py']) writeFileSync(join(folder, file), program(file))
    const env = {
      PATH: process.env.PATH,
      PYTHONPATH: join(ROOT, 'sdk/python'),
      PYTHONDONTWRITEBYTECODE: '1',
    }
    const { status, stderr } = spawnSync('python3', ['-m', 'unittest'], { cwd: folder, env })
    assert.equal(status, 0, String(stderr))
    assert.match(String(stderr), /Ran 1 test/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the service’s calls are found by each import of the page, as old scripts set the path', {
  skip,
}, () => {
  const [, imports = ''] =
    /```python\n((?:import|from) .*weaver_app_sdk[\s\S]*?)```/.exec(page) ?? []
  const lines = imports.trim().split('\n')
  assert.equal(lines.length, 4)
  const libraries = join(ROOT, 'sdk/lib')
  const env = {
    PATH: process.env.PATH,
    LD_LIBRARY_PATH: libraries,
    PYTHONPATH: `:${libraries}:/roapp/lib`,
    PYTHONDONTWRITEBYTECODE: '1',
  }
  for (const line of lines) {
    const use = `${line}\nprint(api.begin_update.__name__, api.utils.__name__)`
    const printed = execFileSync('python3', ['-c', use], { env, encoding: 'utf8', cwd: '/' })
    assert.equal(printed, 'begin_update weaver_app_sdk_v1.utils\n')
  }
  const same = 'import libweaver_app_sdk_python_v1 as one\nfrom weaver_app_sdk_v1 import api\n'
  execFileSync('python3', ['-c', `${same}assert one is api`], { env, cwd: '/' })
})
