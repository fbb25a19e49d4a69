import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { ZipFile } from 'yazl'
import { after, before } from '../../base/testing/hooks.ts'
import { resealed, SEAL_PLACEHOLDER } from './seal.testing.ts'
import { readSeal, SEAL_BYTES } from './seal.ts'
import { SealedZipError, type SealedZipFault } from './sealed-zip-error.ts'
import { openSealedZip, type SealedZip } from './sealed-zip-reader.ts'
import { writeSealedZip, type ZipPart } from './sealed-zip-writer.ts'

const LIMITS = { partsMax: 10, totalBytesMax: 10_000_000 }
const MODIFIED_AT_MS = Date.UTC(2026, 1, 3, 4, 5, 6)
let folder: string
let file: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-sealed-zip-'))
  file = join(folder, 'test.zip')
})

after(() => rm(folder, { recursive: true }))

async function write(parts: Iterable<ZipPart> | AsyncIterable<ZipPart>): Promise<number> {
  const { bytes, finished } = writeSealedZip(parts, MODIFIED_AT_MS)
  await writeFile(file, bytes)
  return (await finished).bytes
}

/** Texts are deflated, bytes are stored. */
function part(path: string, content: string | Uint8Array): ZipPart {
  if (typeof content === 'string') return { path, text: content }
  return {
    path,
    pieces: [content],
    sha256: () => createHash('sha256').update(content).digest('hex'),
  }
}

/** Returns bytes that are read only once. */
function unread(path: string, pieces: Iterable<Uint8Array>): ZipPart {
  return { path, pieces, sha256: () => '00' }
}

async function withZip<T>(use: (zip: SealedZip) => T | Promise<T>): Promise<T> {
  const zip = await openSealedZip(file, LIMITS)
  try {
    return await use(zip)
  } finally {
    await zip.close()
  }
}

async function checkRefused(
  bytes: Uint8Array,
  fault: SealedZipFault,
  message: RegExp,
  part?: string,
): Promise<void> {
  await writeFile(file, bytes)
  await assert.rejects(openSealedZip(file, LIMITS), (error) => {
    assert.ok(error instanceof SealedZipError, String(error))
    assert.equal(error.fault, fault, error.message)
    assert.match(error.message, message)
    assert.equal(error.part, part)
    return true
  })
}

/** Makes a zip with the library, with this comment, sealed or not. */
async function foreignZip(
  comment: string,
  fill: (zip: ZipFile) => void,
  forceZip64Format = false,
): Promise<Buffer> {
  const zip = new ZipFile()
  fill(zip)
  zip.end({ comment, forceZip64Format })
  const bytes = await buffer(zip.outputStream)
  return comment === SEAL_PLACEHOLDER ? resealed(bytes) : bytes
}

test('parts come back as they were, stored or deflated, empty or long', async () => {
  const long = randomBytes(300_000)
  const bytes = await write([
    part('a.txt', 'hello'),
    part('b/c.bin', long),
    part('empty', ''),
    part('d', 'x'.repeat(9999)),
  ])
  assert.equal((await readFile(file)).length, bytes)
  await withZip(async (zip) => {
    assert.deepEqual([...zip.parts.keys()], ['a.txt', 'b/c.bin', 'empty', 'd'])
    assert.equal(Buffer.from(await zip.read('a.txt')).toString(), 'hello')
    assert.deepEqual(Buffer.from(await zip.read('b/c.bin')), long)
    assert.equal((await zip.read('empty')).length, 0)
    assert.equal((await zip.read('d')).length, 9999)
    assert.ok(zip.parts.get('d')!.packedBytes < 100)
    await assert.rejects(zip.read('e'), { fault: 'MissingPart', part: 'e' })
  })
})

test('a part is asked for only when the one before it was taken', async () => {
  let taken = 0
  async function* parts(): AsyncGenerator<ZipPart> {
    for (let at = 0; at < 3; at++) {
      assert.equal(taken, at)
      yield unread(`part-${at}`, counted())
    }
  }
  function* counted(): Generator<Uint8Array> {
    yield randomBytes(500_000)
    taken++
  }
  await write(parts())
  assert.equal(taken, 3)
})

test('a part that fails fails the bytes and the outcome with its reason', async () => {
  function* broken(): Generator<Uint8Array> {
    yield randomBytes(100_000)
    throw new Error('no more entities')
  }
  const { bytes, finished } = writeSealedZip([unread('a', broken())], MODIFIED_AT_MS)
  await assert.rejects(writeFile(file, bytes), /no more entities/)
  await assert.rejects(finished, /no more entities/)
})

