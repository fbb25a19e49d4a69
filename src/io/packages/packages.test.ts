import assert from 'node:assert/strict'
import { chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { crc32, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import yazl from 'yazl'
import type { PackageLocation } from '../../base/package-location.ts'
import { after, before } from '../../base/testing/hooks.ts'
import { MemoryObjects } from '../objects/memory-objects.ts'
import { PackageError } from './package-error.ts'
import { fetchPackage, type PackagesOptions, removePackages } from './packages.ts'
import { unzip } from './unzip.ts'

const BUCKET = 'my-bucket'
const objects = new MemoryObjects()
let root: string
let counter = 0

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'heddle-packages-'))
  await objects.createBucket(BUCKET)
})
after(() => removePackages(root))

function newFolder(): string {
  return join(root, `destination-${counter++}`)
}

async function upload(zip: Buffer, key = `app-${counter++}.zip`): Promise<PackageLocation> {
  await objects.put(BUCKET, key, Readable.from([zip], { objectMode: false }))
  return { kind: 's3', bucket: BUCKET, key }
}

/** Fetches the zip into a new folder. */
async function fetchZip(zip: Buffer, options: Partial<PackagesOptions> = {}): Promise<string> {
  return fetchPackage(await upload(zip), { objects, destinationFolder: newFolder(), ...options })
}

/** Asserts that the zip is rejected for that reason, and leaves nothing behind. */
async function refuses(
  zip: Buffer,
  reason: RegExp,
  options: Partial<PackagesOptions> = {},
): Promise<void> {
  const destinationFolder = newFolder()
  await assert.rejects(fetchZip(zip, { destinationFolder, ...options }), (error) => {
    assert.ok(error instanceof PackageError, String(error))
    assert.equal(error.errorType, 'PackageInvalid')
    assert.match(error.message, reason)
    assert.match(error.message, /^package s3:\/\/my-bucket\/app-\d+\.zip: /)
    return true
  })
  assert.deepEqual(await readdir(destinationFolder), [])
}

async function zipOf(
  files: Record<string, { content: string | Buffer; mode?: number }>,
  folders: string[] = [],
): Promise<Buffer> {
  const zip = new yazl.ZipFile()
  for (const folder of folders) zip.addEmptyDirectory(folder)
  for (const [name, { content, mode = 0o100644 }] of Object.entries(files)) {
    zip.addBuffer(Buffer.from(content as string), name, { mode })
  }
  zip.end()
  return buffer(zip.outputStream as Readable)
}

interface EvilEntry {
  name: string | Buffer
  content?: Buffer
  deflate?: boolean
  flags?: number
  /** The unix mode, including the file's type. */
  mode?: number
  /** The CRC to declare, if not the true one. */
  crc?: number
  size?: number
  /** Index of the entry whose place this one claims; it is not written itself. */
  at?: number
  /** Bytes between the local header's name and the data, and the number declared. */
  extra?: Buffer
  extraSays?: number
  /** The packed size to declare, if not the true one. */
  packed?: number
}

/** Writes a zip byte by byte, so that it can lie. */
function evilZip(entries: EvilEntry[], declaredCount = entries.length): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  const offsets: number[] = []
  let offset = 0
  for (const entry of entries) {
    const {
      content = Buffer.from('content'),
      deflate = false,
      flags = 0,
      mode = 0,
      extra = Buffer.alloc(0),
    } = entry
    const name = Buffer.from(entry.name as string)
    const data = deflate ? deflateRawSync(content) : content
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(flags, 2)
    common.writeUInt16LE(deflate ? 8 : 0, 4)
    common.writeUInt32LE(entry.crc ?? crc32(content), 10)
    common.writeUInt32LE(entry.packed ?? data.length, 14)
    common.writeUInt32LE(entry.size ?? content.length, 18)
    common.writeUInt16LE(name.length, 22)
    const localCommon = Buffer.from(common)
    localCommon.writeUInt16LE(entry.extraSays ?? extra.length, 24)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), localCommon, name, extra, data])
    const central = Buffer.alloc(14)
    central.writeUInt32LE((mode << 16) >>> 0, 6)
    offsets.push(entry.at === undefined ? offset : offsets[entry.at])
    central.writeUInt32LE(offsets.at(-1)!, 10)
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), common, central, name]),
    )
    if (entry.at !== undefined) continue
    parts.push(local)
    offset += local.length
  }
  const end = Buffer.alloc(18)
  end.writeUInt16LE(declaredCount, 4)
  end.writeUInt16LE(declaredCount, 6)
  end.writeUInt32LE(Buffer.concat(directory).length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, ...directory, Buffer.from('PK\x05\x06'), end])
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

