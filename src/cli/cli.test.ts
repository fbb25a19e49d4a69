import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { after, before } from '../base/testing/hooks.ts'
import { makeCertificate } from '../control/testing/certificates.ts'
import { SCRIPTED_WORKER, startInput, waitFor } from '../control/testing/control-fixture.ts'
import { postSigned } from './testing/post-signed.ts'
import { type Ended, runProgram } from './testing/run-program.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/heddle', import.meta.url))

let folder = ''
let data = ''
let fabric = ''
const running = new Set<ChildProcess>()

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-cli-'))
  data = join(folder, 'data')
  fabric = join(folder, 'fabric')
})
after(async () => {
  for (const child of running) child.kill('SIGKILL')
  await heddle(['down', '--data', data, '--fabric-dir', fabric])
  await rm(folder, { recursive: true, force: true })
})

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: folder, HEDDLE_WORKER_PROGRAM: SCRIPTED_WORKER }
}

async function heddle(
  args: string[],
  options: { launcher?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return runProgram(options.launcher ?? LAUNCHER, args, {
    cwd: folder,
    env: { ...environment(), ...options.env },
  })
}

interface Served {
  child: ChildProcess
  url: string
  /** Everything the command has said so far. */
  said(): string
  ended: Promise<number | null>
}

async function up(env: NodeJS.ProcessEnv = {}): Promise<Served> {
  const child = spawn(LAUNCHER, ['up', '--port', '0', '--data', data, '--fabric-dir', fabric], {
    cwd: folder,
    env: { ...environment(), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child)
    return code as number | null
  })
  const url = await waitFor('heddle ready', () => {
    assert.equal(child.exitCode, null, `heddle up ended: ${said}`)
    return /^heddle ready (http:\S+)\n[\s\S]*Ctrl-C/m.exec(said)?.[1]
  })
  return { child, url, said: () => said, ended }
}

function post(
  url: string,
  path: string,
  input: object,
  env: NodeJS.ProcessEnv = {},
): Promise<{ status: number; body: unknown }> {
  return postSigned(url, join(data, 'credentials'), path, input, env)
}

test('up serves signed calls and leaves simulations running, and down ends all', async () => {
  const first = await up()
  assert.match(first.said(), new RegExp(`AWS_SHARED_CREDENTIALS_FILE=${join(data, 'credentials')}`))
  assert.match(first.said(), /AWS_DATA_PATH=.+clients\/botocore/)
  assert.equal((await stat(join(data, 'credentials'))).mode & 0o777, 0o600)
  const started = await post(first.url, '/startsimulation', startInput('world'))
  assert.equal(started.status, 200, JSON.stringify(started.body))
  assert.equal((await fetch(`${first.url}/listsimulations`)).status, 403)
  await waitForRow('world  STARTED')

  first.child.kill('SIGINT')
  assert.equal(await first.ended, 0)
  assert.match(first.said(), /this simulation goes on without it:\n {2}world\n/)
  const away = await heddle(['status', '--data', data])
  assert.match(away.out, /control is not running[\s\S]*world {2}STARTED/)

  const second = await up()
  const clock = await post(second.url, '/startclock', { Simulation: 'world' })
  assert.deepEqual(clock, { status: 200, body: {} })

  // Besides the scripted worker's first app: one app that runs, and one that was stopped.
  for (const Name of ['eye', 'ear']) {
    await post(second.url, '/startapp', { Simulation: 'world', Domain: 'View', Name })
  }
  await post(second.url, '/stopapp', { Simulation: 'world', Domain: 'View', App: 'ear' })
  assert.match(
    (await heddle(['status', '--data', data])).out,
    /world {2}STARTED {2}STARTED +\d+ +2\/2\n/,
  )

  const down = await heddle(['down', '--data', data, '--fabric-dir', fabric])
  assert.equal(down.code, 0, down.err)
  assert.equal(down.out, `simulation world: STOPPED\ncontrol, process ${second.child.pid}: ended\n`)
  assert.equal(await second.ended, 0)
  assert.match(second.said(), /no simulation is running/)
  assert.equal(existsSync(fabric), false)
  assert.match((await heddle(['status', '--data', data])).out, /world {2}STOPPED/)
})

test("the operator's key may come from the environment, and is removed from it", async () => {
  const keys = {
    HEDDLE_ACCESS_KEY_ID: 'AKIAOFTHEOPERATOR',
    HEDDLE_SECRET_ACCESS_KEY: 'never/to+be=seen',
  }
  const served = await up({ ...keys, AWS_SECRET_ACCESS_KEY: 'never-to-be-seen-either' })
  try {
    const shown = await readFile(`/proc/${served.child.pid}/environ`, 'utf8')
    assert.match(shown, /HEDDLE_WORKER_PROGRAM=/)
    for (const secret of [...Object.values(keys), 'never-to-be-seen-either'])
      assert.ok(!shown.includes(secret), secret)
    assert.match(served.said(), /AWS_ACCESS_KEY_ID="\$HEDDLE_ACCESS_KEY_ID"/)
    assert.equal(
      (await post(served.url, '/stopsimulation', { Simulation: 'none' }, keys)).status,
      404,
    )
    assert.equal((await post(served.url, '/stopsimulation', { Simulation: 'none' })).status, 403)
  } finally {
    served.child.kill('SIGINT')
    await served.ended
  }
})

test('a limit of open files that is too low is named before anything is opened', async () => {
  const few = join(folder, 'few')
  const options = `--port 0 --data "${few}" --fabric-dir "${fabric}"`
  const command = `ulimit -n 200; exec "${LAUNCHER}" up ${options}`
  const refused = await heddle(['-c', command], { launcher: '/bin/sh' })
  assert.equal(refused.code, 1)
  assert.match(
    refused.err,
    /at most 200 files may be open at once.* needs 256: raise the limit .*ulimit -n/,
  )
  assert.equal(existsSync(join(few, 'heddle.db')), false)
})

test('down stops simulations without a control, and has nothing to do a second time', async () => {
  const served = await up()
  await post(served.url, '/startsimulation', startInput('alone'))
  await waitForRow('alone  STARTED')
  served.child.kill('SIGKILL')
  await served.ended
  const down = await heddle(['down', '--data', data, '--fabric-dir', fabric])
  assert.equal(down.out, 'simulation alone: STOPPED\n')
  assert.equal(existsSync(fabric), false)
  const again = await heddle(['down', '--data', data, '--fabric-dir', fabric])
  assert.match(again.out, /^nothing of Heddle was running/)
  assert.equal(again.code, 0)
})

test('down of a data folder that does not exist makes none', async () => {
  const none = join(folder, 'none')
  const down = await heddle(['down', '--data', none, '--fabric-dir', fabric])
  assert.equal(down.code, 0)
  assert.equal(existsSync(none), false)
})

test('an error is one line and exit code 1, and wrong usage is exit code 2', async () => {
  assert.deepEqual(await heddle(['access', 'key', 'rotate', 'nobody', '--data', data]), {
    code: 1,
    out: '',
    err: 'heddle: there is no user nobody\n',
  })
  const port = await heddle(['up', '--port', '99999', '--data', data])
  assert.deepEqual(port, {
    code: 2,
    out: '',
    err: "heddle: --port (HEDDLE_PORT) is '99999', and must be a port from 0 to 65535\n",
  })
  assert.equal((await heddle(['up', '--prot', '1'])).code, 2)
  assert.equal((await heddle(['weave'])).code, 2)
  assert.equal((await heddle([])).code, 2)
  assert.equal((await heddle(['--help'])).code, 0)
  const stack = await heddle(['up'], {
    env: { HEDDLE_PORT: 'x', HEDDLE_DATA: data, HEDDLE_DEBUG: '1' },
  })
  assert.match(stack.err, /\n {4}at /)
})

test('a port in use and a broken credentials file are named', async () => {
  const served = await up()
  const port = new URL(served.url).port
  const elsewhere = join(folder, 'elsewhere')
  const taken = await heddle(['up', '--port', port, '--data', elsewhere, '--fabric-dir', fabric])
  assert.equal(taken.code, 1)
  assert.match(
    taken.err,
    /^heddle: 127.0.0.1, port \d+, is in use; choose another with --port \(HEDDLE_PORT\)\n$/,
  )
  const twice = await heddle(['up', '--port', '0', '--data', data, '--fabric-dir', fabric])
  assert.match(
    twice.err,
    /^heddle: the data folder \S+ is in use by process \d+ \(http:\S+\); stop it with heddle down/,
  )
  await writeFile(join(elsewhere, 'credentials'), '[default]\n')
  const broken = await heddle(['up', '--port', '0', '--data', elsewhere, '--fabric-dir', fabric])
  assert.match(broken.err, /^heddle: the file \S+elsewhere\/credentials: no usable access key id/)
  served.child.kill('SIGTERM')
  assert.equal(await served.ended, 0)
})

test('logs shows streams by time, those of deleted simulations, and what is missing', async () => {
  const written = join(folder, 'written')
  const streams = join(written, 'logs', 'MyLogs', 'gone-0a1b2c3d')
  await mkdir(join(streams, 'sim'), { recursive: true })
  await mkdir(join(written, 'logs', 'MyLogs', 'gone-but-another-0a1b2c3d'), { recursive: true })
  await writeFile(join(streams, 'sim', 'errors.log'), '2026-01-01T00:00:02.000Z second\n')
  await writeFile(join(streams, 'sim', 'management.log'), '2026-01-01T00:00:01.000Z first\n')
  const all = await heddle(['logs', 'gone', '--data', written])
  assert.equal(
    all.out,
    '/sim/management 2026-01-01T00:00:01.000Z first\n/sim/errors 2026-01-01T00:00:02.000Z second\n',
    all.err,
  )
  const one = await heddle(['logs', 'gone', '--data', written, '--stream', '/sim/errors'])
  assert.equal(one.out, '2026-01-01T00:00:02.000Z second\n')
  const none = await heddle(['logs', 'gone', '--data', written, '--stream', '/sim/else'])
  assert.deepEqual(none, {
    code: 1,
    out: '',
    err: 'heddle: there is no stream /sim/else; there are: /sim/errors, /sim/management\n',
  })
  assert.match(
    (await heddle(['logs', 'never', '--data', written])).err,
    /^heddle: there is no simulation named never/,
  )
  assert.match(
    (await heddle(['logs', 'world', '--data', data])).err,
    /^heddle: world has no logs yet; .*worker.log\n$/,
  )
  assert.equal((await heddle(['logs'])).code, 2)
})

test('the launcher works through symbolic links, and says what to run without Node', async () => {
  await mkdir(join(folder, 'bin'))
  await symlink(LAUNCHER, join(folder, 'bin', 'absolute'))
  await symlink('absolute', join(folder, 'bin', 'relative'))
  const linked = await heddle(['--help'], { launcher: join(folder, 'bin', 'relative') })
  assert.equal(linked.code, 0, linked.err)
  assert.match(linked.out, /Usage: heddle/)
  const bare = join(folder, 'bare')
  await mkdir(join(bare, 'bin'), { recursive: true })
  const { copyFile } = await import('node:fs/promises')
  await copyFile(LAUNCHER, join(bare, 'bin', 'heddle'))
  const missing = await heddle(['up'], { launcher: join(bare, 'bin', 'heddle') })
  assert.equal(missing.code, 1)
  assert.match(missing.err, /npm ci/)
})

test('what up prints sets up every client, over TLS too, and SIGHUP reloads settings', async () => {
  const place = join(folder, 'tls')
  await mkdir(place)
  const { certFile, keyFile } = await makeCertificate(place, 'soon', 7)
  const file = join(place, 'heddle.yaml')
  await writeFile(file, 'quotas: {simulations: 7}\n')
  const options = ['--tls-cert', certFile, '--tls-key', keyFile, '--config', file]
  const child = spawn(
    LAUNCHER,
    ['up', '--port', '0', '--data', join(place, 'data'), '--fabric-dir', fabric, ...options],
    {
      cwd: folder,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  running.add(child)
  const ended = once(child, 'close')
  let said = ''
  let complained = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  child.stderr.on('data', (chunk) => {
    complained += chunk
  })
  await waitFor('heddle ready', () => /Ctrl-C/.test(said) || undefined)
  await waitFor(
    'the warning',
    () =>
      /warning: the certificate .*soon\.pem expires at .* in [67] days/.test(complained) ||
      undefined,
  )

  const exports = said.match(/^ {2}export .*$/gm)?.join('\n') ?? ''
  const [, url = ''] = /^heddle ready (\S+)/.exec(said) ?? []
  const program = `const S = require('aws-sdk/clients/simspaceweaver');
    new S({ endpoint: process.argv[1] }).listSimulations().promise()
      .then((r) => console.log(JSON.stringify(r)), (e) => console.log(String(e)))`
  const shell = `${exports}\nexec "$0" -e "$1" "$2"`
  const env = { ...environment(), AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: '1' }
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const listed = await runProgram('sh', ['-c', shell, process.execPath, program, url], {
    cwd: root,
    env,
  })
  assert.equal(listed.out, '{"Simulations":[]}\n', listed.err)
  assert.match(exports, /AWS_CA_BUNDLE=\S+soon\.pem NODE_EXTRA_CA_CERTS=\S+soon\.pem/)

  complained = ''
  await writeFile(file, 'quotas: {simulatons: 8}\n')
  child.kill('SIGHUP')
  await waitFor(
    'a complaint',
    () => /not a known property.*all stays as it was/.test(complained) || undefined,
  )
  await writeFile(file, 'quotas: {simulations: 8}\n')
  child.kill('SIGHUP')
  await waitFor(
    'the new settings',
    () => /read its configuration and certificate again/.test(said) || undefined,
  )
  child.kill('SIGTERM')
  assert.equal((await ended)[0], 0)
  running.delete(child)
})

test('wrong values of options exit with 2 and say what is expected', async () => {
  const wrong: [args: string[], said: RegExp][] = [
    [['up', '--port', 'x'], /--port \(HEDDLE_PORT\) is 'x', and must be a port/],
    [['up', '--tls-cert', 'cert.pem'], /--tls-cert needs --tls-key/],
    [['up', '--host', '0.0.0.0'], /--insecure-http/],
    [['status', '--data', ''], /--data is empty/],
    [
      ['simulation', 'list', '--endpoint', 'nowhere'],
      /--endpoint \(HEDDLE_ENDPOINT\) is 'nowhere'/,
    ],
    [['simulation', 'list', '--region', 'mars'], /--region \(HEDDLE_REGION\) is 'mars'/],
    [
      ['clock', 'start', 'world', '--timeout', '-1'],
      /--timeout .*must be a number of seconds above 0/,
    ],
    [['access', 'user', 'add', 'a/b'], /'a\/b' can't be a user's name/],
  ]
  for (const [args, said] of wrong) {
    const { code, out, err } = await heddle(args)
    assert.equal(code, 2, `${args.join(' ')}: ${err}`)
    assert.equal(out, '')
    assert.match(err, said)
  }
  assert.equal((await heddle(['up'], { env: { HEDDLE_PORT: 'x' } })).code, 2)
  assert.equal((await heddle(['status'], { env: { HOME: '' } })).code, 2)
})

async function waitForRow(row: string): Promise<void> {
  await waitFor(
    row,
    async () => (await heddle(['status', '--data', data])).out.includes(row) || undefined,
  )
  assert.ok(readdirSync(fabric).length > 0)
}
