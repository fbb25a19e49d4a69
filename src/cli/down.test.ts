import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { dataFolder, hostOf } from '../control/data-folder.ts'
import { shutDown } from '../control/shutdown.ts'
import { SCRIPTED_WORKER, startInput, waitFor } from '../control/testing/control-fixture.ts'
import { isAlive } from '../io/launch/processes.ts'
import { openSqliteStore } from '../io/store/sqlite-store.ts'
import { runFolderIn } from '../joints/worker-host/run-folder.ts'
import { findWorkerProcess } from '../joints/worker-host/worker-process.ts'
import { postSigned } from './testing/post-signed.ts'
import { type Ended, runProgram } from './testing/run-program.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/heddle', import.meta.url))

interface Place {
  data: string
  fabric: string
  heddle(...args: string[]): Promise<Ended>
  /** `heddle up`; resolves when it is ready. */
  up(...more: string[]): Promise<{ child: ChildProcess; url: string }>
  post(url: string, path: string, input: object): Promise<{ status: number; body: unknown }>
  /** Starts a simulation with a scripted worker, and returns its execution id. */
  start(url: string, name: string, part?: string): Promise<string>
}

async function place(context: TestContext): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-down-'))
  const data = join(folder, 'data')
  const fabric = join(folder, 'fabric')
  const environment = {
    PATH: process.env.PATH,
    HOME: folder,
    HEDDLE_WORKER_PROGRAM: SCRIPTED_WORKER,
  }
  const children: ChildProcess[] = []
  const heddle = (...args: string[]) =>
    runProgram(
      LAUNCHER,
      [...args, '--data', data, ...(args[0] === 'status' ? [] : ['--fabric-dir', fabric])],
      {
        cwd: folder,
        env: environment,
      },
    )
  const post = (url: string, path: string, input: object) =>
    postSigned(url, join(data, 'credentials'), path, input)
  context.after(async () => {
    await heddle('down')
    for (const child of children) child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  return {
    data,
    fabric,
    heddle,
    post,
    async up(...more) {
      const child = spawn(
        LAUNCHER,
        ['up', '--port', '0', '--data', data, '--fabric-dir', fabric, ...more],
        {
          cwd: folder,
          env: {
            ...environment,
            HEDDLE_S3_ACCESS_KEY_ID: 'key',
            HEDDLE_S3_SECRET_ACCESS_KEY: 'secret-key',
          },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      children.push(child)
      let said = ''
      child.stdout.on('data', (chunk) => {
        said += chunk
      })
      const url = await waitFor('heddle ready', () => {
        assert.equal(child.exitCode, null, `heddle up ended: ${said}`)
        return /^heddle ready (http:\S+)\n[\s\S]*Ctrl-C/m.exec(said)?.[1]
      })
      return { child, url }
    },
    async start(url, name, part) {
      const started = await post(url, '/startsimulation', startInput(name, part))
      assert.equal(started.status, 200, JSON.stringify(started.body))
      await waitFor(`${name} to be STARTED`, async () => {
        const { out } = await heddle('status')
        return new RegExp(`^${name} +STARTED`, 'm').test(out) || undefined
      })
      return (started.body as { ExecutionId: string }).ExecutionId
    },
  }
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

test('down waits for control even if one of its requests hangs at a silent S3', async (context) => {
  const { up, start, post, heddle } = await place(context)
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  context.after(() => silent.close())
  const { port } = silent.address() as { port: number }
  const { child, url } = await up('--s3-endpoint', `http://127.0.0.1:${port}`)
  await start(url, 'world')
  const connected = once(silent, 'connection')
  const hanging = post(url, '/createsnapshot', {
    Simulation: 'world',
    Destination: { BucketName: 'bucket' },
  })
  hanging.catch(() => undefined)
  await connected
  const down = await heddle('down')
  assert.equal(down.code, 0, down.err)
  assert.equal(isAlive(child.pid!), false)
  assert.match(
    down.out,
    new RegExp(`^simulation world: STOPPED\ncontrol, process ${child.pid}: (ended|killed.*)\n$`),
  )
})

test('a control that does not end is waited for, named, and killed', async (context) => {
  const { up, data, fabric, heddle } = await place(context)
  const { child } = await up()
  child.kill('SIGSTOP')
  const second = await heddle('up', '--port', '0')
  assert.match(second.err, new RegExp(`is in use by process ${child.pid}`))
  const said: string[] = []
  const ending = shutDown({
    data: dataFolder(data),
    host: hostOf(dataFolder(data), fabric, SCRIPTED_WORKER),
    log: pino({ level: 'silent' }),
    say: (text) => said.push(text),
    controlLimitMs: 2_000,
  })
  assert.deepEqual(await ending, { simulations: [], control: { pid: child.pid, isKilled: true } })
  assert.ok(ended(child) || !isAlive(child.pid!))
  assert.deepEqual(said, [
    `waits for control, process ${child.pid}, to end: it holds ` +
      `${join(data, 'control.lock')}; it is killed after 2 s`,
    `kills control, process ${child.pid}`,
  ])
})

test('no second control serves a folder whose lock was deleted', async (context) => {
  const { up, post, data, heddle } = await place(context)
  const { child, url } = await up()
  rmSync(join(data, 'control.lock'))
  const change = await post(url, '/startsimulation', startInput('unseen'))
  assert.equal(change.status, 500)
  assert.match((change.body as { Message: string }).Message, /control\.lock was deleted/)
  const second = await heddle('up', '--port', '0')
  assert.match(second.err, new RegExp(`is in use by process ${child.pid}`))
  const down = await heddle('down')
  assert.match(down.out, new RegExp(`^control, process ${child.pid}: ended\n$`))

  const { child: next } = await up()
  rmSync(join(data, 'control.json'))
  const third = await heddle('up', '--port', '0')
  assert.match(third.err, new RegExp(`is in use by process ${next.pid}`))
  assert.match((await heddle('down')).out, new RegExp(`^control, process ${next.pid}: ended\n$`))
})

test('worlds without their store are not ended by up, and down finds them', async (context) => {
  const { up, start, data, fabric, heddle } = await place(context)
  const { child, url } = await up()
  const executionId = await start(url, 'world')
  const closed = once(child, 'close')
  child.kill('SIGINT')
  await closed
  const folder = runFolderIn(dataFolder(data).run, executionId)
  const worker = findWorkerProcess(SCRIPTED_WORKER, folder)
  mkdirSync(join(data, 'kept'))
  for (const name of readdirSync(data).filter((each) => each.startsWith('heddle.db')))
    renameSync(join(data, name), join(data, 'kept', name))

  const refused = await heddle('up', '--port', '0')
  assert.equal(refused.code, 1)
  const found = `world (process ${worker}, ${folder.folder})`
  assert.ok(
    refused.err.startsWith(
      `heddle: the store ${join(data, 'heddle.db')} is missing, ` +
        `and this simulation runs: ${found}; put the store back`,
    ),
    refused.err,
  )
  assert.equal(existsSync(join(data, 'heddle.db')), false)
  assert.equal(findWorkerProcess(SCRIPTED_WORKER, folder), worker)
  assert.match(
    (await heddle('status')).out,
    new RegExp(`^world .*process ${worker}, and the store doesn't know it`, 'm'),
  )

  await openSqliteStore(join(data, 'heddle.db')).close()
  const unknown = await heddle('up', '--port', '0')
  assert.match(unknown.err, /heddle\.db doesn't know it, and this simulation runs: world \(process/)
  assert.equal(findWorkerProcess(SCRIPTED_WORKER, folder), worker)

  for (const name of readdirSync(join(data, 'kept')))
    renameSync(join(data, 'kept', name), join(data, name))
  const again = await up()
  assert.match((await heddle('status')).out, /^world +STARTED/m)
  const againClosed = once(again.child, 'close')
  again.child.kill('SIGINT')
  await againClosed

  for (const name of readdirSync(data).filter((each) => each.startsWith('heddle.db')))
    rmSync(join(data, name))
  const down = await heddle('down')
  assert.equal(down.out, 'simulation world: STOPPED\n')
  assert.match(down.err, /doesn't know: world/)
  assert.equal(findWorkerProcess(SCRIPTED_WORKER, folder), undefined)
  assert.equal(existsSync(fabric), false)
})
