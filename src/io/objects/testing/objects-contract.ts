// The contract of object stores, as tests: each store's test file runs them over its own.
// Owns the shared behaviour; never what only one store has.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { after, before } from '../../../base/testing/hooks.ts'
import { type Objects, ObjectsError, type ObjectsFault } from '../objects.ts'

interface StoreUnderTest {
  objects: Objects
  /** An empty bucket. */
  bucket: string
  /** Number of half-done writes that the store still keeps, as far as it can tell. */
  leftovers(): Promise<number>
  close(): Promise<void>
}

/** Keys that break careless stores. */
export const oddKeys = [
  '../../escape', '../..', '.../', '/..', './a', 'a/../b', 'a//b', '/', '//', '/a', 'a/', 'a',
  'a/b', 'a/b/', 'a.o', 'd', 'da', '~', ' ', ' a ',
  'a b', 'a+b', 'a%2Fb', '%', '%00', 'a\u0001b', 'a\nb', 'tab\t', '\u007f', 'ü', 'u\u0308',
  '日本語/キー', '😀', '\uffff', 'a&b<c>"d\'e', 'a?b#c',
  'a=b;c,d', '\\..\\x', 'CON', '.heddle', 'a*b', "(!')", 'x'.repeat(1024), '/'.repeat(1024),
  '😀'.repeat(256), `${'y'.repeat(300)}/${'z'.repeat(300)}`,
] // biome-ignore format: one list

