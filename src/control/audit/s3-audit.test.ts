import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import pino from 'pino'
import type { AuditEvent } from '../../core/audit/audit-event.ts'
import { auditFileNames } from '../../io/audit/audit-files.ts'
import { resolveConfig } from '../config.ts'
import { serveControl } from '../server.ts'

async function serve(t: TestContext, s3: boolean) {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-audit-'))
  const config = resolveConfig(
    { data: join(folder, 'data'), fabricDir: join(folder, 'fabric'), port: '0' },
    {},
  )
  const audit = { ...config.audit, s3 }
  const served = await serveControl(
    { ...config, audit },
    { log: pino({ level: 'silent' }), environment: {} },
  )
  const { accessKeyId, secretAccessKey } = served.control.credentials
  const client = new S3Client({
    endpoint: served.url,
    region: 'us-west-2',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
  })
  t.after(async () => {
    client.destroy()
    await served.close().catch(() => undefined)
    await rm(folder, { recursive: true })
  })
  const { audit: auditFolder } = served.control.data
  const events = () =>
    auditFileNames(auditFolder)
      .flatMap((name) => readFileSync(join(auditFolder, name), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as AuditEvent)
  return { client, accessKeyId, events, auditFolder }
}

test('S3 calls leave data events where the operator wants them, and no body', async (t) => {
  const { client, accessKeyId, events } = await serve(t, true)
  await client.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  await client.send(
    new PutObjectCommand({ Bucket: 'bucket', Key: 'a/b', Body: 'body of the object' }),
  )
  await assert.rejects(client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'none' })))
  const [created, put, missing, ...others] = events()
  assert.deepEqual(others, [])
  assert.equal(created.eventName, 'CreateBucket')
  assert.equal(put.eventName, 'PutObject')
  assert.equal(put.eventSource, 's3.amazonaws.com')
  assert.equal(put.eventCategory, 'Data')
  assert.equal(put.userIdentity.accessKeyId, accessKeyId)
  assert.match(put.userIdentity.arn ?? '', /^arn:aws:iam::111122223333:/)
  assert.deepEqual(put.requestParameters, { bucketName: 'bucket', key: 'a/b' })
  assert.equal(put.readOnly, false)
  assert.equal(missing.eventName, 'GetObject')
  assert.equal(missing.errorCode, 'NoSuchKey')
  assert.equal(missing.readOnly, true)
  assert.equal(JSON.stringify(events()).includes('body of'), false)
})

test('S3 calls leave nothing otherwise', async (t) => {
  const { client, events } = await serve(t, false)
  await client.send(new CreateBucketCommand({ Bucket: 'bucket' }))
  assert.deepEqual(events(), [])
})

test('an S3 change that leaves no record is not answered as done', async (t) => {
  const { client, auditFolder } = await serve(t, true)
  rmSync(auditFolder, { recursive: true })
  await assert.rejects(client.send(new CreateBucketCommand({ Bucket: 'bucket' })), {
    name: 'InternalError',
  })
})
