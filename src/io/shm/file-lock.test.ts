import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../base/testing/hooks.ts'
import { isLocked, lockFile } from './file-lock.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-lock-'))
})
after(() => rmSync(folder, { recursive: true }))

function newFile(name: string): string {
  const file = join(folder, name)
  writeFileSync(file, '', { mode: 0o600 })
  return file
}

/**
 * A process that tries to take the lock, prints whether it has it, and prints each message that it
 * gets afterwards.
 */
async function lockElsewhere(file: string): Promise<{ holder: ChildProcess; says: string }> {
  const script = `
    import { isLocked, lockFile } from ${JSON.stringify(join(import.meta.dirname, 'file-lock.ts'))}
    let lock = lockFile(process.argv[1])
    console.log(lock !== undefined)
    process.stdin.on('data', (word) => {
      if (String(word) === 'look') console.log(isLocked(process.argv[1]))
      else { lock.release(); console.log('released') }
    })`
  const words = ['--input-type=module', '-e', script, file]
  const holder = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const [says] = await once(holder.stdout!, 'data')
  return { holder, says: String(says).trim() }
}

async function end(holder: ChildProcess): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return
  holder.kill('SIGKILL')
  await once(holder, 'exit')
}

test('a lock is one process’s, and goes with it however it ends', async () => {
  const file = newFile('one')
  assert.equal(isLocked(file), false)
  const { holder, says } = await lockElsewhere(file)
  try {
    assert.equal(says, 'true')
    assert.equal(isLocked(file), true)
    assert.equal(lockFile(file), undefined)
    const second = await lockElsewhere(file)
    await end(second.holder)
    assert.equal(second.says, 'false')
    assert.equal(isLocked(file), true)
  } finally {
    await end(holder)
  }
  assert.equal(isLocked(file), false)
})

test('who has a lock may ask after it, by any name, and keeps it', async () => {
  const file = newFile('asked')
  const { holder } = await lockElsewhere(file)
  try {
    holder.stdin!.write('look')
    const [answer] = await once(holder.stdout!, 'data')
    assert.equal(String(answer).trim(), 'true')
    assert.equal(isLocked(file), true)
    holder.stdin!.write('release')
    await once(holder.stdout!, 'data')
    assert.equal(isLocked(file), false)
  } finally {
    await end(holder)
  }
  linkSync(file, join(folder, 'same'))
  const lock = lockFile(file)!
  assert.equal(isLocked(join(folder, 'same')), true)
  assert.equal(lockFile(join(folder, 'same')), undefined)
  const { holder: other, says } = await lockElsewhere(file)
  await end(other)
  assert.equal(says, 'false')
  lock.release()
  lock.release()
  assert.equal(isLocked(file), false)
})

test('what a holder starts does not keep its lock', async () => {
  const file = newFile('parent')
  const lock = lockFile(file)!
  const child = spawn('sleep', ['1000'])
  try {
    lock.release()
    assert.equal(isLocked(file), false)
    lockFile(file)!.release()
  } finally {
    await end(child)
  }
})

test('a file that is not there is locked by nobody, and a link is not followed', () => {
  assert.equal(isLocked(join(folder, 'none')), false)
  assert.throws(() => lockFile(join(folder, 'none')), { code: 'ENOENT' })
  symlinkSync(newFile('target'), join(folder, 'link'))
  assert.throws(() => lockFile(join(folder, 'link')), { code: 'ELOOP' })
  assert.throws(() => isLocked(join(folder, 'link')), { code: 'ELOOP' })
})