/** Runs the tests that every store must pass over the store that `open` makes. */
export function describeObjects(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} as an object store`, () => {
    let store: StoreUnderTest
    let objects: Objects
    let bucket: string
    before(async () => {
      store = await open()
      objects = store.objects
      bucket = store.bucket
    })
    after(() => store.close())

    it('gives back what was put: content, type, metadata, ETag, time', async () => {
      const startMs = Date.now()
      const options = { contentType: 'application/zip', metadata: { tick: '17', who: 'a b' } }
      const put = await objects.put(bucket, 'plain', from('hello'), options)
      const { info, body } = await objects.get(bucket, 'plain')
      assert.equal(await textOf(body), 'hello')
      assert.deepEqual(info, await objects.head(bucket, 'plain'))
      assert.equal(info.key, 'plain')
      assert.equal(info.bytes, 5)
      assert.equal(info.etag, `"${createHash('md5').update('hello').digest('hex')}"`)
      assert.equal(put.etag, info.etag)
      assert.equal(info.contentType, 'application/zip')
      assert.deepEqual(info.metadata, { tick: '17', who: 'a b' })
      assert.ok(Math.abs(info.modifiedAtMs - startMs) < 60_000)
    })

    it('says which keys begin with a prefix', async () => {
      const keys = ['listed/a', 'listed/b/c', 'listed/é', 'listen']
      for (const key of keys) await objects.put(bucket, key, from('x'))
      assert.deepEqual(await objects.keys(bucket, 'listed/'), keys.slice(0, 3))
      assert.deepEqual(await objects.keys(bucket, 'listed/none'), [])
      await assertFault('NoSuchBucket', () => objects.keys('no-such-bucket', ''))
      for (const key of keys) await objects.delete(bucket, key)
    })

    it('replaces an object, and keeps empty ones', async () => {
      await objects.put(bucket, 'twice', from('first'), { metadata: { a: '1' } })
      await objects.put(bucket, 'twice', Readable.from([]))
      const { info, body } = await objects.get(bucket, 'twice')
      assert.equal(await textOf(body), '')
      assert.equal(info.bytes, 0)
      assert.deepEqual(info.metadata, {})
    })

    it('reads ranges, cut at the end of the object', async () => {
      await objects.put(bucket, 'range', from('0123456789'))
      const read = async (first: number, last?: number) => {
        const range = last === undefined ? { first } : { first, last }
        const { info, body } = await objects.get(bucket, 'range', range)
        assert.equal(info.bytes, 10)
        return textOf(body)
      }
      assert.equal(await read(0, 0), '0')
      assert.equal(await read(3, 5), '345')
      assert.equal(await read(7), '789')
      assert.equal(await read(8, 100), '89')
      await assertFault('InvalidRange', () => objects.get(bucket, 'range', { first: 10 }))
    })

    it('deletes, also what is not there', async () => {
      await objects.put(bucket, 'gone', from('x'))
      await objects.delete(bucket, 'gone')
      await objects.delete(bucket, 'gone')
      await assertFault('NoSuchKey', () => objects.head(bucket, 'gone'))
      await assertFault('NoSuchKey', () => objects.get(bucket, 'gone'))
    })

    it('names a bucket that is not there, in every operation', async () => {
      const missing = 'no-such-bucket-here'
      assert.equal(await objects.bucketExists(missing), false)
      assert.equal(await objects.bucketExists(bucket), true)
      const steps = [
        () => objects.head(missing, 'k'),
        () => objects.get(missing, 'k'),
        () => objects.put(missing, 'k', from('x')),
        () => objects.delete(missing, 'k'),
        () => objects.checkWritable(missing, 'k'),
      ]
      for (const step of steps) {
        const error = await assertFault('NoSuchBucket', step)
        assert.match(error.message, /no-such-bucket-here/)
      }
    })

    it('says that a bucket can be written, and leaves no trace of trying', async () => {
      await objects.checkWritable(bucket, 'tried')
      await assertFault('NoSuchKey', () => objects.head(bucket, 'tried'))
      assert.equal(await store.leftovers(), 0)
    })

    it('keeps odd keys apart', async () => {
      await Promise.all(oddKeys.map((key) => objects.put(bucket, key, from(`content of ${key}`))))
      for (const key of oddKeys) {
        const { info, body } = await objects.get(bucket, key)
        assert.equal(await textOf(body), `content of ${key}`)
        assert.equal(info.key, key)
      }
      for (const key of oddKeys) await objects.delete(bucket, key)
      for (const key of oddKeys) await assertFault('NoSuchKey', () => objects.head(bucket, key))
    })

    it('keeps any text as a key', async () => {
      const key = fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
        .filter((text) => !text.includes('\0') && !/^\.+$/.test(text))
      await fc.assert(
        fc.asyncProperty(key, async (text) => {
          await objects.put(bucket, text, from(text))
          assert.equal(await textOf((await objects.get(bucket, text)).body), text)
          await objects.delete(bucket, text)
        }),
        { numRuns: 25 },
      )
    })

    it('refuses keys that are empty, too long, dots alone, or hold NUL', async () => {
      for (const key of [
        '',
        'x'.repeat(1025),
        '😀'.repeat(257),
        '.',
        '..',
        '...',
        'a\0b',
        'lone \ud800',
      ]) {
        await assertFault('InvalidName', () => objects.put(bucket, key, from('x')))
        await assertFault('InvalidName', () => objects.head(bucket, key))
        await assertFault('InvalidName', () => objects.get(bucket, key))
        await assertFault('InvalidName', () => objects.delete(bucket, key))
      }
    })

    it('streams a large object, and gives back the same bytes', async () => {
      const blocks = Array.from({ length: 12 }, () => randomBytes(1024 * 1024))
      await objects.put(bucket, 'large', Readable.from(blocks))
      const { info, body } = await objects.get(bucket, 'large')
      assert.equal(info.bytes, 12 * 1024 * 1024)
      const read = createHash('sha256')
      for await (const chunk of body) read.update(chunk)
      const sent = createHash('sha256')
      for (const block of blocks) sent.update(block)
      assert.equal(read.digest('hex'), sent.digest('hex'))
      await objects.delete(bucket, 'large')
    })

    it('is done with a chunk when it asks for the next', async () => {
      const chunk = Buffer.alloc(1024 * 1024)
      async function* again() {
        for (let block = 0; block < 12; block++) yield chunk.fill(block)
      }
      await objects.put(bucket, 'again', again())
      let at = 0
      for await (const read of (await objects.get(bucket, 'again'))
        .body as AsyncIterable<Uint8Array>)
        for (const byte of read) assert.equal(byte, Math.floor(at++ / chunk.length), `byte ${at}`)
      assert.equal(at, 12 * chunk.length)
      await objects.delete(bucket, 'again')
    })

    for (const [size, blocks] of [
      ['small', 1],
      ['large', 14],
    ] as const) {
      it(`keeps the old object and nothing else where a ${size} body fails`, async () => {
        const key = `failing-${size}`
        await objects.put(bucket, key, from('old'))
        const failure = new Error('the source broke')
        async function* broken() {
          for (let block = 0; block < blocks; block++) yield Buffer.alloc(1024 * 1024)
          throw failure
        }
        await assert.rejects(objects.put(bucket, key, Readable.from(broken())), failure)
        assert.equal(await textOf((await objects.get(bucket, key)).body), 'old')
        assert.equal(await store.leftovers(), 0)
      })

      it(`leaves nothing where the put of a ${size} body is aborted`, async () => {
        const key = `aborted-${size}`
        const abort = new AbortController()
        async function* endless() {
          for (let block = 0; block < blocks; block++) yield Buffer.alloc(1024 * 1024)
          abort.abort()
          await new Promise(() => undefined)
        }
        const put = objects.put(bucket, key, Readable.from(endless()), { signal: abort.signal })
        await assert.rejects(put, { name: 'AbortError' })
        await assertFault('NoSuchKey', () => objects.head(bucket, key))
        assert.equal(await store.leftovers(), 0)
      })
    }

    it('clears away nothing of a put that is under way', async () => {
      const halfway = Promise.withResolvers<void>()
      async function* slow() {
        for (let block = 0; block < 12; block++) yield Buffer.alloc(1024 * 1024, block)
        halfway.resolve()
        await objects.clearAbandoned()
        yield Buffer.from('end')
      }
      const put = objects.put(bucket, 'slow', Readable.from(slow()))
      await halfway.promise
      assert.equal((await put).bytes, 12 * 1024 * 1024 + 3)
      await objects.delete(bucket, 'slow')
      assert.equal(await store.leftovers(), 0)
    })

    it('refuses a put that is aborted before it begins', async () => {
      const signal = AbortSignal.abort()
      await assert.rejects(objects.put(bucket, 'never', from('x'), { signal }), {
        name: 'AbortError',
      })
      await assertFault('NoSuchKey', () => objects.head(bucket, 'never'))
    })

    it('lets one of many puts at once win whole', async () => {
      const contents = Array.from({ length: 8 }, (_, index) => String(index).repeat(20_000))
      await Promise.all(
        contents.map((content) => objects.put(bucket, 'race/deep/down', from(content))),
      )
      const { info, body } = await objects.get(bucket, 'race/deep/down')
      const text = await textOf(body)
      assert.ok(contents.includes(text))
      assert.equal(info.etag, `"${createHash('md5').update(text).digest('hex')}"`)
    })
  })
}

/** Returns a body of one chunk. */
export function from(text: string): Readable {
  return Readable.from([Buffer.from(text)])
}

/** Reads a body to its end. */
export async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

/** Asserts that a step throws that fault, and returns the error. */
export async function assertFault(
  fault: ObjectsFault,
  step: () => Promise<unknown>,
): Promise<ObjectsError> {
  try {
    await step()
  } catch (error) {
    assert.ok(error instanceof ObjectsError, `not an ObjectsError: ${error}`)
    assert.equal(error.fault, fault, error.message)
    return error
  }
  assert.fail(`the step should have been refused with ${fault}`)
}
