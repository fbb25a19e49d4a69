import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before } from '../../base/testing/hooks.ts'
import type { Launch } from './launcher.ts'
import { descendantsOf, ownMemoryBytes } from './proc.ts'
import {
  baseEnvironment,
  findProcesses,
  isAlive,
  killProcesses,
  LaunchError,
  launch,
  type RunningProcess,
  startTimeOf,
} from './processes.ts'

let folder: string
const executionId = randomUUID()
const identityOf = (executionId: string) => ({
  executionId,
  domain: 'Cells',
  app: 'a',
  incarnation: 1,
})

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-launch-'))
})
after(async () => {
  await killProcesses(executionId)
  rmSync(folder, { recursive: true })
})

interface Started {
  process: RunningProcess
  stdout(): string
  stderr(): string
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

function start(command: string[], options: Partial<Launch> = {}): Started {
  const output = { stdout: '', stderr: '' }
  const { promise: ended, resolve } = Promise.withResolvers<{
    code: number | null
    signal: NodeJS.Signals | null
  }>()
  const process = launch({
    command,
    workingFolder: folder,
    identity: identityOf(executionId),
    environment: baseEnvironment(),
    onOutput: (stream, chunk) => {
      output[stream] += chunk
    },
    onExit: resolve,
    ...options,
  })
  return { process, stdout: () => output.stdout, stderr: () => output.stderr, ended }
}

function write(name: string, content: string | Uint8Array, mode = 0o755): void {
  mkdirSync(join(folder, name, '..'), { recursive: true })
  writeFileSync(join(folder, name), content, { mode })
}

async function until<T>(condition: () => T | undefined | false | '' | null): Promise<T> {
  for (const giveUpAtMs = Date.now() + 20_000; ; ) {
    const value = condition()
    if (value) return value
    assert.ok(Date.now() < giveUpAtMs, `gave up waiting for ${condition}`)
    await sleep(5)
  }
}

test('a program runs in its folder with its arguments, its end follows its output', async () => {
  write('hello', '#!/bin/sh\necho "$PWD $1"; echo oops >&2; exit 7\n')
  const app = start(['hello', 'a b'])
  assert.deepEqual(await app.ended, { code: 7, signal: null })
  assert.equal(app.stdout(), `${folder} a b\n`)
  assert.equal(app.stderr(), 'oops\n')
})

test('a program is looked for in the folder first, and then in the PATH', async () => {
  write('bin/tool', '#!/bin/sh\necho bin\n')
  write('ls', '#!/bin/sh\necho mine\n')
  for (const [command, output] of [
    ['bin/tool', 'bin'],
    ['./bin/tool', 'bin'],
    ['ls', 'mine'],
    ['/bin/echo', ''],
    ['echo', ''],
  ]) {
    const app = start([command])
    await app.ended
    assert.equal(app.stdout(), `${output}\n`)
  }
  const node = start(['node', '--version'])
  await node.ended
  assert.equal(node.stdout(), `${process.version}\n`)
})

test("no program runs from Heddle's own folders, except from its own package", () => {
  const data = join(folder, 'data')
  write('data/objects/tool', '#!/bin/sh\n')
  write('data/run/packages/one/app', '#!/bin/sh\necho one\n')
  const workingFolder = join(data, 'run/packages/one')
  symlinkSync(join(data, 'objects/tool'), join(workingFolder, 'by-link'))
  symlinkSync(data, join(folder, 'elsewhere'))
  for (const command of [
    join(data, 'objects/tool'),
    join(data, 'objects/none'),
    '../../../objects/tool',
    'by-link',
    join(folder, 'elsewhere/objects/tool'),
  ])
    for (const closed of [data, join(folder, 'elsewhere')])
      assert.throws(() => start([command], { workingFolder, closedFolders: [closed] }), {
        name: 'LaunchError',
        message: /Heddle keeps its own files there/,
      })
})

test('a package among closed folders is run, and so is what the host has', async () => {
  const workingFolder = join(folder, 'data/run/packages/one')
  for (const [command, output] of [
    ['app', 'one\n'],
    ['./app', 'one\n'],
    ['/bin/echo', '\n'],
    ['echo', '\n'],
  ]) {
    const app = start([command], { workingFolder, closedFolders: [join(folder, 'data')] })
    await app.ended
    assert.equal(app.stdout(), output)
  }
})

test('a program that cannot run is refused before the start, with name, folder and reason', () => {
  write('plain', 'echo hello', 0o644)
  write('script', '#!/no/such/interpreter -x\n')
  write('windows', '#!/bin/sh\r\necho\r\n')
  write('windows-env', '#!/usr/bin/env -S sh -e\r\necho\r\n')
  write('marked', '\ufeff#!/bin/sh\necho\n', 0o644)
  const elf = readFileSync(process.execPath).subarray(0, 64)
  elf[18] = process.arch === 'x64' ? 183 : 62
  write('foreign', elf)
  for (const [command, reason] of [
    ['no-such-program', /neither .* nor the PATH has such a program/],
    ['./missing', /there is no such file/],
    ['bin', /neither .* nor the PATH/],
    ['plain', /not executable/],
    ['plain/x', /no such file/],
    ['script', /interpreter "\/no\/such\/interpreter"/],
    ['windows', /lines end as on Windows/],
    ['windows-env', /lines end as on Windows.* sed -i 's\/\\r\$\/\/' windows-env$/],
    ['marked', /byte order mark/],
    ['foreign', /for another processor/],
  ] as const) {
    assert.throws(
      () => start([command]),
      (error) => {
        assert.ok(error instanceof LaunchError)
        assert.match(error.message, reason)
        assert.ok(
          error.message.includes(JSON.stringify(command)) && error.message.includes(folder),
          error.message,
        )
        return true
      },
    )
  }
  assert.throws(() => start(['ls'], { workingFolder: join(folder, 'none') }), /there is no folder/)
  assert.throws(() => start(['echo', 'x'.repeat(3_000_000)]), LaunchError)
})

test('a program whose loader is missing says so', async () => {
  const elsewhere = readFileSync('/bin/true', 'latin1').replace('/ld-linux', '/no-linux')
  write('unloadable', Buffer.from(elsewhere, 'latin1'))
  const app = start(['unloadable'])
  assert.equal((await app.ended).code, 127)
  assert.match(app.stderr(), /^can't run \S+\/unloadable, or what it needs to be run: No such file/)
})

test('an app sees the environment that it is given and nothing else', async () => {
  process.env.AWS_SECRET_ACCESS_KEY = 'secret'
  process.env.HEDDLE_SECRET_ACCESS_KEY = 'secret'
  process.env.SOMETHING_ELSE = 'leak'
  try {
    const app = start(['env'])
    await app.ended
    assert.ok(!/secret|leak/i.test(app.stdout()), app.stdout())
    assert.match(app.stdout(), new RegExp(`^HEDDLE_EXECUTION_ID=${executionId}$`, 'm'))
    assert.match(app.stdout(), /^HOME=/m)
  } finally {
    delete process.env.AWS_SECRET_ACCESS_KEY
    delete process.env.HEDDLE_SECRET_ACCESS_KEY
    delete process.env.SOMETHING_ELSE
  }
})

test('an app leads its own group in the session of its launcher, with a clean environment', {
  skip: existsSync('/usr/bin/perl') ? false : 'perl is not installed',
}, async () => {
  const environment = { ...baseEnvironment(), LC_ALL: 'xx_XX.nowhere' }
  const command = ['sh', '-c', 'cut -d" " -f1,5,6 /proc/$$/stat; env | grep PERL']
  const started = start(command, { environment })
  await started.ended
  const [pid, group, session] = started.stdout().trim().split(' ').map(Number)
  assert.deepEqual([pid, group], [started.process.pid, started.process.pid])
  const own = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')
  assert.equal(session, Number(own[3]))
  assert.equal(started.stderr(), '')
})

test('a signal that comes before the app has begun reaches it', async () => {
  for (const end of ['signal', 'end'] as const) {
    const started = start(['sleep', '1000'])
    if (end === 'signal') started.process.signal('SIGKILL')
    else started.process.end()
    assert.deepEqual(await started.ended, { code: null, signal: 'SIGKILL' })
  }
})

test('signals reach the whole group, and an end by a signal is told', async () => {
  const app = start([
    'sh',
    '-c',
    'trap "echo asked; exit 3" TERM; echo ready; while :; do sleep 0.01; done',
  ])
  await until(app.stdout)
  app.process.signal('SIGTERM')
  assert.deepEqual(await app.ended, { code: 3, signal: null })
  assert.match(app.stdout(), /asked/)
  const other = start(['sleep', '1000'])
  other.process.signal('SIGINT')
  assert.deepEqual(await other.ended, { code: null, signal: 'SIGINT' })
  other.process.signal('SIGTERM')
  other.process.end()
})

test('the whole tree is killed, even children that left the group', async () => {
  const app = start([
    'sh',
    '-c',
    'trap "" TERM; sh -c "trap : TERM; sleep 1000 & wait" & setsid sleep 1000 & echo ready; wait',
  ])
  const children = await until(() => {
    const found = descendantsOf(app.process.pid)
    return found.length >= 3 && found
  })
  app.process.end()
  assert.deepEqual(await app.ended, { code: null, signal: 'SIGKILL' })
  await until(() => children.every(({ pid, startTime }) => !isAlive(pid, startTime)))
})

test('what an app leaves in its group ends with it, and its pipe is not waited for', async () => {
  const app = start(['sh', '-c', 'sleep 1000 & echo $!'])
  assert.deepEqual(await app.ended, { code: 0, signal: null })
  await until(() => !isAlive(Number(app.stdout())))
  const daemon = start(['sh', '-c', 'setsid sleep 1000 & echo $!; sleep 0.1'])
  assert.equal((await daemon.ended).code, 0)
})

test('every process of an execution is found and ended, wherever it went', async () => {
  const own = randomUUID()
  const identity = identityOf(own)
  const app = start(
    ['sh', '-c', 'setsid sh -c "sleep 1000 & sleep 1000" & echo ready; sleep 1000'],
    { identity },
  )
  await until(() => findProcesses(own).length >= 4)
  assert.ok(findProcesses(own).includes(app.process.pid))
  assert.ok(!findProcesses(own, { except: [app.process.pid] }).includes(app.process.pid))
  assert.deepEqual(findProcesses(randomUUID()), [])
  await killProcesses(own)
  assert.deepEqual(findProcesses(own), [])
  assert.deepEqual(await app.ended, { code: null, signal: 'SIGKILL' })
  await killProcesses(own)
})

test('processes that are excepted go on', async () => {
  const own = randomUUID()
  const identity = identityOf(own)
  const [kept, ended] = [
    start(['sleep', '1000'], { identity }),
    start(['sleep', '1000'], { identity }),
  ]
  await killProcesses(own, { except: [kept.process.pid] })
  await ended.ended
  assert.ok(isAlive(kept.process.pid, kept.process.startTime))
  kept.process.end()
  await kept.ended
})

test('an app dies with the process that launched it', {
  skip: !existsSync('/usr/bin/setpriv') && 'this host has no setpriv',
}, async () => {
  const own = randomUUID()
  const script = join(folder, 'parent.ts')
  const module = new URL('./processes.ts', import.meta.url).href
  writeFileSync(
    script,
    `import { baseEnvironment, launch } from ${JSON.stringify(module)}
     const identity = ${JSON.stringify(identityOf(own))}
     const place = { workingFolder: '/', environment: baseEnvironment() }
     const heard = { onOutput() {}, onExit() {} }
     const app = launch({ command: ['sleep', '1000'], identity, ...place, ...heard })
     console.log(app.pid)`,
  )
  const parent: ChildProcess = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [chunk] = await once(parent.stdout!, 'data')
  const pid = Number(String(chunk))
  await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n')
  parent.kill('SIGKILL')
  await until(() => !isAlive(pid))
})

test('an app that writes without end is slowed down, and not buffered', async () => {
  let bytes = 0
  const startedAtMs = performance.now()
  const app = start(['yes', 'x'.repeat(100)], {
    outputBytesPerSecondMax: 4_000_000,
    onOutput: (_stream, chunk) => {
      bytes += chunk.length
      if (bytes > 2_000_000) app.process.end()
    },
  })
  assert.deepEqual(await app.ended, { code: null, signal: 'SIGKILL' })
  assert.ok(performance.now() - startedAtMs > 200)
  assert.ok(bytes < 4_000_000, `${bytes}`)
})

test('a pid that another process got is not taken for the first one', async () => {
  const app = start(['sleep', '1000'])
  const startTime = startTimeOf(app.process.pid)
  assert.equal(startTime, app.process.startTime)
  assert.ok(isAlive(app.process.pid, startTime))
  assert.ok(!isAlive(app.process.pid, startTime! - 1))
  app.process.end()
  await app.ended
  assert.ok(!isAlive(app.process.pid, startTime))
  assert.equal(startTimeOf(app.process.pid), undefined)
})

test('the memory of a process is its own, and of one that is gone there is none', () => {
  const { rss } = process.memoryUsage()
  const own = ownMemoryBytes(process.pid)
  assert.ok(own !== undefined && own > rss / 2 && own < rss * 1.5, `${own} of ${rss}`)
  assert.equal(ownMemoryBytes(2 ** 22 + 1), undefined)
})

test('a launch that fails for too many open files says so, and a later one works', async () => {
  const module = join(import.meta.dirname, 'processes.ts')
  const program = `
    import { openSync, closeSync } from 'node:fs'
    import { baseEnvironment, launch } from ${JSON.stringify(module)}
    const options = {
      command: ['true'], workingFolder: ${JSON.stringify(folder)}, onOutput() {}, onExit() {},
      environment: baseEnvironment(), identity: ${JSON.stringify(identityOf(executionId))},
    }
    const files = []
    try { for (;;) files.push(openSync('/dev/null', 'r')) } catch {}
    for (const room of [0, 1, 3]) {
      for (const file of files.splice(0, room)) closeSync(file)
      try { launch(options); console.log('launched') } catch (error) { console.log(error.message) }
    }
    for (const file of files) closeSync(file)
    console.log(launch(options).pid > 0)
  `
  const command = `ulimit -n 64; exec "${process.execPath}" --input-type=module -e "$PROGRAM"`
  const child = spawn('/bin/sh', ['-c', command], {
    env: { ...process.env, PROGRAM: program },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = (await text(child.stdout)).trim().split('\n')
  assert.equal(lines.at(-1), 'true')
  assert.equal(lines.length, 4)
  for (const line of lines.slice(0, 3)) {
    assert.match(
      line,
      /^can't launch "true" in .*: the system refused to start it\. The process .*\(ulimit -n\)$/,
    )
  }
})
