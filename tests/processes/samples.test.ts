// Samples, started as their README says, with one command of a user's Python.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { missingCompiler } from '../cpp/programs.ts'
import { missingPython } from '../python/python.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { missingTools } from '../support/tools.ts'
import { waitFor } from '../support/waiting.ts'

const run = promisify(execFile)
const PYTHON = '/usr/bin/python3'
const SAMPLES = join(import.meta.dirname, '../../samples')

/** Starts a sample, and returns the addresses of its view app by declared port. */
async function quickStart(
  heddle: Heddle,
  sample: string,
  ...options: readonly string[]
): Promise<Map<number, string>> {
  const home = mkdtempSync(join(tmpdir(), 'heddle-sample-'))
  try {
    const { stdout } = await run(
      PYTHON,
      [join(SAMPLES, 'quick_start.py'), sample, '--endpoint', heddle.endpoint, ...options],
      {
        env: {
          PATH: process.env.PATH,
          HOME: home,
          AWS_ACCESS_KEY_ID: heddle.credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: heddle.credentials.secretAccessKey,
          AWS_DATA_PATH: join(SAMPLES, '../clients/botocore'),
        },
      },
    )
    const lines = stdout.matchAll(/^port (\d+) of the view app: (\S+)$/gm)
    return new Map(Array.from(lines, ([, port, address]) => [Number(port), address]))
  } finally {
    rmSync(home, { recursive: true })
  }
}

interface Picture {
  readonly tick: number
  readonly cells: readonly (readonly [number, number, number, number])[]
  /** Id, x, y and radius of each. */
  readonly bubbles: readonly (readonly [number, number, number, number])[]
}

test('the rules of a bubble hold', { skip: missingTools('python3') }, async () => {
  const folder = join(SAMPLES, 'bubbles/spatial')
  await run('python3', ['-B', '-m', 'unittest'], { cwd: folder })
})

test('bubbles fly, change cells and split, and a browser sees them', {
  skip: missingPython() || missingTools(PYTHON),
}, async () => {
  const heddle = await startHeddle()
  try {
    const address = (await quickStart(heddle, 'bubbles')).get(7000)
    const page = await (await fetch(`http://${address}/`)).text()
    assert.match(page, /<title>Bubbles<\/title>/)
    assert.equal((await fetch(`http://${address}/other`)).status, 404)
    const picture = async () => (await (await fetch(`http://${address}/bubbles`)).json()) as Picture
    const cellOf = ({ cells }: Picture, x: number, y: number) =>
      cells.findIndex(([minX, minY, maxX, maxY]) => x >= minX && x < maxX && y >= minY && y < maxY)
    const first = await waitFor(
      async () => {
        const found = await picture()
        return found.bubbles?.length >= 60 && found
      },
      () => 'the first bubbles',
    )
    assert.equal(first.cells.length, 4)
    const before = new Map(first.bubbles.map(([id, x, y]) => [id, cellOf(first, x, y)]))
    await waitFor(
      async () => {
        const found = await picture()
        const moved = found.bubbles.filter(
          ([id, x, y]) => before.has(id) && before.get(id) !== cellOf(found, x, y),
        )
        return moved.length > 3 && found.bubbles.length > first.bubbles.length + 20
      },
      () => 'bubbles to change cells and to split',
    )
    const { Status } = await heddle.weaver.describeSimulation({ Simulation: 'bubbles' }).promise()
    assert.equal(Status, 'STARTED')
  } finally {
    await heddle.stop()
  }
})

test('walkers find their ways in C++, and a console client draws them', {
  skip: missingCompiler() || missingTools(PYTHON),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-sample-'))
  const heddle = await startHeddle()
  try {
    const ports = await quickStart(heddle, 'pathfinding', '--build-folder', folder)
    const sample = join(SAMPLES, 'pathfinding')
    await run(join(folder, 'build/rules'), [join(sample, 'map.txt')], { cwd: folder })
    const [host, port] = ports.get(7000)!.split(':')
    const { stdout } = await run(join(folder, 'console'), [host, port, '60'])
    const pictures = stdout.split(/^(?=tick )/m)
    assert.equal(pictures.length, 60)
    for (const picture of pictures) {
      assert.match(picture, /^tick \d+: 120 walkers/)
      assert.equal(picture.trimEnd().split('\n').length, 41)
    }
    assert.notEqual(pictures[0], pictures[59])
    const { Status } = await heddle.weaver
      .describeSimulation({ Simulation: 'pathfinding' })
      .promise()
    assert.equal(Status, 'STARTED')
    const client = spawn(join(folder, 'console'), [host, port])
    const ended = once(client, 'exit')
    await once(client.stdout, 'data')
    client.stdout.resume()
    await heddle.weaver
      .stopApp({ Simulation: 'pathfinding', Domain: 'View', App: 'view' })
      .promise()
    assert.deepEqual(await ended, [0, null])
  } finally {
    await heddle.stop()
    rmSync(folder, { recursive: true })
  }
})
