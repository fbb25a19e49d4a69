import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { SCRIPTED_WORKER, startInput, waitFor } from '../control/testing/control-fixture.ts'
import { postSigned } from './testing/post-signed.ts'
import { runProgram } from './testing/run-program.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/heddle', import.meta.url))
const SETPRIV = '/usr/bin/setpriv'
/** A user id that no account and no other run of this test has. */
const USER = 100_000 + process.pid

test('another user runs simulations with the defaults, in memory of its own', async (context) => {
  if (!mayBecomeOthers()) return context.skip('only root can become another user')
  const { data, fabric, heddle, up } = await place(context)

  // Another user created the folder first.
  mkdirSync(fabric, { mode: 0o755 })
  const taken = await heddle('up', '--port', '0')
  assert.deepEqual([taken.code, taken.out], [1, ''])
  assert.equal(
    taken.err,
    `heddle: the folder for shared memory ${fabric} belongs to another user ` +
      `(0; this is ${USER}); ` +
      'name another one with --fabric-dir (HEDDLE_FABRIC_DIR)\n',
  )
  rmSync(fabric, { recursive: true })
  symlinkSync(data, fabric)
  assert.match((await heddle('up', '--port', '0')).err, /heddle-\d+ is a link; name another one/)
  assert.equal((await heddle('down')).code, 0)
  rmSync(fabric)

  const { url } = await up()
  const { uid, mode } = statSync(fabric)
  assert.deepEqual([uid, mode & 0o7777], [USER, 0o700])
  const started = await postSigned(
    url,
    join(data, 'credentials'),
    '/startsimulation',
    startInput('world'),
  )
  assert.equal(started.status, 200, JSON.stringify(started.body))
  await waitFor(
    'the world to run',
    async () => /^world +STARTED/m.test((await heddle('status')).out) || undefined,
  )
  assert.deepEqual(readableByOthers(data), [])
  assert.match((await heddle('down')).out, /^simulation world: STOPPED\n/)
  assert.equal(existsSync(fabric), false)
})

test('a start fails with the reason if its shared memory changes hands', async (context) => {
  if (!mayBecomeOthers()) return context.skip('only root can become another user')
  const { data, fabric, heddle, up } = await place(context)
  const { url } = await up()
  rmSync(fabric, { recursive: true })
  mkdirSync(fabric)
  await postSigned(url, join(data, 'credentials'), '/startsimulation', startInput('robbed'))
  await waitFor(
    'the failure',
    async () => /robbed +FAILED/.test((await heddle('status')).out) || undefined,
  )
  assert.match(
    (await heddle('status')).out,
    /could not be started: the folder for shared memory .* belongs to another user/,
  )
  rmSync(fabric, { recursive: true })
  await postSigned(url, join(data, 'credentials'), '/startsimulation', startInput('well'))
  await waitFor(
    'the next one',
    async () => /well +STARTED/.test((await heddle('status')).out) || undefined,
  )
})

function mayBecomeOthers(): boolean {
  return process.getuid?.() === 0 && existsSync(SETPRIV)
}

/** A data folder that already exists, and that others may read. */
async function place(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-user-'))
  const data = join(folder, 'data')
  const fabric = `/dev/shm/heddle-${USER}`
  mkdirSync(data)
  for (const each of [folder, data]) {
    chmodSync(each, 0o755)
    chownSync(each, USER, USER)
  }
  const children: ChildProcess[] = []
  const words = ['--reuid', String(USER), '--regid', String(USER), '--clear-groups', '--', LAUNCHER]
  const environment = {
    PATH: process.env.PATH,
    HOME: folder,
    HEDDLE_WORKER_PROGRAM: SCRIPTED_WORKER,
  }
  const heddle = (...args: string[]) =>
    runProgram(SETPRIV, [...words, ...args, '--data', data], { cwd: folder, env: environment })
  context.after(async () => {
    await heddle('down')
    for (const child of children) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
    await rm(fabric, { recursive: true, force: true })
  })
  const up = async (): Promise<{ url: string }> => {
    const child = spawn(SETPRIV, [...words, 'up', '--port', '0', '--data', data], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.push(child)
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk
      })
    const closed = once(child, 'close')
    const url = await Promise.race([
      waitFor('heddle ready', () => /^heddle ready (http:\S+)\n[\s\S]*Ctrl-C/m.exec(said)?.[1]),
      closed.then(() => assert.fail(`heddle up ended: ${said}`)),
    ])
    return { url }
  }
  return { data, fabric, heddle, up }
}

/** Entries of a folder that others may read, write or enter. */
function readableByOthers(folder: string): string[] {
  return readdirSync(folder).filter((name) => (statSync(join(folder, name)).mode & 0o077) !== 0)
}
