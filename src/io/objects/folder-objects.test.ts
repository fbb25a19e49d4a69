import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { after, before } from '../../base/testing/hooks.ts'
import { storeError } from './file-faults.ts'
import { FolderObjects } from './folder-objects.ts'
import { pathOfKey } from './object-names.ts'
import { ObjectsError } from './objects.ts'
import type { WriteCondition } from './place-file.ts'
import { temporaryPath } from './temporary-files.ts'
import { assertFault, describeObjects, from, oddKeys, textOf } from './testing/objects-contract.ts'

async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'heddle-objects-'))
}

describeObjects('FolderObjects', async () => {
  const folder = await temporaryFolder()
  const objects = await FolderObjects.open(folder)
  await objects.createBucket('worlds')
  return {
    objects,
    bucket: 'worlds',
    leftovers: async () => (await readdir(join(folder, '.heddle', 'temporary'))).length,
    close: async () => {
      await objects.close()
      await rm(folder, { recursive: true })
    },
  }
})

describe('FolderObjects', () => {
  let folder: string
  let objects: FolderObjects
  before(async () => {
    folder = await temporaryFolder()
    objects = await FolderObjects.open(folder)
    await objects.createBucket('first')
  })
  after(() => rm(folder, { recursive: true }))

  it('makes, lists and deletes buckets, and keeps one that holds something', async () => {
    await objects.createBucket('bucket-b')
    await objects.createBucket('bucket-a')
    const buckets = (await objects.listBuckets()).map(({ bucket }) => bucket)
    assert.deepEqual(buckets, ['bucket-a', 'bucket-b', 'first'])
    await assertFault('BucketExists', () => objects.createBucket('bucket-a'))
    await objects.put('bucket-a', 'x/y/z', from('1'))
    await assertFault('BucketNotEmpty', () => objects.deleteBucket('bucket-a'))
    await objects.delete('bucket-a', 'x/y/z')
    await objects.deleteBucket('bucket-a')
    await objects.deleteBucket('bucket-b')
    await assertFault('NoSuchBucket', () => objects.deleteBucket('bucket-a'))
  })

  it('rejects invalid names of buckets, and never leaves its folder', async () => {
    for (const bucket of [
      '',
      'ab',
      '..',
      '../x',
      '.heddle',
      'A-b',
      'a_b',
      'a..b',
      '-ab',
      'ab-',
      '10.0.0.1',
      'a'.repeat(64),
    ]) {
      await assertFault('InvalidName', () => objects.createBucket(bucket))
      await assertFault('NoSuchBucket', () => objects.head(bucket, 'k'))
      await assertFault('NoSuchBucket', () => objects.deleteBucket(bucket))
    }
  })

  it('keeps every file of a bucket inside the bucket', async () => {
    for (const key of oddKeys) {
      for (const name of pathOfKey(key)) {
        assert.ok(
          !name.includes('/') && name !== '.' && name !== '..' && Buffer.byteLength(name) <= 255,
          key,
        )
      }
    }
  })

  it('leaves no folders behind once a bucket is empty', async () => {
    await Promise.all(oddKeys.map((key) => objects.put('first', key, from('x'))))
    await Promise.all(oddKeys.map((key) => objects.delete('first', key)))
    assert.deepEqual(await readdir(join(folder, 'first')), [])
  })

  it('reads an open object to its end while it is replaced and deleted', async () => {
    const blocks = Array.from({ length: 5 }, () => randomBytes(1024 * 1024))
    await objects.put('first', 'open', Readable.from(blocks))
    const { body } = await objects.get('first', 'open')
    await objects.put('first', 'open', from('other'))
    await objects.delete('first', 'open')
    const hash = createHash('sha256')
    for await (const chunk of body) hash.update(chunk)
    assert.equal(
      hash.digest('hex'),
      createHash('sha256').update(Buffer.concat(blocks)).digest('hex'),
    )
  })

  it('puts an object only where there is none, if that is wanted', async () => {
    await objects.put('first', 'once', from('1'), { condition: absent })
    await assertFault('PreconditionFailed', () =>
      objects.put('first', 'once', from('2'), { condition: absent }),
    )
    const attempts = Array.from({ length: 6 }, (_, index) =>
      objects.put('first', 'new', from(String(index)), { condition: absent }).then(
        () => 1,
        () => 0,
      ),
    )
    assert.equal(
      (await Promise.all(attempts)).reduce<number>((sum, one) => sum + one, 0),
      1,
    )
    assert.equal(await textOf((await objects.get('first', 'once')).body), '1')
    await objects.delete('first', 'once')
    await objects.delete('first', 'new')
  })

  it('replaces and deletes only if the condition holds; one of many at once succeeds', async () => {
    const { etag } = await objects.put('first', 'counter', from('0'))
    const isFirst: WriteCondition = (current) => {
      if (current?.etag !== etag) throw new ObjectsError('PreconditionFailed', 'another one')
    }
    const attempts = [1, 2, 3, 4, 5, 6].map((number) =>
      objects.put('first', 'counter', from(String(number)), { condition: isFirst }),
    )
    const outcomes = await Promise.allSettled(attempts)
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    await assertFault('PreconditionFailed', () => objects.delete('first', 'counter', isFirst))
    assert.notEqual(await textOf((await objects.get('first', 'counter')).body), '0')
    await objects.put('first', 'counter', from('0'))
    await objects.delete('first', 'counter', isFirst)
    await assertFault('NoSuchKey', () => objects.head('first', 'counter'))
    await assertFault('PreconditionFailed', () => objects.delete('first', 'counter', isFirst))
    assert.deepEqual(await readdir(join(folder, '.heddle', 'temporary')), [])
  })

  it('says that a damaged file is damaged, without its path', async () => {
    await objects.put('first', 'cut', from('0123456789'))
    await truncate(join(folder, 'first', 'ocut'), 40)
    const error = await assertFault('Unavailable', () => objects.head('first', 'cut'))
    assert.ok(!error.message.includes(folder))
    await objects.delete('first', 'cut')
  })

  for (const record of ['null', '{"key":"odd"', '{"key":"odd","bytes":0,"etag":7}'])
    it(`says of a file with the record ${record} that it is damaged`, async () => {
      await objects.put('first', 'odd', from(''))
      const end = Buffer.alloc(4)
      end.writeUInt32LE(record.length)
      const file = Buffer.concat([Buffer.from(record), end, Buffer.from('HEDDLEo1')])
      await writeFile(join(folder, 'first', 'oodd'), file)
      const error = await assertFault('Unavailable', () => objects.head('first', 'odd'))
      assert.equal(error.message, 'The file of the object is damaged.')
      await objects.delete('first', 'odd')
    })

  it('turns faults of the disk into faults of the store, without paths', () => {
    const fault = (code: string) => {
      const error = storeError(Object.assign(new Error(`${code}: open '/secret/path'`), { code }))
      assert.ok(!error.message.includes('/secret'))
      return error.fault
    }
    assert.equal(fault('ENOSPC'), 'NoSpace')
    assert.equal(fault('EDQUOT'), 'NoSpace')
    assert.equal(fault('EROFS'), 'AccessDenied')
    assert.equal(fault('EACCES'), 'AccessDenied')
    assert.equal(fault('EIO'), 'Unavailable')
    assert.equal(fault('EMFILE'), 'Unavailable')
    const full = Object.assign(new Error('too many open files'), { code: 'EMFILE' })
    assert.match(storeError(full).message, /ulimit -n/)
  })

  it('says that nothing can be written where its folder is gone', async () => {
    const other = await temporaryFolder()
    const broken = await FolderObjects.open(other)
    await broken.createBucket('first')
    await rm(join(other, '.heddle'), { recursive: true })
    const error = await assertFault('Unavailable', () => broken.checkWritable('first'))
    assert.equal(error.message, "Nothing can be written to the bucket 'first'.")
    await assertFault('Unavailable', () => broken.put('first', 'k', from('x')))
    await rm(other, { recursive: true })
  })

  it('clears away what a crashed process left, and nothing of a living one', async () => {
    const other = await temporaryFolder()
    await FolderObjects.open(other)
    const temporary = join(other, '.heddle', 'temporary')
    const mine = temporaryPath(temporary)
    const [machine] = mine.slice(temporary.length + 1).split('-')
    const dead = spawn(process.execPath, ['-e', ''])
    await once(dead, 'exit')
    const left = [
      `${machine}-${dead.pid}-1-ab`,
      `${machine}-${process.pid}-1-ab`,
      'foreign-1-1-ab',
      'feedbeef0000-1-1-ab',
    ]
    await mkdir(join(temporary, left[0]!))
    for (const path of [mine, ...left.slice(1).map((name) => join(temporary, name))])
      await writeFile(path, '')
    const longAgo = new Date(Date.now() - 48 * 3600_000)
    await utimes(join(temporary, 'foreign-1-1-ab'), longAgo, longAgo)
    await FolderObjects.open(other)
    assert.deepEqual(
      (await readdir(temporary)).sort(),
      [mine.slice(temporary.length + 1), 'feedbeef0000-1-1-ab'].sort(),
    )
    await rm(other, { recursive: true })
  })

  it('stays consistent while several processes put, list and delete the same keys', async () => {
    const other = await temporaryFolder()
    await (await FolderObjects.open(other)).createBucket('shared')
    const children = [1, 2, 3].map((seed) => runChild(other, seed))
    const outputs = await Promise.all(children)
    for (const output of outputs) assert.equal(output, 'ok\n')
    const shared = await FolderObjects.open(other)
    assert.deepEqual(await readdir(join(other, '.heddle', 'temporary')), [])
    assert.deepEqual((await shared.list('shared', { maxEntries: 100 })).objects, [])
    assert.deepEqual(await readdir(join(other, 'shared')), [])
    await rm(other, { recursive: true })
  })
})

