import assert from 'node:assert/strict'
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import yazl from 'yazl'
import { after, before } from '../../base/testing/hooks.ts'
import { MemoryObjects } from '../objects/memory-objects.ts'
import { PackageError } from './package-error.ts'
import { fetchPackage, removePackages } from './packages.ts'

const objects = new MemoryObjects()
let root: string
let apps: string
let data: string
let destinationFolder: string

before(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'heddle-host-packages-')))
  apps = join(root, 'apps')
  data = join(root, 'apps', 'heddle')
  destinationFolder = join(root, 'destination')
  for (const folder of [
    join(apps, 'one app'),
    join(data, 'objects'),
    join(root, 'apps-too'),
    join(root, 'private'),
  ])
    await mkdir(folder, { recursive: true })
  const zip = new yazl.ZipFile()
  zip.addBuffer(Buffer.from('local'), 'app')
  zip.end()
  const bytes = await buffer(zip.outputStream as Readable)
  for (const file of [
    'apps/app.zip',
    'apps/heddle/objects/app.zip',
    'private/app.zip',
    'apps-too/app.zip',
  ])
    await writeFile(join(root, file), bytes)
})
after(() => removePackages(root))

const fetch = (path: string, packageFolders = [apps], closedFolders = [data]) =>
  fetchPackage(
    { kind: 'path', path },
    { objects, destinationFolder, packageFolders, closedFolders },
  )

async function refuses(path: string, message: RegExp, packageFolders?: string[]): Promise<void> {
  await assert.rejects(fetch(path, packageFolders), (error) => {
    assert.ok(error instanceof PackageError, String(error))
    assert.equal(error.errorType, 'PackageInvalid')
    assert.match(error.message, message)
    assert.ok(error.message.startsWith(`package ${path}: `))
    return true
  })
}

const elsewhere =
  /none of the folders of this host that packages may be taken from \(package_folders\)$/
const own = /Heddle keeps its own files there$/

test('a folder of the host is used in place and left as it is', async () => {
  const folder = join(apps, 'one app')
  await writeFile(join(folder, 'run'), 'x')
  await chmod(join(folder, 'run'), 0o640)
  assert.equal(await fetch(folder), folder)
  assert.equal(((await stat(join(folder, 'run'))).mode & 0o777).toString(8), '640')
  await assert.rejects(stat(destinationFolder))
})

test('a zip of the host is unzipped, and one that is not there is named', async () => {
  const folder = await fetch(join(apps, 'app.zip'))
  assert.equal(await readFile(join(folder, 'app'), 'utf8'), 'local')
  await assert.rejects(fetch(join(apps, 'none.zip')), {
    errorType: 'PackageNotFound',
    message: `package ${join(apps, 'none.zip')}: can't be read at ${join(apps, 'none.zip')}`,
  })
})

test('a package elsewhere is refused, with the same words whether it is there or not', async () => {
  for (const path of [
    join(root, 'private', 'app.zip'),
    join(root, 'private', 'none.zip'),
    join(root, 'apps-too', 'app.zip'),
    `${apps}/../private/app.zip`,
    `${apps}/none/../../private/app.zip`,
    `${apps}/app.zip/../../private`,
    '/etc/passwd',
    '/etc/none',
    '/',
    '',
  ])
    await refuses(path, elsewhere)
  await refuses(join(apps, 'app.zip'), elsewhere, [])
  await refuses(join(apps, 'app.zip'), elsewhere, [join(root, 'none')])
})

test('links are resolved before the check', async () => {
  await symlink(join(root, 'private'), join(apps, 'way-out'))
  await symlink(join(root, 'private', 'app.zip'), join(apps, 'out.zip'))
  await symlink('loop', join(apps, 'loop'))
  await symlink(apps, join(root, 'way-in'))
  for (const path of ['way-out', 'way-out/app.zip', 'out.zip'])
    await refuses(join(apps, path), elsewhere)
  await assert.rejects(fetch(join(apps, 'loop')), { errorType: 'PackageNotFound' })
  // The operator may list a folder by a link, and a caller may name one by a link.
  assert.equal(await fetch(join(root, 'way-in', 'one app')), join(apps, 'one app'))
  assert.equal(
    await fetch(join(root, 'way-in', 'one app'), [join(root, 'way-in')]),
    join(apps, 'one app'),
  )
})

test("nothing of Heddle's own is a package, nor what it lies in, whatever is listed", async () => {
  await symlink(data, join(apps, 'to-data'))
  for (const listed of [[apps], ['/'], [data]])
    for (const path of [
      data,
      join(data, 'objects'),
      join(data, 'objects/app.zip'),
      join(apps, 'to-data/objects/app.zip'),
    ])
      await refuses(path, own, listed)
  for (const path of [apps, root, '/', `${apps}/`]) await refuses(path, own, ['/'])
  // Reaches the folder by a link, too.
  await symlink(data, join(root, 'data-by-link'))
  await assert.rejects(fetch(join(data, 'objects/app.zip'), ['/'], [join(root, 'data-by-link')]), {
    message: own,
  })
  await rm(join(root, 'data-by-link'))
  await fetch(join(apps, 'one app'), ['/'], [join(root, 'data-by-link')])
})