test('returning from the bytes stops the parts and lets them clean up', async () => {
  let cleaned = 0
  function* endless(): Generator<Uint8Array> {
    try {
      for (;;) yield randomBytes(100_000)
    } finally {
      cleaned++
    }
  }
  function* parts(): Generator<ZipPart> {
    try {
      yield unread('a', endless())
      assert.fail('a second part was asked for')
    } finally {
      cleaned++
    }
  }
  const { bytes, finished } = writeSealedZip(parts(), MODIFIED_AT_MS)
  for await (const piece of bytes) if (piece.length === 100_000) break
  await assert.rejects(finished)
  assert.equal(cleaned, 2)
})

test('every tool that reads zips reads it', async (context) => {
  await write([part('manifest.json', '{}'), part('entities/a/b.arrow', 'x'.repeat(100_000))])
  if (spawnSync('unzip', ['-v']).status === 0) {
    assert.match(execFileSync('unzip', ['-t', file]).toString(), /No errors detected/)
    assert.equal(execFileSync('unzip', ['-p', file, 'entities/a/b.arrow']).length, 100_000)
  } else context.diagnostic('unzip is not installed: not checked')
  if (spawnSync('python3', ['--version']).status === 0) {
    const script =
      'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); ' +
      'assert z.testzip() is None; print(z.namelist())'
    assert.match(
      execFileSync('python3', ['-c', script, file]).toString(),
      /manifest.json.*entities\/a\/b.arrow/,
    )
  } else context.diagnostic('python3 is not installed: not checked')
})

test('a flip of any bit is refused', async () => {
  await write([part('a', 'hello'), part('b', Buffer.from('world'))])
  const good = await readFile(file)
  for (let at = 0; at < good.length; at++) {
    const bad = Buffer.from(good)
    bad[at]! ^= 1 << (at % 8)
    await writeFile(file, bad)
    await assert.rejects(
      openSealedZip(file, LIMITS),
      SealedZipError,
      `byte ${at} of ${good.length}`,
    )
  }
})

test('the seal is a SHA-256 of the file in which each stored part counts by its own', async () => {
  const long = randomBytes(3_000_000)
  await write([
    part('a', 'hello'),
    part('b', long),
    part('c', 'x'),
    part('d', Buffer.from('')),
    part('e', 'y'),
  ])
  const bytes = await readFile(file)
  const end = bytes.length - 64
  const start = bytes.indexOf(long)
  const empty =
    bytes.indexOf('PK\x03\x04', bytes.indexOf('PK\x03\x04', start + long.length) + 4) + 31
  assert.equal(bytes[empty - 1], 'd'.charCodeAt(0))
  const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest()
  const hashed = [
    bytes.subarray(0, start),
    sha256(long),
    bytes.subarray(start + long.length, empty),
    sha256(Buffer.from('')),
    bytes.subarray(empty, end),
  ]
  assert.equal(
    bytes.toString('latin1', end - 7),
    `merkle:${sha256(Buffer.concat(hashed)).toString('hex')}`,
  )
})

test('stored parts that would overlap, or reach beyond the end, are refused', async () => {
  await write([part('a', Buffer.from('hello')), part('b', Buffer.from('world'))])
  const good = await readFile(file)
  const directory = good.indexOf('PK\x01\x02', 0, 'latin1')
  for (const size of [100, 0x7fff_ffff]) {
    const bad = Buffer.from(good)
    // The first part's sizes, packed and unpacked.
    bad.writeUInt32LE(size, directory + 20)
    bad.writeUInt32LE(size, directory + 24)
    await writeFile(file, bad)
    const limits = { ...LIMITS, totalBytesMax: 2 ** 40 }
    await assert.rejects(openSealedZip(file, limits), { fault: 'Damaged' })
  }
})

test('a file cut at any place is refused', async () => {
  await write([part('a', 'hello'), part('b', Buffer.from('world'))])
  const good = await readFile(file)
  for (let bytes = 0; bytes < good.length; bytes++) {
    await checkRefused(
      good.subarray(0, bytes),
      bytes < 4 ? 'NotAZip' : 'Truncated',
      bytes < 4 ? /not a zip/ : /end of the file/,
    )
  }
})

test('the part that is damaged is named', async () => {
  await write([part('first', Buffer.alloc(1000, 'x')), part('second', Buffer.alloc(1000, 'y'))])
  const bad = await readFile(file)
  bad[bad.indexOf('yyyyyy') + 5]! ^= 4
  await checkRefused(bad, 'Damaged', /CRC-32/, 'second')
})