test('a package from a bucket is a folder that nobody may write to', async () => {
  const folder = await fetchZip(
    await zipOf(
      {
        'run.sh': { content: 'echo', mode: 0o100755 },
        'data/world/map.txt': { content: 'map' },
        'empty.txt': { content: '' },
      },
      ['nothing'],
    ),
  )
  assert.equal(await readFile(join(folder, 'data/world/map.txt'), 'utf8'), 'map')
  assert.equal(await readFile(join(folder, 'empty.txt'), 'utf8'), '')
  assert.deepEqual((await readdir(folder)).toSorted(), ['data', 'empty.txt', 'nothing', 'run.sh'])
  assert.equal(await modeOf(join(folder, 'run.sh')), '555')
  assert.equal(await modeOf(join(folder, 'data/world/map.txt')), '444')
  for (const path of ['', 'data', 'data/world', 'nothing'])
    assert.equal(await modeOf(join(folder, path)), '555')
  assert.deepEqual(await readdir(dirname(folder)), [folder.slice(dirname(folder).length + 1)])
})

test('programs are executable also where the zip does not say so', async () => {
  const folder = await fetchZip(
    await zipOf({
      script: { content: '#!/bin/sh\n' },
      binary: { content: Buffer.from('\x7fELF\x02') },
      text: { content: '# no program' },
    }),
  )
  assert.equal(await modeOf(join(folder, 'script')), '555')
  assert.equal(await modeOf(join(folder, 'binary')), '555')
  assert.equal(await modeOf(join(folder, 'text')), '444')
})

test('a package is fetched once, for concurrent and for later callers', async () => {
  const location = await upload(await zipOf({ app: { content: 'one' } }))
  let gets = 0
  const counting = {
    get: (...arguments_: Parameters<typeof objects.get>) => {
      gets++
      return objects.get(...arguments_)
    },
  }
  const options = { objects: counting, destinationFolder: newFolder() }
  const folders = await Promise.all([1, 2, 3].map(() => fetchPackage(location, options)))
  folders.push(await fetchPackage(location, options))
  assert.equal(new Set(folders).size, 1)
  assert.equal(gets, 1)
  const other = await fetchPackage(await upload(await zipOf({ app: { content: 'two' } })), options)
  assert.notEqual(other, folders[0])
})

test('a bucket or object that is not there is named', async () => {
  const options = { objects, destinationFolder: newFolder() }
  await assert.rejects(fetchPackage({ kind: 's3', bucket: 'no-bucket', key: 'a.zip' }, options), {
    name: 'PackageError',
    errorType: 'PackageNotFound',
    message: 'package s3://no-bucket/a.zip: there is no bucket "no-bucket"',
  })
  await assert.rejects(fetchPackage({ kind: 's3', bucket: BUCKET, key: 'no/such.zip' }, options), {
    errorType: 'PackageNotFound',
    message:
      `package s3://${BUCKET}/no/such.zip: ` + `the bucket "${BUCKET}" has no object "no/such.zip"`,
  })
  assert.deepEqual(await readdir(options.destinationFolder), [])
})

test('a fetch that failed is tried again by the next call', async () => {
  const options = { objects, destinationFolder: newFolder() }
  const location: PackageLocation = { kind: 's3', bucket: BUCKET, key: 'late.zip' }
  await assert.rejects(fetchPackage(location, options))
  await upload(await zipOf({ app: { content: 'here now' } }), 'late.zip')
  assert.equal(
    await readFile(join(await fetchPackage(location, options), 'app'), 'utf8'),
    'here now',
  )
})

test('no entry is written outside the folder', async () => {
  const outside = /invalid relative path|absolute path|leaves the package/
  for (const name of [
    '../evil',
    'a/../../evil',
    'a/..',
    '..',
    '/etc/evil',
    '//evil',
    'C:/evil',
    'C:evil',
  ]) {
    await refuses(evilZip([{ name: 'fine' }, { name }]), outside)
  }
  for (const name of ['..\\evil', 'a\\b', '\\evil'])
    await refuses(evilZip([{ name }]), /invalid characters|backslash/)
  for (const name of ['a//b', './a', 'a/./b', '.', '', '/'])
    await refuses(evilZip([{ name }]), /not a plain relative path|absolute path|twice/)
  await refuses(evilZip([{ name: 'a\0b' }]), /NUL/)
  await refuses(evilZip([{ name: 'x'.repeat(256) }]), /too long/)
  await refuses(evilZip([{ name: 'x/'.repeat(2000) }]), /too long/)
})

