import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runFolderIn } from './run-folder.ts'
import { findWorkerProcess } from './worker-process.ts'

test('a worker is found from every installation, and no other process is', async (context) => {
  const parent = mkdtempSync(join(tmpdir(), 'heddle-worker-'))
  context.after(() => rmSync(parent, { recursive: true }))
  const program = join(parent, 'installed/worker/main.ts')
  mkdirSync(join(parent, 'installed/worker'), { recursive: true })
  writeFileSync(program, "setInterval(() => undefined, 1000); console.log('runs')")
  const folder = runFolderIn(parent, 'id')
  const child = spawn(process.execPath, [program, folder.folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    assert.equal(findWorkerProcess(program, folder), child.pid)
    assert.equal(findWorkerProcess('/opt/heddle/src/worker/main.ts', folder), child.pid)
    assert.equal(findWorkerProcess('/opt/heddle/src/other/main.ts', folder), undefined)
    assert.equal(findWorkerProcess('/opt/heddle/src/coworker/main.ts', folder), undefined)
    assert.equal(findWorkerProcess(program, runFolderIn(parent, 'other')), undefined)
  } finally {
    child.kill()
    await once(child, 'exit')
  }
})