test('damage outside of the parts is refused too', async () => {
  await write([part('a', 'hello')])
  const bad = await readFile(file)
  // Changes the time in the local header, which readers ignore.
  bad[10]! ^= 4
  await checkRefused(bad, 'Damaged', /outside of its files/)
})

test('bytes behind the end are refused', async () => {
  await write([part('a', 'hello')])
  await checkRefused(
    Buffer.concat([await readFile(file), Buffer.alloc(100)]),
    'Damaged',
    /behind its end \(bytes: 100\)/,
  )
})

test('a file that is no zip, and an unsealed zip, are rejected as such', async () => {
  await checkRefused(Buffer.from(''), 'NotAZip', /not a zip/)
  await checkRefused(randomBytes(1000), 'NotAZip', /not a zip/)
  const plain = await foreignZip('', (zip) => zip.addBuffer(Buffer.from('hello'), 'a'))
  await checkRefused(plain, 'NotAZip', /without a seal/)
})

test('a part that declares an impossible size is rejected before memory is allocated', async () => {
  const bytes = await foreignZip(SEAL_PLACEHOLDER, (zip) =>
    zip.addBuffer(Buffer.alloc(1000), 'bomb'),
  )
  const directory = bytes.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))
  bytes.writeUInt32LE(0xfffffff0, directory + 24)
  await checkRefused(resealed(bytes), 'Damaged', /cannot become 4294967280/, 'bomb')
})

test('a part that unpacks to more than it says is refused', async () => {
  const bytes = await foreignZip(SEAL_PLACEHOLDER, (zip) =>
    zip.addBuffer(Buffer.alloc(100_000), 'bomb'),
  )
  const directory = bytes.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))
  bytes.writeUInt32LE(1000, directory + 24)
  await writeFile(file, resealed(bytes))
  await withZip((zip) => assert.rejects(zip.read('bomb'), { fault: 'Damaged', part: 'bomb' }))
})

test('parts over the limits, in number or in bytes, are refused', async () => {
  await write(Array.from({ length: 11 }, (_, at) => part(`part-${at}`, 'x')))
  await checkRefused(await readFile(file), 'TooLarge', /11 files, over the limit of 10/)
  await write([part('a', Buffer.alloc(6_000_000)), part('b', Buffer.alloc(6_000_000))])
  await checkRefused(await readFile(file), 'TooLarge', /more than 10000000 bytes/)
})

test('a repeated path, and one that leaves the folder, are rejected', async () => {
  const twice = await foreignZip(SEAL_PLACEHOLDER, (zip) => {
    zip.addBuffer(Buffer.from('1'), 'a')
    zip.addBuffer(Buffer.from('2'), 'a')
  })
  await checkRefused(twice, 'Damaged', /twice/, 'a')
  const outside = await foreignZip(SEAL_PLACEHOLDER, (zip) =>
    zip.addBuffer(Buffer.from('1'), 'xx/a'),
  )
  const text = outside.toString('latin1').replaceAll('xx/a', '../a')
  await checkRefused(resealed(Buffer.from(text, 'latin1')), 'Damaged', /\.\.\/a/)
})

test('places that point outside the file are refused', async () => {
  const bytes = await foreignZip(SEAL_PLACEHOLDER, (zip) => zip.addBuffer(Buffer.from('1'), 'a'))
  const end = bytes.length - SEAL_BYTES
  bytes.writeUInt32LE(0xfffffff0, end + 16)
  await checkRefused(resealed(bytes), 'Damaged', /list of files/)
})

test('a zip64 is read, and rejected if its offsets point outside the file', async () => {
  const good = await foreignZip(
    SEAL_PLACEHOLDER,
    (zip) => zip.addBuffer(Buffer.from('hello'), 'a'),
    true,
  )
  await writeFile(file, good)
  await withZip(async (zip) => assert.equal(Buffer.from(await zip.read('a')).toString(), 'hello'))
  const locator = good.length - SEAL_BYTES - 20
  const record = locator - 56
  for (const at of [locator + 8, record + 48, record + 32]) {
    const bad = Buffer.from(good)
    bad.fill(0xff, at, at + 8)
    await checkRefused(
      resealed(bad),
      at === record + 32 ? 'TooLarge' : 'Damaged',
      /list of files|over the limit/,
    )
  }
})

test('a seal of the wrong form is none', () => {
  assert.equal(readSeal(Buffer.alloc(SEAL_BYTES)), undefined)
  assert.equal(readSeal(Buffer.alloc(3)), undefined)
})
