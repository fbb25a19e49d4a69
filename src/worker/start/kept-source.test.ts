import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { keepSource, keptSource } from './kept-source.ts'

test('what a simulation was started from is kept in its run folder', (context) => {
  const folder = folderFor(context)
  assert.equal(keptSource(folder), undefined)
  for (const source of [
    { schemaText: 'sdk_version: "1.17"\n' },
    { schemaText: '', snapshotId: 'id 5 a1' },
  ]) {
    keepSource(folder, source)
    assert.deepEqual(keptSource(folder), source)
  }
})

test('a damaged kept source is reported with its fault, not taken as absent', (context) => {
  const folder = folderFor(context)
  const file = join(folder, 'start.json')
  const damages: [text: string, fault: RegExp][] = [
    ['', /is damaged: Unexpected end of JSON input$/],
    ['{"schemaText": "sdk', /is damaged: Unterminated string/],
    ['null', /is damaged: Invalid input/],
    ['{}', /is damaged: schemaText: Invalid input/],
    ['{"schemaText": "", "snapshotId": 7}', /is damaged: snapshotId: Invalid input/],
  ]
  for (const [text, fault] of damages) {
    writeFileSync(file, text)
    assert.throws(
      () => keptSource(folder),
      ({ message }: Error) => message.startsWith(`${file} `) && fault.test(message),
      text,
    )
  }
  rmSync(file)
  mkdirSync(file)
  assert.throws(() => keptSource(folder), /start\.json can't be read: EISDIR/)
})

function folderFor(context: { after(done: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-kept-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return folder
}
