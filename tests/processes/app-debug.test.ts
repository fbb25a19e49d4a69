// Apps that a person starts by hand, alone or under the debuggers of their languages.

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { after, before } from '../../src/base/testing/hooks.ts'
import { BUILD_FOLDER, missingLibrary } from '../native/library.ts'
import { missingPython } from '../python/python.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { type DomainSettings, schema } from '../support/packages.ts'
import { hashEvery, type Simulation } from '../support/simulation.ts'
import { missingTools } from '../support/tools.ts'
import { waitFor } from '../support/waiting.ts'

const TICKS = 60
const WANDERERS = `wanderers.ts --seed 5 --entities 40 --until ${TICKS}`
const APP_TIMEOUT_SECONDS = 1
let folder: string
let heddle: Heddle

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-app-debug-'))
  heddle = await startHeddle({
    appTimeoutSeconds: APP_TIMEOUT_SECONDS,
    configuration: `package_folders: ["/"]\n`,
  })
})
after(async () => {
  await heddle?.stop()
  rmSync(folder, { recursive: true })
})

function twoCells(domain: Partial<DomainSettings> = {}): string {
  const Cells = { kind: 'spatial', grid: [2, 1], command: WANDERERS, ...domain } as DomainSettings
  return schema({ tickRate: '60', domains: { Cells } })
}

/** A person at a terminal. */
class Terminal {
  readonly #shell: ChildProcess
  output = ''

