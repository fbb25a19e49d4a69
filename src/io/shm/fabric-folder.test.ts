import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { FabricFolderError, makeFabricFolder } from './fabric-folder.ts'

function place(context: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'heddle-fabric-'))
  context.after(() => rmSync(parent, { recursive: true, force: true }))
  return join(parent, 'heddle')
}

function refuses(folder: string, why: RegExp): void {
  assert.throws(
    () => makeFabricFolder(folder),
    (error: Error) =>
      error instanceof FabricFolderError &&
      why.test(error.message) &&
      error.message.includes(folder),
  )
}

test('the folder is made for its user alone, and found again', (context) => {
  const folder = place(context)
  makeFabricFolder(folder)
  makeFabricFolder(folder)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
})

test('a link, a file, and what can not be made are refused', (context) => {
  const folder = place(context)
  mkdirSync(`${folder}-elsewhere`)
  symlinkSync(`${folder}-elsewhere`, folder)
  refuses(folder, /is a link; .*--fabric-dir/)
  rmSync(folder)
  writeFileSync(folder, '')
  refuses(folder, /can't be made: EEXIST/)
  refuses(join(folder, 'below'), /can't be made: ENOTDIR/)
})

test('a folder that others may write to is refused, unless it is sticky', (context) => {
  const folder = place(context)
  mkdirSync(folder)
  chmodSync(folder, 0o770)
  refuses(folder, /may be written to by other users \(mode 770\)/)
  chmodSync(folder, 0o1777)
  makeFabricFolder(folder)
  chmodSync(folder, 0o755)
  makeFabricFolder(folder)
})

test("another user's folder is refused", (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root can give a folder away')
  const folder = place(context)
  mkdirSync(folder, { mode: 0o700 })
  chownSync(folder, 65_534, 65_534)
  refuses(folder, /belongs to another user \(65534; this is 0\)/)
})
