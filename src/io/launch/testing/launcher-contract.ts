// The suite that every launcher passes.
// Its programs are Node and the shell, which every launcher can run.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isLocked } from '../../shm/file-lock.ts'
import type { Identity, Launched, Launcher } from '../launcher.ts'

const LOCK_MODULE = new URL('../../shm/file-lock.ts', import.meta.url).href

export function launcherContract(
  name: string,
  launcher: Launcher,
  environment: Readonly<Record<string, string>>,
): void {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-launcher-'))
  const executions: string[] = []
  after(async () => {
    for (const executionId of executions) await launcher.endAll(executionId)
    rmSync(folder, { recursive: true })
  })

  function identity(more: Partial<Identity> = {}): Identity {
    const made = { executionId: randomUUID(), domain: 'Cells', app: 'a', incarnation: 3, ...more }
    executions.push(made.executionId)
    return made
  }

  function start(command: string[], who = identity(), variables: Record<string, string> = {}) {
    let output = ''
    let exits = 0
    const ended = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>()
    const launched: Launched = launcher.launch({
      identity: who,
      command,
      workingFolder: folder,
      environment: { ...environment, ...variables },
      onOutput: (_stream, chunk) => {
        output += chunk
      },
      onExit: (end) => {
        exits += 1
        ended.resolve(end)
      },
    })
    return { launched, ended: ended.promise, output: () => output, exits: () => exits }
  }

  /** A program that holds a lock, as an app does, and starts another that holds a second lock. */
  function holders(): { command: string[]; locks: string[] } {
    const locks = ['own', 'child'].map((lock) => join(folder, `${randomUUID()}-${lock}`))
    for (const lock of locks) writeFileSync(lock, '')
    const holder = join(folder, 'holder.mjs')
    writeFileSync(
      holder,
      `import { spawn } from 'node:child_process'
      import { lockFile } from ${JSON.stringify(LOCK_MODULE)}
      const [own, ...others] = process.argv.slice(2)
      lockFile(own)
      if (others.length > 0)
        spawn(process.execPath, [process.argv[1], ...others], { detached: true, stdio: 'ignore' })
      setInterval(() => undefined, 1000)`,
    )
    return { command: ['node', holder, ...locks], locks }
  }

  async function until(condition: () => boolean, what: string): Promise<void> {
    for (const giveUpAtMs = Date.now() + 60_000; !condition(); await sleep(5))
      assert.ok(Date.now() < giveUpAtMs, `gave up waiting for ${what}`)
  }

  test(`${name}: a program gets its identity, and its output comes before its end`, async () => {
    const who = identity({ app: 'Cells-0-0', incarnation: 12 })
    const script =
      'echo $HEDDLE_EXECUTION_ID $HEDDLE_DOMAIN $HEDDLE_APP $HEDDLE_INCARNATION $MORE; exit 7'
    const { launched, ended, output, exits } = start(['sh', '-c', script], who, {
      MORE: 'and more',
    })
    assert.deepEqual(await ended, { code: 7, signal: null })
    assert.equal(output(), `${who.executionId} Cells Cells-0-0 12 and more\n`)
    assert.equal(launched.isAlive, false)
    launched.end()
    await sleep(1)
    assert.equal(exits(), 1)
  })

  test(`${name}: a program that is not there is refused with its name and the folder`, () => {
    assert.throws(() => start(['no-such-program']), {
      name: 'LaunchError',
      message: new RegExp(`"no-such-program".*${folder}`),
    })
  })

  test(`${name}: a lock shows that an app lives, and its end includes all it started`, async () => {
    const { command, locks } = holders()
    const { launched, ended } = start(command)
    await until(() => locks.every(isLocked), 'both locks')
    assert.equal(launched.isAlive, true)
    launched.end()
    assert.deepEqual(await ended, { code: null, signal: 'SIGKILL' })
    assert.equal(launched.isAlive, false)
    await until(() => !locks.some(isLocked), 'both to have ended')
  })

  test(`${name}: all apps of an execution end with what they started, others go on`, async () => {
    const [mine, others] = [identity(), identity()]
    const [first, second] = [holders(), holders()]
    const ended = start(first.command, mine).ended
    const other = start(second.command, others)
    await until(() => [...first.locks, ...second.locks].every(isLocked), 'all locks')
    await launcher.endAll(mine.executionId)
    assert.deepEqual(await ended, { code: null, signal: 'SIGKILL' })
    assert.deepEqual([...first.locks, ...second.locks].map(isLocked), [false, false, true, true])
    assert.equal(other.launched.isAlive, true)
    await launcher.endAll(others.executionId)
    await other.ended
    await launcher.endAll(others.executionId)
  })

  test(`${name}: a program under a debugger is known as one`, async () => {
    const wait = ['-e', 'console.log("up"); setInterval(() => {}, 1000)']
    const inspect = '--inspect=127.0.0.1:0'
    const plain = start(['node', ...wait])
    const debugged = [
      start(['node', inspect, ...wait]),
      start(['node', ...wait], identity(), { NODE_OPTIONS: inspect }),
    ]
    const all = [plain, ...debugged]
    await until(() => all.every(({ output }) => /up/.test(output())), 'all programs')
    assert.deepEqual(
      all.map(({ launched }) => launched.isBeingDebugged()),
      [false, true, true],
    )
    for (const { launched, ended } of all) {
      launched.end()
      await ended
      assert.equal(launched.isBeingDebugged(), false)
    }
  })
}
