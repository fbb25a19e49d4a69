import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const MODULE = fileURLToPath(new URL('./secret-variables.ts', import.meta.url))

/** Reports what a program, its thread and its child can still read of its initial environment. */
const PROGRAM = `
import { readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { hideSecrets } from ${JSON.stringify(MODULE)}
hideSecrets()
const shown = readFileSync('/proc/self/environ', 'utf8')
const child = execFileSync('/bin/sh', ['-c', 'env'], { encoding: 'utf8' })
const telling =
  'import { parentPort } from "node:worker_threads"; parentPort.postMessage({ ...process.env })'
const thread = new Worker(telling, { eval: true })
const [inThread] = await once(thread, 'message')
console.log(JSON.stringify({ shown, own: { ...process.env }, child, inThread }))
`

test('a program hides its initial environment, and keeps what it passes on', async () => {
  const secrets = {
    HEDDLE_ACCESS_KEY_ID: 'AKIAOPERATOR',
    HEDDLE_SECRET_ACCESS_KEY: 'operators/secret+',
    AWS_SECRET_ACCESS_KEY: 'somebodys-äws-secret',
    HEDDLE_S3_ACCESS_KEY_ID: 'AKIASTORE',
    HEDDLE_S3_SECRET_ACCESS_KEY: 'stores/secret+',
  }
  const env = { PATH: process.env.PATH, BEFORE: 'here', ...secrets, BEHIND: 'here-too' }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', PROGRAM],
    { env },
  )
  const { shown, own, child, inThread } = JSON.parse(stdout) as Record<'shown' | 'child', string> &
    Record<'own' | 'inThread', Record<string, string>>
  for (const [name, value] of Object.entries(secrets)) {
    assert.ok(!shown.includes(value), `${name} is shown`)
    const expected = name.startsWith('HEDDLE_S3_') ? value : undefined
    assert.equal(own[name], expected, name)
    assert.equal(inThread[name], expected, name)
    assert.equal(child.includes(`${name}=${value}`), expected !== undefined, name)
  }
  assert.match(shown, /\0?BEFORE=here\0/)
  assert.match(shown, /\0BEHIND=here-too\0/)
  assert.equal(own.BEHIND, 'here-too')
})

test('a program without secrets is left alone', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', PROGRAM],
    {
      env: { PATH: process.env.PATH, ONE: 'thing' },
    },
  )
  assert.match(JSON.parse(stdout).shown, /\0ONE=thing\0/)
})
