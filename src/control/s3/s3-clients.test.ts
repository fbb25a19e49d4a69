import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import aws from 'aws-sdk'
import { after, before } from '../../base/testing/hooks.ts'
import { startTestEndpoint, TEST_REGION, type TestEndpoint, testKeys } from './testing.ts'

const CLI_PROGRAM = '/usr/bin/aws'
const PYTHON_PROGRAM = '/usr/bin/python3'
const run = promisify(execFile)

describe('the S3 endpoint, used by other clients,', () => {
  let endpoint: TestEndpoint
  let work: string
  before(async () => {
    endpoint = await startTestEndpoint()
    await endpoint.objects.createBucket('worlds')
    work = join(endpoint.folder, 'work')
    await mkdir(work)
  })
  after(async () => {
    await endpoint[Symbol.asyncDispose]()
    assert.deepEqual(endpoint.failures, [])
  })

  /** Hides the profile and the keys of the account that runs the test. */
  function environment(secret = testKeys.secretAccessKey): NodeJS.ProcessEnv {
    return {
      PATH: '/usr/bin:/bin',
      HOME: work,
      AWS_ACCESS_KEY_ID: testKeys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_DEFAULT_REGION: TEST_REGION,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
      ENDPOINT: endpoint.url,
    }
  }

  function cli(...words: string[]): Promise<{ stdout: string; stderr: string }> {
    return run(CLI_PROGRAM, ['--endpoint-url', endpoint.url, ...words], {
      env: environment(),
      cwd: work,
    })
  }

  function v2(secretAccessKey = testKeys.secretAccessKey): aws.S3 {
    return new aws.S3({
      endpoint: endpoint.url,
      region: TEST_REGION,
      credentials: { accessKeyId: testKeys.accessKeyId, secretAccessKey },
      s3ForcePathStyle: true,
      signatureVersion: 'v4',
      maxRetries: 0,
    })
  }

  it('works with aws-sdk v2: buckets, objects, lists, managed uploads in parts', async () => {
    const s3 = v2()
    await s3.createBucket({ Bucket: 'by-v2' }).promise()
    const content = randomBytes(11 * 1024 * 1024)
    await s3
      .upload({ Bucket: 'by-v2', Key: 'dir/großes +&.bin', Body: content, Metadata: { a: 'b' } })
      .promise()
    const got = await s3.getObject({ Bucket: 'by-v2', Key: 'dir/großes +&.bin' }).promise()
    assert.ok(content.equals(got.Body as Buffer))
    assert.match(got.ETag ?? '', /-3"$/)
    assert.deepEqual(got.Metadata, { a: 'b' })
    const list = await s3.listObjectsV2({ Bucket: 'by-v2', Delimiter: '/' }).promise()
    assert.deepEqual(list.CommonPrefixes, [{ Prefix: 'dir/' }])
    const Objects = [{ Key: 'dir/großes +&.bin' }]
    const gone = await s3.deleteObjects({ Bucket: 'by-v2', Delete: { Objects } }).promise()
    assert.deepEqual(gone.Deleted, Objects)
    await s3.deleteBucket({ Bucket: 'by-v2' }).promise()
    await assert.rejects(v2('wrong').listBuckets().promise(), {
      code: 'SignatureDoesNotMatch',
      statusCode: 403,
    })
  })

  it('honours presigned URLs to get and to put, until they end', async () => {
    const s3 = v2()
    const key = { Bucket: 'worlds', Key: 'pre signed/+&ü' }
    const putUrl = await s3.getSignedUrlPromise('putObject', { ...key, Expires: 600 })
    assert.equal((await fetch(putUrl, { method: 'PUT', body: 'by URL' })).status, 200)
    const getUrl = await s3.getSignedUrlPromise('getObject', { ...key, Expires: 600 })
    assert.equal(await (await fetch(getUrl)).text(), 'by URL')
    const refused = [
      await fetch(getUrl, { method: 'PUT', body: 'x' }),
      await fetch(getUrl.replace('signed', 'singed')),
      await fetch(await v2('wrong').getSignedUrlPromise('getObject', { ...key, Expires: 600 })),
    ]
    for (const response of refused) {
      assert.equal(response.status, 403)
      assert.match(await response.text(), /SignatureDoesNotMatch/)
    }
    await endpoint.objects.delete('worlds', 'pre signed/+&ü')
  })

  it('refuses a presigned URL after its time', async () => {
    let now = new Date()
    await using moved = await startTestEndpoint({ now: () => now })
    await moved.objects.createBucket('worlds')
    const s3 = new aws.S3({
      endpoint: moved.url,
      region: TEST_REGION,
      credentials: testKeys,
      s3ForcePathStyle: true,
      signatureVersion: 'v4',
    })
    const url = await s3.getSignedUrlPromise('putObject', {
      Bucket: 'worlds',
      Key: 'k',
      Expires: 60,
    })
    assert.equal((await fetch(url, { method: 'PUT', body: 'x' })).status, 200)
    now = new Date(now.getTime() + 3600_000)
    const late = await fetch(url, { method: 'PUT', body: 'x' })
    assert.equal(late.status, 403)
    assert.match(
      await late.text(),
      /<Code>AccessDenied<\/Code><Message>The presigned request has expired/,
    )
  })

  it('works with the aws CLI: buckets, cp, sync, mv, and large files in parts', async (context) => {
    if (!isThere(context, CLI_PROGRAM)) return
    const content = randomBytes(20 * 1024 * 1024)
    await mkdir(join(work, 'tree', 'sub'), { recursive: true })
    await writeFile(join(work, 'large.bin'), content)
    await writeFile(join(work, 'tree', 'a ü.txt'), 'a')
    await writeFile(join(work, 'tree', 'sub', 'b&c.txt'), 'bc')
    await cli('s3', 'mb', 's3://by-cli')
    await cli('s3', 'cp', '--quiet', 'large.bin', 's3://by-cli/large.bin')
    await cli('s3', 'sync', '--quiet', 'tree', 's3://by-cli/tree')
    const listed = (await cli('s3', 'ls', '--recursive', 's3://by-cli')).stdout
    assert.deepEqual(
      listed
        .trim()
        .split('\n')
        .map((line) => line.replace(/^\S+ \S+ +/, '')),
      ['20971520 large.bin', '1 tree/a ü.txt', '2 tree/sub/b&c.txt'],
    )
    await cli('s3', 'mv', '--quiet', 's3://by-cli/large.bin', 's3://worlds/moved.bin')
    await cli('s3', 'cp', '--quiet', 's3://worlds/moved.bin', 'back.bin')
    assert.equal(sha256(await readFile(join(work, 'back.bin'))), sha256(content))
    await rm(join(work, 'tree'), { recursive: true })
    await cli('s3', 'sync', '--quiet', 's3://by-cli/tree', 'tree')
    assert.equal(await readFile(join(work, 'tree', 'sub', 'b&c.txt'), 'utf8'), 'bc')
    assert.equal(await readFile(join(work, 'tree', 'a ü.txt'), 'utf8'), 'a')
    await cli('s3', 'rm', '--quiet', '--recursive', 's3://by-cli')
    await cli('s3', 'rb', 's3://by-cli')
    await cli('s3', 'rm', 's3://worlds/moved.bin')
    await assert.rejects(cli('s3', 'ls', 's3://by-cli'), /NoSuchBucket/)
    const wrong = { env: environment('wrong'), cwd: work }
    const words = ['--endpoint-url', endpoint.url, 's3', 'cp', 'large.bin', 's3://worlds/x']
    await assert.rejects(run(CLI_PROGRAM, words, wrong), /SignatureDoesNotMatch/)
    await assert.rejects(endpoint.objects.head('worlds', 'x'))
  })

  it('works with boto3: files in parts, download, paging, presigned URLs', async (context) => {
    if (!isThere(context, PYTHON_PROGRAM)) return
    const content = randomBytes(18 * 1024 * 1024)
    await writeFile(join(work, 'python.bin'), content)
    const { stdout } = await run(PYTHON_PROGRAM, ['-c', pythonWalk], {
      env: environment(),
      cwd: work,
    })
    assert.equal(stdout, 'ok\n')
    assert.equal(sha256(await readFile(join(work, 'python.back'))), sha256(content))
    assert.deepEqual((await endpoint.objects.list('worlds', { maxEntries: 10 })).objects, [])
  })

  it('keeps what the aws CLI demands, and refuses what it would not do', async (context) => {
    if (!isThere(context, CLI_PROGRAM)) return
    const api = async (operation: string, ...words: string[]) =>
      JSON.parse((await cli('s3api', operation, '--output', 'json', ...words)).stdout || '{}')
    const object = ['--bucket', 'worlds', '--key', 'cli']
    await writeFile(join(work, 'body'), 'content')
    const put = ['put-object', ...object, '--body', 'body'] as const
    const unwanted = [
      ['--acl', 'public-read'], ['--tagging', 'a=b'], ['--server-side-encryption', 'AES256'],
      ['--storage-class', 'GLACIER'], ['--website-redirect-location', '/x'],
      ['--object-lock-legal-hold-status', 'ON', '--checksum-algorithm', 'SHA256'],
    ] // biome-ignore format: a list
    for (const words of unwanted)
      await assert.rejects(api(...put, ...words), /NotImplemented/, words.join(' '))
    await assert.rejects(api(...put, '--expected-bucket-owner', '999999999999'), /AccessDenied/)
    await assert.rejects(endpoint.objects.head('worlds', 'cli'))
    await api(
      ...put,
      '--acl',
      'private',
      '--storage-class',
      'STANDARD',
      '--checksum-algorithm',
      'SHA256',
    )
    const told = await api(
      'get-object-attributes',
      ...object,
      '--object-attributes',
      'ETag',
      'Checksum',
      'ObjectSize',
    )
    assert.equal(
      told.Checksum.ChecksumSHA256,
      createHash('sha256').update('content').digest('base64'),
    )
    assert.equal(told.ObjectSize, 7)
    assert.deepEqual(await api('get-bucket-versioning', '--bucket', 'worlds'), {})
    await assert.rejects(
      api('get-object', ...object, '--if-match', 'other', 'got'),
      /PreconditionFailed/,
    )
    await api('get-object', ...object, '--checksum-mode', 'ENABLED', '--part-number', '1', 'got')
    assert.equal(await readFile(join(work, 'got'), 'utf8'), 'content')
    await api('delete-object', ...object)
  })

  it('is held by boto3 to conditions, checksums and parts', async (context) => {
    if (!isThere(context, PYTHON_PROGRAM)) return
    const { stdout } = await run(PYTHON_PROGRAM, ['-c', pythonDemands], {
      env: environment(),
      cwd: work,
    })
    assert.equal(stdout, 'ok\n')
    assert.deepEqual((await endpoint.objects.list('worlds', { maxEntries: 10 })).objects, [])
  })
})

/**
 * Debian's boto3 does not know all of these by name, so they are sent as headers, as newer versions
 * do.
 */
const pythonDemands = `
import os, boto3
from botocore.exceptions import ClientError
s3 = boto3.client('s3', endpoint_url=os.environ['ENDPOINT'])
here = {'Bucket': 'worlds', 'Key': 'py'}
sent = {}
s3.meta.events.register('before-call.s3', lambda params, **_: params['headers'].update(sent))

def call(method, headers={}, **more):
    sent.clear()
    sent.update(headers)
    return method(**more)

def code(*given, **more):
    try:
        call(*given, **more)
        return 'ok'
    except ClientError as error:
        return error.response['Error']['Code']

etag = call(s3.put_object, **here, Body=b'old')['ETag']
assert code(s3.put_object, {'If-None-Match': '*'}, **here, Body=b'x') == 'PreconditionFailed'
upload = call(s3.create_multipart_upload, **here)['UploadId']
part = dict(here, UploadId=upload, PartNumber=1, Body=b'new', ChecksumAlgorithm='CRC32')
part = call(s3.upload_part, **part)
parts = {'Parts': [{'PartNumber': 1, 'ETag': part['ETag'], 'ChecksumCRC32': part['ChecksumCRC32']}]}
complete = dict(here, UploadId=upload, MultipartUpload=parts)
end = s3.complete_multipart_upload
assert code(end, {'If-Match': '"other"'}, **complete) == 'PreconditionFailed'
assert code(end, {'x-amz-mp-object-size': '4'}, **complete) == 'InvalidRequest'
assert code(end, {'x-amz-checksum-crc32': 'AAAAAA=='}, **complete) == 'BadDigest'
first = call(end, {'If-Match': etag, 'x-amz-mp-object-size': '3'}, **complete)
again = call(end, **complete)
assert first['ETag'] == again['ETag'] != etag
got = call(s3.get_object, **here, PartNumber=1)
assert got['Body'].read() == b'new' and got['PartsCount'] == 1
copy = dict(here, Key='copy')
copy['UploadId'] = call(s3.create_multipart_upload, **copy)['UploadId']
source = dict(copy, PartNumber=1, CopySource='worlds/py')
encoded = {'x-amz-copy-source': 'worlds%2Fpy'}
assert code(s3.upload_part_copy, **source, CopySourceRange='bytes=0-3') == 'InvalidRange'
assert code(s3.upload_part_copy, **source, CopySourceRange='bytes=-2') == 'InvalidArgument'
call(s3.upload_part_copy, encoded, **source, CopySourceRange='bytes=0-2')
call(s3.abort_multipart_upload, **copy)
assert code(s3.delete_object, {'If-Match': etag}, **here) == 'PreconditionFailed'
assert code(s3.delete_object, **here, ExpectedBucketOwner='999999999999') == 'AccessDenied'
call(s3.delete_object, {'If-Match': first['ETag']}, **here)
print('ok')
`

const pythonWalk = `
import os, urllib.request, boto3, botocore
from botocore.config import Config
endpoint = os.environ['ENDPOINT']
s3 = boto3.client('s3', endpoint_url=endpoint, config=Config(signature_version='s3v4'))
plain = boto3.client('s3', endpoint_url=endpoint)
key = 'dir/py +&ü.bin'
plain.upload_file('python.bin', 'worlds', key, ExtraArgs={'Metadata': {'a': 'b'}})
plain.download_file('worlds', key, 'python.back')
assert plain.head_object(Bucket='worlds', Key=key)['Metadata'] == {'a': 'b'}
names = [key] + ['page/%02d' % n for n in range(7)]
for name in names[1:]:
    plain.put_object(Bucket='worlds', Key=name, Body=name.encode())
paginator = plain.get_paginator('list_objects_v2')
pages = paginator.paginate(Bucket='worlds', PaginationConfig={'PageSize': 3})
assert [o['Key'] for page in pages for o in page['Contents']] == names
for client in (s3, plain):
    asked = {'Bucket': 'worlds', 'Key': 'page/03'}
    url = client.generate_presigned_url('get_object', Params=asked, ExpiresIn=60)
    assert urllib.request.urlopen(url).read() == b'page/03'
try:
    plain.get_object(Bucket='worlds', Key='missing')
except plain.exceptions.NoSuchKey:
    pass
unwanted = {'Objects': [{'Key': name} for name in names]}
deleted = plain.delete_objects(Bucket='worlds', Delete=unwanted)
assert len(deleted['Deleted']) == len(names) and 'Errors' not in deleted
print('ok')
`

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Skips a client that is not installed, except where everything must be tested. */
function isThere(context: TestContext, program: string): boolean {
  if (existsSync(program)) return true
  assert.notEqual(process.env.CI, 'true', `${program} is missing`)
  context.skip(`${program} is not installed`)
  return false
}
