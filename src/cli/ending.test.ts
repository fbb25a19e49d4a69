import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../base/testing/hooks.ts'
import { waitFor } from '../control/testing/control-fixture.ts'
import { partitionOf, type TestEntity } from '../core/snapshot/states.testing.ts'
import { encodedHere } from '../joints/snapshot/encoded.testing.ts'
import { writeSnapshot } from '../joints/snapshot/snapshot-file.ts'
import { runProgram } from './testing/run-program.ts'

const launcher = join(import.meta.dirname, '../../bin/heddle')

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-ending-'))
})
after(() => rm(folder, { recursive: true }))

const environment = () => ({
  PATH: process.env.PATH,
  HEDDLE_DATA: join(folder, 'data'),
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
})

async function snapshotOf(name: string, count: number): Promise<string> {
  const entities = Array.from({ length: count }, (_, at): TestEntity => {
    return { id: 2 ** 32 + at, type: 512, position: [at, 0, 0], fields: {} }
  })
  const header = {
    simulationName: name,
    executionId: 'one',
    tick: 1,
    takenAtMs: 0,
    nextIdLane: 2,
    grids: [],
    apps: [],
    schemaText: '',
    heddleVersion: '0.1.0',
  }
  const state = partitionOf(entities, { name: 'app', lifecycle: 'ByRequest' })
  delete state.cell
  const file = join(folder, `${name}.zip`)
  await writeFile(file, writeSnapshot(header, encodedHere([state])).bytes)
  return file
}

test('a command whose reader has seen enough ends without a word', async () => {
  const files = [await snapshotOf('none', 0), await snapshotOf('many', 20_000)]
  const pipe = `'${launcher}' snapshot diff '${files[0]}' '${files[1]}' --list | head -n 1`
  const { out, err } = await runProgram('sh', ['-c', pipe], { env: environment() })
  assert.match(out, /^added \d+\n$/)
  assert.equal(err, '')
})

/**
 * Runs a command with one of its outputs closed by the reader at once; `said` is the text on the
 * other one.
 */
async function unread(
  command: string,
  stream: 'stdout' | 'stderr',
): Promise<{ code: number | null; said: string }> {
  const child = spawn(launcher, command.split(' '), {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = once(child, 'close')
  child[stream].destroy()
  let said = ''
  child[stream === 'stdout' ? 'stderr' : 'stdout'].on('data', (chunk) => {
    said += chunk
  })
  const [code] = await exit
  return { code, said }
}

test('every command ends without a word where nobody reads its output', async () => {
  for (const command of ['--help', 'status', 'up --help', 'down', 'access user ls', 'audit'])
    assert.deepEqual(await unread(command, 'stdout'), { code: 0, said: '' }, command)
})

test('an error that nobody reads is the same error', async () => {
  assert.deepEqual(await unread('nonsense', 'stderr'), { code: 2, said: '' })
  assert.deepEqual(await unread('logs none', 'stderr'), { code: 1, said: '' })
})

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  test(`${signal} leaves nothing of an object that is being read`, async (context) => {
    // An object store that stops in the middle of an object.
    const store = createServer((_, response) => {
      response.writeHead(200, {
        'content-length': 1_000_000,
        'content-type': 'application/zip',
        etag: '"a"',
      })
      response.write(Buffer.alloc(100_000))
    }).listen(0, '127.0.0.1')
    context.after(() => {
      store.closeAllConnections()
      store.close()
    })
    await once(store, 'listening')
    const endpoint = `http://127.0.0.1:${(store.address() as AddressInfo).port}`
    const copies = await mkdtemp(join(folder, 'copies-'))
    const keys = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' }
    const command = spawn(
      launcher,
      ['snapshot', 'verify', 's3://bucket/a.zip', '--endpoint', endpoint],
      {
        env: { ...environment(), ...keys, TMPDIR: copies },
        stdio: 'ignore',
      },
    )
    const ended = once(command, 'exit')
    await waitFor('the copy of the object', async () => {
      const [copy] = await readdir(copies)
      return copy && (await readdir(join(copies, copy)))[0]
    })
    command.kill(signal)
    assert.deepEqual(await ended, [null, signal])
    assert.deepEqual(await readdir(copies), [])
  })