  constructor(line: string) {
    this.#shell = spawn('sh', ['-c', `exec ${line}`], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#shell.stdout!, this.#shell.stderr!])
      stream.on('data', (chunk) => {
        this.output += chunk
      })
  }

  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return waitFor(
      () => pattern.exec(this.output),
      () => `${pattern} in ${this.output}`,
    )
  }

  get pid(): number {
    return this.#shell.pid!
  }

  async kill(): Promise<void> {
    this.#shell.kill('SIGKILL')
    await this.ended()
  }

  async ended(): Promise<void> {
    if (this.#shell.exitCode === null && this.#shell.signalCode === null)
      await once(this.#shell, 'close')
  }
}

/** Waits for the script of an app's launch. */
async function scriptOf(world: Simulation, incarnation = 1, app = 'Cells.Cells-0-0') {
  const path = join(heddle.data, 'run', world.executionId, 'by-hand', app)
  const text = await waitFor(
    () => {
      const found = existsSync(path) ? readFileSync(path, 'utf8') : ''
      return found.includes(`\nexport HEDDLE_INCARNATION='${incarnation}'\n`) && found
    },
    () => `launch ${incarnation} of ${app}; errors: ${world.errors()}`,
  )
  const line = (name: string) => new RegExp(`^#   ${name}: +(.*)$`, 'm').exec(text)![1]
  return { path, alone: line('alone'), underDebugger: line('under a debugger') }
}

const debugTag = (app: string) => ({ Tags: { ...hashEvery(1).Tags, 'heddle:app-debug': app } })

test('an app is started by hand again and again, and the world waits for it', async () => {
  const file = join(folder, 'world.yaml')
  writeFileSync(file, twoCells())
  const saying = heddle.command(
    ...['run', file, '--name', 'by-hand', '--app-debug', 'Cells-0-0', '--start-clock'],
    ...['--tag', 'heddle:state-hash-interval=1', '--data', heddle.data],
  )
  const world = await waitFor(() => heddle.find('by-hand'), 'the simulation')
  const first = await scriptOf(world)
  const calm = await heddle.startSimulation('calm', twoCells(), hashEvery(1))
  await calm.startClock()
  const status = await heddle.command('status', '--data', heddle.data)
  assert.match(status, /app Cells-0-0 of Cells waits to be started by hand: \S+\/Cells\.Cells-0-0/)
  assert.equal((await world.describe()).Status, 'STARTING')
  let person = new Terminal(first.alone)
  const said = await saying
  assert.match(said, /app Cells-0-0 of Cells waits to be started by hand, and the world waits for/)
  assert.ok(said.includes(`  alone:            ${first.path}\n`), said)
  assert.match(said, /under a debugger: \S+ node --inspect-brk wanderers\.ts --seed 5 /)
  assert.match(said, /the script sets this environment\n {2}PATH=/)
  assert.match(said, /simulation by-hand is STARTED\nthe clock of by-hand is STARTED\n$/)
  for (const incarnation of [2, 3, 4, 5, 6]) {
    await world.ticksOn(5)
    await person.kill()
    const again = await scriptOf(world, incarnation)
    if (incarnation === 3) await sleep(APP_TIMEOUT_SECONDS * 1500)
    person = new Terminal(again.alone)
    await person.says(
      new RegExp(`^incarnation=${incarnation} tick=\\d+ adds=(\\d+) owned=\\1$`, 'm'),
    )
  }
  await world.ticksOn(2)
  process.kill(person.pid, 'SIGSTOP')
  await sleep(APP_TIMEOUT_SECONDS * 1500)
  process.kill(person.pid, 'SIGCONT')
  for (const each of [world, calm]) await each.reaches(TICKS)
  for (let tick = 1; tick <= TICKS; tick++)
    assert.equal(world.hashes().get(tick)?.stateHash, calm.hashes().get(tick)?.stateHash)
  assert.deepEqual(
    world
      .errors()
      .split('\n')
      .map((line) => line.replace(/^tick=\d+ /, '')),
    Array(5).fill('app=Cells-0-0 domain=Cells failed: it ended while the simulation runs'),
  )
  for (const each of [world, calm]) await each.stop()
  await person.ended()
})

test('gdb runs a program as often as wanted', {
  skip: missingLibrary() ?? missingTools('gdb', 'gcc'),
}, async () => {
  const source = join(import.meta.dirname, '../native/apps/wanderers.c')
  const include = join(BUILD_FOLDER, '../include')
  execFileSync('gcc', [
    ...['-g', `-I${include}`, source, '-o', join(folder, 'wanderers')],
    ...[`-L${BUILD_FOLDER}`, '-lheddle', '-lm'],
  ])
  // Through a script, as old packages do.
  writeFileSync(join(folder, 'start'), '#!/bin/sh -e\nexec ./wanderers "$@"\n', { mode: 0o755 })
  const command = ['./start', '--entities', '40', '--until', String(TICKS)]
  const text = twoCells({ command, package: `file://${folder}` })
  const world = await heddle.beginSimulation('gdb', text, debugTag('Cells-0-0'))
  const { path, underDebugger } = await scriptOf(world)
  const until = `shell until grep -q "HEDDLE_INCARNATION='2'" ${path}; do sleep 0.05; done`
  const commands = [
    'set breakpoint pending on',
    'break heddle_commit',
    'run',
    'backtrace 2',
    'kill',
    until,
    'run',
    'delete',
    'continue',
  ]
  const options = commands.map((each) => `-ex '${each.replaceAll("'", `'\\''`)}'`).join(' ')
  const person = new Terminal(underDebugger.replace(' --args ', ` -batch ${options} --args `))
  await world.is('STARTED')
  await world.startClock()
  await waitFor(
    () => world.newest().tick >= TICKS,
    () => `the world to go on; gdb says ${person.output}; ${world.errors()}`,
  )
  assert.match(person.output, /Breakpoint 1.* heddle_commit[\s\S]*#1 .* main .*wanderers\.c/)
  await world.stop()
  await person.ended()
  assert.match(person.output, /exited normally\]\n$/)
})

test('pdb runs an app in Python', { skip: missingPython() }, async () => {
  for (const file of ['wanderers.py', 'chance.py'])
    copyFileSync(join(import.meta.dirname, '../python/apps', file), join(folder, file))
  const command = ['python3', '-u', 'wanderers.py', '--entities', '40', '--until', String(TICKS)]
  const text = twoCells({ command, package: `file://${folder}` })
  const world = await heddle.beginSimulation('pdb', text, debugTag('Cells-0-0'))
  const { underDebugger } = await scriptOf(world)
  assert.match(underDebugger, / python3 -u -m pdb wanderers\.py --entities 40 --until \d+$/)
  const commands = ['break 24', 'continue', 'where', 'clear 1', 'continue']
  const options = commands.map((each) => `-c "${each}"`).join(' ')
  const person = new Terminal(underDebugger.replace('-m pdb ', `-m pdb ${options} `))
  await world.is('STARTED')
  await world.startClock()
  await world.reaches(TICKS)
  assert.match(person.output, /> \S+\/wanderers\.py\(24\)main\(\)/)
  await world.stop()
  await person.ended()
})

test('an app in TypeScript waits for the inspector', async () => {
  const world = await heddle.beginSimulation('inspected', twoCells(), debugTag('Cells/Cells-0-0'))
  const { underDebugger } = await scriptOf(world)
  const person = new Terminal(underDebugger.replace('--inspect-brk', '--inspect-brk=127.0.0.1:0'))
  const [, address] = await person.says(/Debugger listening on (ws:\S+)/)
  const inspector = new WebSocket(address)
  await once(inspector, 'open')
  inspector.send(JSON.stringify({ id: 1, method: 'Runtime.runIfWaitingForDebugger' }))
  await world.is('STARTED')
  await world.startClock()
  await world.reaches(10)
  inspector.terminate()
  await world.stop()
  await person.ended()
})

test('a custom app that ends by itself has stopped, by hand too', async () => {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    join(folder, 'short.ts'),
    `import { createApplication } from '@heddle/sdk'
    const application = createApplication()
    for (const _ of application.updates()) break
    application.destroy()`,
  )
  const text = schema({
    domains: {
      Cells: { kind: 'spatial', grid: [1, 1], command: 'idle.ts' },
      Short: { kind: 'custom', command: 'short.ts', package: `file://${folder}` },
    },
  })
  const world = await heddle.startSimulation('custom', text, debugTag('Short/one'))
  await world.startClock()
  await world.startApp('Short', 'two')
  await world.startApp('Short', 'one')
  const { alone } = await scriptOf(world, 1, 'Short.one')
  const person = new Terminal(alone)
  await world.appIs('Short', 'one', 'STOPPED')
  await world.appIs('Short', 'two', 'STOPPED')
  await person.ended()
  await world.stop()
})

test('a simulation ends while it waits, and one for an app that is not there fails', async () => {
  const world = await heddle.beginSimulation('ended', twoCells(), debugTag('Cells-1-0'))
  const { path } = await scriptOf(world, 1, 'Cells.Cells-1-0')
  await heddle.weaver.stopSimulation({ Simulation: world.name }).promise()
  await world.is('STOPPED')
  await world.leavesNothing()
  assert.equal(existsSync(path), false)
  const wrong = await heddle.beginSimulation('wrong', twoCells(), debugTag('Cells-2-0'))
  const [{ errorMessage }] = await wrong.fails()
  assert.match(errorMessage, /heddle:app-debug names no app of the schema: 'Cells-2-0'/)
  await assert.rejects(
    heddle.commandFromAfar('run', join(folder, 'world.yaml'), '--name', 'x', '--app-debug', 'a'),
    { stderr: /--app-debug needs the machine and the data folder of heddle up, not an endpoint/ },
  )
})