test('symbolic links and other special files are refused', async () => {
  await refuses(
    evilZip([{ name: 'link', content: Buffer.from('/etc/passwd'), mode: 0o120777 }]),
    /entry "link": it is a symbolic link/,
  )
  await refuses(
    evilZip([{ name: 'link', content: Buffer.from('fine'), mode: 0o120777 }, { name: 'link/x' }]),
    /symbolic link/,
  )
  await refuses(evilZip([{ name: 'pipe', mode: 0o010644 }]), /neither a file nor a folder/)
})

test('entries that take one another’s place are refused', async () => {
  await refuses(evilZip([{ name: 'a' }, { name: 'a' }]), /entry "a": it is there twice/)
  await refuses(evilZip([{ name: 'a' }, { name: 'a/b' }]), /"a" is a file/)
  await refuses(evilZip([{ name: 'a/b' }, { name: 'a' }]), /entry "a": it is there twice/)
  await refuses(
    evilZip([
      { name: 'a/', content: Buffer.alloc(0) },
      { name: 'a/', content: Buffer.alloc(0) },
    ]),
    /twice/,
  )
  await refuses(evilZip([{ name: 'a/' }]), /folder with content/)
  await fetchZip(evilZip([{ name: 'a/b' }, { name: 'a/', content: Buffer.alloc(0) }]))
})

test('sizes and checksums are held against the data', async () => {
  const content = Buffer.alloc(100_000, 'x')
  await fetchZip(evilZip([{ name: 'fine', content, deflate: true }]))
  await refuses(
    evilZip([{ name: 'a', content, deflate: true, size: 10 }]),
    /entry "a": its data is damaged: too many bytes/,
  )
  await refuses(
    evilZip([{ name: 'a', content, deflate: true, size: 200_000 }]),
    /entry "a": its data is damaged: not enough bytes/,
  )
  await refuses(evilZip([{ name: 'a', content, crc: 1 }]), /entry "a": its checksum is wrong/)
  await refuses(
    evilZip([{ name: 'a', content, size: 5 }]),
    /list of entries is not valid: compressed.uncompressed size mismatch/i,
  )
})

test('a bomb is refused before it fills the disk', async () => {
  const content = Buffer.alloc(1_000_000)
  await refuses(
    evilZip([
      { name: 'a', content, deflate: true },
      { name: 'b', content, deflate: true },
    ]),
    /more than the 1500000 bytes/,
    { limits: { bytesMax: 1_500_000 } },
  )
  const many = Array.from({ length: 30 }, (_, index) => ({ name: `f${index}` }))
  await refuses(evilZip(many), /it has 30 entries; 20 are allowed/, { limits: { entriesMax: 20 } })
  await refuses(
    evilZip([{ name: 'a', content, deflate: true, size: 0xfffffffe }]),
    /more than the 1500000 bytes/,
    {
      limits: { bytesMax: 1_500_000 },
    },
  )
})

test('entries that share bytes are refused before anything is written', async () => {
  const same = { content: Buffer.from('content of both') }
  await refuses(
    evilZip([
      { name: 'one', ...same },
      { name: 'two', ...same, at: 0 },
    ]),
    /entry "two": it overlaps the entry "one"/,
  )
  // The first entry's data runs into the second one's header.
  await refuses(
    evilZip([{ name: 'outer', packed: 40, size: 40 }, { name: 'inner' }]),
    /entry "inner": it overlaps the entry "outer"/,
  )
  // A local header may be longer than the list of entries says, so the data begins later, or
  // overlaps.
  const extra = Buffer.alloc(100)
  await fetchZip(evilZip([{ name: 'long', extra }, { name: 'next' }]))
  await refuses(
    evilZip([
      { name: 'long', extraSays: 100 },
      { name: 'next', content: Buffer.alloc(200) },
    ]),
    /entry "next": it overlaps the entry "long"/,
  )
})

test('a package may lie in a zip in any order', async () => {
  const zip = evilZip([{ name: 'one' }, { name: 'two' }, { name: 'three' }])
  const start = zip.indexOf('PK\x01\x02')
  const end = zip.indexOf('PK\x05\x06')
  const [one, two, three] = zip.subarray(start, end).toString('latin1').split('PK\x01\x02').slice(1)
  const turned = [three, one, two].map((record) => Buffer.from(`PK\x01\x02${record}`, 'latin1'))
  const folder = await fetchZip(
    Buffer.concat([zip.subarray(0, start), ...turned, zip.subarray(end)]),
  )
  assert.deepEqual((await readdir(folder)).toSorted(), ['one', 'three', 'two'])
})

