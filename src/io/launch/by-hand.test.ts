import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before } from '../../base/testing/hooks.ts'
import { isLocked } from '../shm/file-lock.ts'
import { launchByHand } from './by-hand.ts'
import type { Launched } from './launcher.ts'

const LOCK_MODULE = new URL('../shm/file-lock.ts', import.meta.url).href
/** What may stand in a command or a variable. */
const AWKWARD = `it's "$HOME" \`x\`\nand more`
let folder: string
let lock: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-by-hand-'))
  lock = join(folder, 'lock')
  writeFileSync(lock, '')
  for (const name of ['python3', 'mono', 'app', 'script'])
    writeFileSync(join(folder, name), '#!/bin/sh -e\n', { mode: 0o755 })
  writeFileSync(
    join(folder, 'holder.mjs'),
    `import { lockFile } from ${JSON.stringify(LOCK_MODULE)}
    lockFile(${JSON.stringify(lock)})
    process.stdout.write(JSON.stringify([process.cwd(), process.env, process.argv.slice(2)]))
    setInterval(() => undefined, 1000)`,
  )
})
after(() => {
  for (const each of made) each.end()
  rmSync(folder, { recursive: true })
})

const made: Launched[] = []

interface Ready {
  launched: Launched
  script: string
  text: string
  ended: Promise<unknown>
}

function ready(command: string[], hasAttached = () => false): Ready {
  const script = join(folder, 'scripts', randomUUID())
  const { promise: ended, resolve } = Promise.withResolvers()
  const launched = launchByHand(
    {
      identity: { executionId: randomUUID(), domain: 'Cells', app: 'Cells-0-0', incarnation: 7 },
      command,
      workingFolder: folder,
      environment: { PATH: process.env.PATH!, AWKWARD },
      onOutput: () => undefined,
      onExit: resolve,
    },
    { script, lock, hasAttached },
  )
  made.push(launched)
  return { launched, script, text: readFileSync(script, 'utf8'), ended }
}

async function holding(script: string): Promise<ChildProcess> {
  const person = spawn(script, { stdio: ['ignore', 'ignore', 'inherit'] })
  for (const giveUpAtMs = Date.now() + 60_000; !isLocked(lock); await sleep(5))
    assert.ok(Date.now() < giveUpAtMs, 'nobody has the lock')
  return person
}

test('the script sets folder, environment and command to the letter, for its user', async () => {
  const { script, launched, ended } = ready([process.execPath, 'holder.mjs', AWKWARD])
  assert.equal(statSync(script).mode & 0o777, 0o700)
  const person = spawn(script, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output] = await once(person.stdout, 'data')
  const [cwd, variables, words] = JSON.parse(output)
  assert.equal(cwd, folder)
  assert.equal(variables.AWKWARD, AWKWARD)
  assert.equal(variables.HEDDLE_INCARNATION, '7')
  assert.deepEqual(words, [AWKWARD])
  launched.end()
  await ended
  const said = execFileSync(script, ['sh', '-c', 'echo $HEDDLE_APP in $PWD'], { encoding: 'utf8' })
  assert.equal(said, `Cells-0-0 in ${folder}\n`)
})

for (const [command, line] of [
  [['node', '-r', './x.js', 'app.ts'], / node --inspect-brk -r \.\/x\.js app\.ts$/],
  [['./python3', '-u', 'app.py', '-c'], / python3 -u -m pdb app\.py -c$/],
  [['./python3', '-m', 'bubbles'], / python3 -m pdb -m bubbles$/],
  [['./mono', 'app.exe'], / mono --debug --debugger-agent=\S+ app\.exe$/],
  [['/bin/true', 'a b'], /^gdb -ex 'set exec-wrapper \S+' --args \/bin\/true 'a b'$/],
  [['script', '--x'], /^gdb -ex 'set exec-wrapper \S+' --args \/bin\/sh -e \S+\/script --x$/],
] as const) {
  test(`the debugger of ${command[0]} stands where it belongs`, async () => {
    const { text, script, launched, ended } = ready([...command])
    const [, found] = /^# {3}under a debugger: (.*)$/m.exec(text)!
    assert.match(found, line)
    assert.ok(found.includes(script))
    launched.end()
    await ended
  })
}

test('a process is known by its lock, and its end is heard', async () => {
  let hasAttached = false
  const { launched, script, ended } = ready([process.execPath, 'holder.mjs'], () => hasAttached)
  assert.equal(launched.place, script)
  const person = await holding(script)
  hasAttached = true
  assert.equal(launched.place, `pid=${person.pid}`)
  assert.ok(launched.isAlive && launched.isBeingDebugged())
  person.kill('SIGKILL')
  assert.deepEqual(await ended, { code: null, signal: null })
  assert.ok(!launched.isAlive && !launched.isBeingDebugged())
})

test('one that is gone before anybody has looked is heard of too', async () => {
  const { ended, launched } = ready([process.execPath, 'holder.mjs'], () => true)
  await ended
  assert.equal(launched.isAlive, false)
})

test('an end kills the process, and waits until the lock is free', async () => {
  const { launched, script, ended } = ready([process.execPath, 'holder.mjs'])
  const person = await holding(script)
  launched.end()
  launched.end()
  await ended
  assert.equal(isLocked(lock), false)
  assert.equal(person.signalCode ?? (await once(person, 'exit'))[1], 'SIGKILL')
})

test('a program that is not there is refused before anybody waits for it', () => {
  assert.throws(() => ready(['./none']), { name: 'LaunchError', message: /there is no such file/ })
})
