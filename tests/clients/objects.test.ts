// Large objects through the real program, with Debian's AWS CLI: in parts and whole, without
// keeping them in memory.

import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { HeadObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { startHeddle } from '../support/heddle.ts'
import { residentMiB } from '../support/processes.ts'
import { absent, makeWalkFiles, run, userEnvironment } from './walk.ts'

const PROGRAM = '/usr/bin/aws'
const LARGE_BYTES = 64 * 1024 ** 2

test('64 MB go up in parts and come down the same, and the server stays small', {
  skip: absent(PROGRAM),
}, async () => {
  const heddle = await startHeddle()
  try {
    await using files = await makeWalkFiles(heddle.bucket)
    const env = await userEnvironment(heddle, files.folder)
    const cp = (from: string, to: string) =>
      run(PROGRAM, ['--endpoint-url', heddle.endpoint, 's3', 'cp', from, to, '--no-progress'], {
        env,
        cwd: files.folder,
      })
    // Incompressible bytes from a fixed key: compression on the way could hide a lost part.
    const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16)).update(
      Buffer.alloc(LARGE_BYTES),
    )
    await files.write('large', noise)
    const atFirst = residentMiB([heddle.controlPid])
    const url = `s3://${heddle.bucket}/é a+b/large`
    await cp('large', url)
    await cp(url, 'again')
    assert.ok(noise.equals(await readFile(join(files.folder, 'again'))))
    const info = await heddle.s3.send(
      new HeadObjectCommand({ Bucket: heddle.bucket, Key: 'é a+b/large' }),
    )
    assert.equal(info.ContentLength, LARGE_BYTES)
    assert.match(info.ETag ?? '', /-8"$/, 'eight parts of 8 MB')
    const { Uploads } = await heddle.s3.send(
      new ListMultipartUploadsCommand({ Bucket: heddle.bucket }),
    )
    assert.equal(Uploads, undefined)
    const grown = residentMiB([heddle.controlPid]) - atFirst
    assert.ok(grown < 192, `the server has grown by ${grown} MiB`)
  } finally {
    await heddle.stop()
  }
})