/**
 * Puts, deletes and reads a few keys again and again, and reopens the store. Prints every fault.
 */
const childProgram = `
  import { FolderObjects } from ${JSON.stringify(import.meta.resolve('./folder-objects.ts'))}
  import { Readable } from 'node:stream'
  const [folder, seed] = process.argv.slice(1)
  const keys = ['a', 'a/b', 'a/b/c', 'a/c/d/e']
  for (let round = 0; round < 25; round++) {
    const objects = await FolderObjects.open(folder)
    await Promise.all(keys.map(async (key) => {
      const text = (seed + key).repeat(1000 + round)
      await objects.put('shared', key, Readable.from([Buffer.from(text)]))
      const found = await objects.get('shared', key).catch((error) => {
        if (error.fault !== 'NoSuchKey') throw error
      })
      if (found !== undefined) {
        let bytes = 0
        for await (const chunk of found.body) bytes += chunk.length
        if (bytes !== found.info.bytes) throw new Error('a torn read')
      }
      const list = await objects.list('shared', { maxEntries: 10 })
      const listed = list.objects.map((info) => info.key)
      if (String(listed) !== String([...listed].sort())) throw new Error('out of order: ' + listed)
      await objects.delete('shared', key)
    }))
  }
  console.log('ok')
`

async function runChild(folder: string, seed: number): Promise<string> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', childProgram, folder, String(seed)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  await once(child, 'close')
  return output
}