test('a zip bomb is rejected before anything is written', async () => {
  const zeros = Buffer.alloc(8 * 1024 ** 2)
  await refuses(
    evilZip([{ name: 'fine' }, { name: 'zeros', content: zeros, deflate: true }]),
    /entry "zeros": it unzips from \d+ to 8388608 bytes, more than the 200 times that are allowed/,
  )
  // Each of them alone is small enough.
  const many = Array.from({ length: 16 }, (_, index) => ({
    name: `zeros-${index}`,
    content: zeros.subarray(0, 1_000_000),
    deflate: true,
  }))
  await refuses(evilZip(many), /: it unzips from \d+ to 16000000 bytes/)
  const file = join(root, 'bomb.zip')
  await writeFile(
    file,
    evilZip([{ name: 'fine' }, { name: 'zeros', content: zeros, deflate: true }]),
  )
  const folder = newFolder()
  await mkdir(folder)
  await assert.rejects(unzip(file, folder, { name: 'bomb' }), /200 times/)
  assert.deepEqual(await readdir(folder), [])
  await rm(file)
  await fetchZip(evilZip([{ name: 'zeros', content: zeros }]))
  await fetchZip(evilZip([{ name: 'zeros', content: zeros, deflate: true }]), {
    limits: { ratioMax: 1032 },
  })
})

test('encrypted entries and files that are no zip are rejected', async () => {
  await refuses(
    evilZip([{ name: 'a', flags: 1, size: 0, content: Buffer.alloc(12) }]),
    /entry "a": it is encrypted/,
  )
  await refuses(Buffer.from('no zip at all'), /not a zip file that can be read/)
  await refuses(Buffer.alloc(0), /not a zip file that can be read/)
  const whole = await zipOf({ app: { content: 'app' } })
  await refuses(whole.subarray(0, whole.length - 30), /not a zip file/)
  await refuses(evilZip([{ name: 'a' }], 5), /package /)
})

test('a zip with any byte changed is unzipped inside its folder or refused', async () => {
  const zip = await zipOf({
    'dir/app': { content: '#!/bin/sh\necho hello', mode: 0o100755 },
    note: { content: 'n'.repeat(300) },
  })
  const inside = join(root, 'fuzz')
  await fc.assert(
    fc.asyncProperty(
      fc.nat(zip.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (index, change) => {
        const changed = Buffer.from(zip)
        changed[index] ^= change
        await writeFile(join(root, 'fuzz.zip'), changed)
        const options = { objects, destinationFolder: inside, packageFolders: [root] }
        await fetchPackage({ kind: 'path', path: join(root, 'fuzz.zip') }, options).catch(
          (error: unknown) => {
            assert.ok(
              error instanceof PackageError && error.errorType === 'PackageInvalid',
              String(error),
            )
          },
        )
        await removePackages(inside)
      },
    ),
    { numRuns: 200 },
  )
})

test('an aborted fetch throws the reason and leaves nothing', async () => {
  const location = await upload(await zipOf({ app: { content: 'app' } }))
  const controller = new AbortController()
  const stuck = {
    get: async (...arguments_: Parameters<typeof objects.get>) => {
      const { info } = await objects.get(...arguments_)
      setImmediate(() => controller.abort(new Error('stopped')))
      return { info, body: new PassThrough() }
    },
  }
  const destinationFolder = newFolder()
  await assert.rejects(
    fetchPackage(location, { objects: stuck, destinationFolder, signal: controller.signal }),
    {
      message: 'stopped',
    },
  )
  assert.deepEqual(await readdir(destinationFolder), [])
})

test('a read-only tree can be removed', async () => {
  const destinationFolder = newFolder()
  await fetchZip(await zipOf({ 'a/b/c': { content: 'c' } }), { destinationFolder })
  await asNobody(destinationFolder, async () => {
    await assert.rejects(rm(destinationFolder, { recursive: true }), { code: 'EACCES' })
    await removePackages(destinationFolder)
  })
  await assert.rejects(stat(destinationFolder), { code: 'ENOENT' })
  await removePackages(destinationFolder)
})

/** Acts as an unprivileged user: root may remove even read-only files. */
async function asNobody(folder: string, act: () => Promise<void>): Promise<void> {
  if (process.geteuid!() !== 0) return await act()
  const nobody = 65_534
  for (const path of [
    dirname(folder),
    folder,
    ...(await readdir(folder, { recursive: true })).map((name) => join(folder, name)),
  ])
    await chown(path, nobody, nobody)
  process.seteuid!(nobody)
  try {
    await act()
  } finally {
    process.seteuid!(0)
  }
}
