// A complete session with Debian's boto3, and the model that Heddle ships.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startHeddle } from '../support/heddle.ts'
import { absent, makeWalkFiles, run, userEnvironment } from './walk.ts'

const PYTHON = '/usr/bin/python3'
const launcher = join(import.meta.dirname, '../../bin/heddle')

test('a user of boto3 goes from an empty bucket to two equal worlds', {
  skip: absent(PYTHON),
}, async (context) => {
  const heddle = await startHeddle()
  try {
    await using files = await makeWalkFiles('walk-boto3')
    const env = await userEnvironment(heddle, files.folder)
    const found = await run(PYTHON, ['-c', 'import boto3'], { env }).catch(() => undefined)
    if (found === undefined) return context.skip('boto3 is not on this machine')
    const logs = [launcher, 'logs', '--data', heddle.data, '--stream', '/sim/management']
    const script = join(import.meta.dirname, 'boto3-walk.py')
    const { stdout } = await run(PYTHON, [script, heddle.endpoint, files.folder, ...logs], { env })
    assert.equal(stdout, 'ok\n')
  } finally {
    await heddle.stop()
  }
})