describe('lists of FolderObjects', () => {
  const words = fc.array(
    fc.constantFrom('a', 'b', '/', '-', '0', 'ü', '\uffff', '😀', 'x'.repeat(130)),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  const keyArbitrary = words
    .map((parts) => parts.join(''))
    .filter((key) => Buffer.byteLength(key) <= 1024)

  it('match a plain model in byte order, with prefix, delimiter and any page size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(keyArbitrary, { maxLength: 14 }),
        fc.constantFrom('', 'a', 'a/', '/', 'a/b', 'x'.repeat(130)),
        fc.constantFrom('', '/', 'b', 'a/'),
        fc.integer({ min: 1, max: 5 }),
        async (keys, prefix, delimiter, maxEntries) => {
          const folder = await temporaryFolder()
          try {
            const objects = await FolderObjects.open(folder)
            await objects.createBucket('listed')
            for (const key of keys) await objects.put('listed', key, from('x'))
            const found: string[] = []
            let after: string | undefined = ''
            while (after !== undefined) {
              const list = await objects.list('listed', { prefix, delimiter, after, maxEntries })
              const page = [...list.objects.map(({ key }) => key), ...list.commonPrefixes]
              assert.ok(page.length <= maxEntries)
              assert.ok(list.next === undefined || page.length === maxEntries)
              found.push(...page.sort(byBytes))
              after = list.next
            }
            assert.deepEqual(found, modelList(keys, prefix, delimiter))
          } finally {
            await rm(folder, { recursive: true })
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('begin behind a given key, whether it exists or not', async () => {
    const folder = await temporaryFolder()
    const objects = await FolderObjects.open(folder)
    await objects.createBucket('listed')
    for (const key of ['a', 'a/1', 'a/2', 'b', 'c/1']) await objects.put('listed', key, from('x'))
    const behind = async (after: string) =>
      (await objects.list('listed', { after, maxEntries: 10 })).objects.map(({ key }) => key)
    assert.deepEqual(await behind('a'), ['a/1', 'a/2', 'b', 'c/1'])
    assert.deepEqual(await behind('a/1'), ['a/2', 'b', 'c/1'])
    assert.deepEqual(await behind('a/1x'), ['a/2', 'b', 'c/1'])
    assert.deepEqual(await behind('az'), ['b', 'c/1'])
    assert.deepEqual(await behind('c/1'), [])
    assert.deepEqual(await objects.list('listed', { maxEntries: 0 }), {
      objects: [],
      commonPrefixes: [],
    })
    await rm(folder, { recursive: true })
  })

  function byBytes(left: string, right: string): number {
    return Buffer.compare(Buffer.from(left), Buffer.from(right))
  }

  function modelList(keys: string[], prefix: string, delimiter: string): string[] {
    const entries = keys
      .filter((key) => key.startsWith(prefix))
      .map((key) => {
        const index = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
        return index === -1 ? key : key.slice(0, index + delimiter.length)
      })
    // A key that equals a common prefix of others is folded into it too.
    return [...new Set(entries)].sort(byBytes)
  }
})

describe('multipart uploads of FolderObjects', () => {
  let folder: string
  let objects: FolderObjects
  before(async () => {
    folder = await temporaryFolder()
    objects = await FolderObjects.open(folder)
    await objects.createBucket('uploads')
  })
  after(() => rm(folder, { recursive: true }))

  it('join the named parts into one object with the metadata of the start', async () => {
    const options = {
      contentType: 'text/plain',
      metadata: { a: 'b' },
      headers: { 'cache-control': 'no-store' },
    }
    const uploadId = await objects.startUpload('uploads', 'big', options)
    const one = await objects.putPart(
      'uploads',
      { key: 'big', uploadId, partNumber: 1 },
      from('old'),
    )
    const again = await objects.putPart(
      'uploads',
      { key: 'big', uploadId, partNumber: 1 },
      from('Hello '),
    )
    await objects.putPart('uploads', { key: 'big', uploadId, partNumber: 5 }, from('unused'))
    const ten = await objects.putPart(
      'uploads',
      { key: 'big', uploadId, partNumber: 10_000 },
      from('world'),
    )
    await assertFault('NoSuchKey', () => objects.head('uploads', 'big'))
    const { parts } = await objects.listParts('uploads', 'big', uploadId)
    const sizes = parts.map(({ partNumber, bytes }) => `${partNumber}: ${bytes}`)
    assert.deepEqual(sizes, ['1: 6', '5: 6', '10000: 5'])
    await assertFault('InvalidPart', () =>
      objects.completeUpload('uploads', 'big', uploadId, [one]),
    )
    await assertFault('InvalidPart', () =>
      objects.completeUpload('uploads', 'big', uploadId, [{ ...ten, partNumber: 2 }]),
    )
    const stored = await objects.completeUpload('uploads', 'big', uploadId, [again, ten])
    const digests = ['Hello ', 'world'].map((text) => createHash('md5').update(text).digest())
    assert.equal(
      stored.etag,
      `"${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-2"`,
    )
    const { info, body } = await objects.get('uploads', 'big')
    assert.equal(await textOf(body), 'Hello world')
    assert.equal(info.contentType, 'text/plain')
    assert.deepEqual(info.metadata, { a: 'b' })
    assert.deepEqual(info.headers, { 'cache-control': 'no-store' })
    assert.deepEqual(await objects.completeUpload('uploads', 'big', uploadId, [again, ten]), stored)
    for (const others of [
      [again],
      [again, { ...ten, partNumber: 3 }],
      [again, { ...ten, etag: one.etag }],
    ]) {
      await assertFault('NoSuchUpload', () =>
        objects.completeUpload('uploads', 'big', uploadId, others),
      )
    }
    await assertFault('NoSuchUpload', () => objects.listParts('uploads', 'big', uploadId))
  })

  it('are completed once, for concurrent clients and for a lost answer', async () => {
    const uploadId = await objects.startUpload('uploads', 'asked')
    const part = await objects.putPart(
      'uploads',
      { key: 'asked', uploadId, partNumber: 1 },
      from('x'),
    )
    const complete = () =>
      objects.completeUpload('uploads', 'asked', uploadId, [part], { condition: absent })
    const answers = await Promise.all([complete(), complete(), complete()])
    assert.deepEqual(answers, [answers[0], answers[0], answers[0]])
    assert.deepEqual(await complete(), answers[0])
    const after = await objects.startUpload('uploads', 'asked')
    await objects.putPart('uploads', { key: 'asked', uploadId: after, partNumber: 1 }, from('x'))
    const again = () =>
      objects.completeUpload('uploads', 'asked', after, [part], { condition: absent })
    await assertFault('PreconditionFailed', again)
    await objects.delete('uploads', 'asked')
    assert.equal((await again()).upload?.id, after)
    await objects.delete('uploads', 'asked')
    await assertFault('NoSuchUpload', again)
  })

  it('leave nothing once they are aborted, also for a part on its way', async () => {
    const uploadId = await objects.startUpload('uploads', 'stopped')
    await objects.putPart('uploads', { key: 'stopped', uploadId, partNumber: 1 }, from('x'))
    async function* slow() {
      yield Buffer.from('x')
      await objects.abortUpload('uploads', 'stopped', uploadId)
    }
    await assertFault('NoSuchUpload', () =>
      objects.putPart(
        'uploads',
        { key: 'stopped', uploadId, partNumber: 2 },
        Readable.from(slow()),
      ),
    )
    assert.deepEqual(await objects.listUploads('uploads'), [])
    assert.deepEqual(await readdir(join(folder, '.heddle', 'temporary')), [])
    assert.deepEqual(await readdir(join(folder, '.heddle', 'uploads', 'uploads')), [])
  })

  it('belong to their key, and their ids lead nowhere else', async () => {
    const uploadId = await objects.startUpload('uploads', 'mine')
    await assertFault('NoSuchUpload', () =>
      objects.putPart('uploads', { key: 'yours', uploadId, partNumber: 1 }, from('x')),
    )
    for (const id of ['', '..', '../uploads', uploadId.toUpperCase(), '0'.repeat(32)]) {
      await assertFault('NoSuchUpload', () =>
        objects.putPart('uploads', { key: 'mine', uploadId: id, partNumber: 1 }, from('x')),
      )
      await assertFault('NoSuchUpload', () => objects.abortUpload('uploads', 'mine', id))
    }
    assert.deepEqual(
      (await objects.listUploads('uploads')).map((upload) => upload.uploadId),
      [uploadId],
    )
    await objects.abortUpload('uploads', 'mine', uploadId)
  })

  for (const [text, fault] of [
    ['{"uploadId"', /upload\.json of the multipart upload \w+ in bucket uploads is damaged: /],
    ['{"uploadId":"u","key":"odd","startedAtMs":"now"}', /is damaged: startedAtMs: /],
  ] as const)
    it(`are named if their file is damaged: ${text}`, async () => {
      const uploadId = await objects.startUpload('uploads', 'odd')
      const place = join(folder, '.heddle', 'uploads', 'uploads', uploadId)
      await writeFile(join(place, 'upload.json'), text)
      const find = () => objects.findUpload('uploads', 'odd', uploadId)
      assert.match((await assertFault('Unavailable', find)).message, fault)
      await rm(place, { recursive: true })
      await assertFault('NoSuchUpload', find)
    })

  it('go away with their bucket', async () => {
    await objects.createBucket('short-lived')
    const uploadId = await objects.startUpload('short-lived', 'k')
    await objects.deleteBucket('short-lived')
    await objects.createBucket('short-lived')
    assert.deepEqual(await objects.listUploads('short-lived'), [])
    await assertFault('NoSuchUpload', () =>
      objects.putPart('short-lived', { key: 'k', uploadId, partNumber: 1 }, from('x')),
    )
  })
})

const absent: WriteCondition = (current) => {
  if (current !== undefined) throw new ObjectsError('PreconditionFailed', 'there is one')
}
