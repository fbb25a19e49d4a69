import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AuditError, AuditFiles } from './audit-files.ts'
import { readAudits } from './read-audit.ts'

const DAY_MS = 86_400_000

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-audit-'))
  try {
    await work(join(folder, 'audit'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function linesOf(folder: string): Promise<string[]> {
  const lines: string[] = []
  const { signal } = new AbortController()
  for await (const line of readAudits([folder], String, { follow: false, signal })) lines.push(line)
  return lines
}

test('records are read back in order, over a restart and over a line that was cut short', () =>
  inFolder(async (folder) => {
    const first = new AuditFiles({ folder, fileBytesMax: 1e6, filesMax: 9 })
    first.append('one')
    first.append('zwei ü')
    await first.sync()
    await first.close()
    appendFileSync(join(folder, readdirSync(folder)[0]), 'cut sho')
    const second = new AuditFiles({ folder, fileBytesMax: 1e6, filesMax: 9 })
    second.append('three')
    assert.deepEqual(await linesOf(folder), ['one', 'zwei ü', 'cut sho', 'three'])
    assert.equal(readdirSync(folder).length, 1)
    await second.close()
  }))

test('a large file and one a day old are closed, and the oldest are removed', () =>
  inFolder(async (folder) => {
    let nowMs = Date.UTC(2026, 0, 1)
    const options = { folder, fileBytesMax: 10, filesMax: 3, nowMs: () => nowMs }
    const files = new AuditFiles(options)
    for (const line of ['aaaaaa', 'bbbbbb', 'cccccc']) files.append(line)
    assert.deepEqual(readdirSync(folder).sort(), [
      '2026-01-01-000001.jsonl',
      '2026-01-01-000002.jsonl',
    ])
    nowMs += DAY_MS
    files.append('dddddd')
    nowMs -= DAY_MS // the clock is set back
    files.append('eeeeee')
    await files.sync()
    assert.deepEqual(readdirSync(folder).sort(), [
      '2026-01-01-000002.jsonl',
      '2026-01-02-000001.jsonl',
      '2026-01-02-000002.jsonl',
    ])
    assert.deepEqual(await linesOf(folder), ['cccccc', 'dddddd', 'eeeeee'])
    await files.close()
  }))

test('concurrent syncs are all served', () =>
  inFolder(async (folder) => {
    const files = new AuditFiles({ folder, fileBytesMax: 200, filesMax: 99 })
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        files.append(`line ${index}`)
        await files.sync()
      }),
    )
    assert.equal((await linesOf(folder)).length, 100)
    await files.close()
  }))

test('a record that can not be written is refused, and so is the check until it can', () =>
  inFolder(async (folder) => {
    const files = new AuditFiles({ folder, fileBytesMax: 1e6, filesMax: 9 })
    files.check()
    await rm(folder, { recursive: true })
    assert.throws(() => files.append('lost'), AuditError)
    assert.throws(() => files.check(), AuditError)
    const { mkdirSync } = await import('node:fs')
    mkdirSync(folder)
    files.check()
    files.append('kept')
    assert.deepEqual(await linesOf(folder), ['kept'])
    await files.close()
  }))

test('records of several folders are read in the order of their time, and followed', () =>
  inFolder(async (folder) => {
    const [first, second] = ['a', 'b'].map((name) => join(folder, name))
    const options = { fileBytesMax: 1e6, filesMax: 9 }
    const known = new AuditFiles({ folder: first, ...options })
    const unknown = new AuditFiles({ folder: second, ...options })
    for (const line of ['1 known', '4 known', '5 known']) known.append(line)
    for (const line of ['2 unknown', '3 unknown', '6 unknown']) unknown.append(line)
    const ended = new AbortController()
    const read: string[] = []
    const folders = [first, second, join(folder, 'none')]
    for await (const line of readAudits(folders, String, { follow: true, signal: ended.signal })) {
      read.push(line)
      if (read.length === 6) known.append('7 known')
      if (read.length === 7) unknown.append('8 unknown')
      if (read.length === 8) ended.abort()
    }
    const all = ['1 known', '2 unknown', '3 unknown', '4 known', '5 known', '6 unknown']
    assert.deepEqual(read, [...all, '7 known', '8 unknown'])
    const whole: string[] = []
    const { signal } = new AbortController()
    for await (const line of readAudits(folders, String, { follow: false, signal }))
      whole.push(line)
    assert.deepEqual(whole, read)
    await known.close()
    await unknown.close()
  }))

test('records go on in a new file where theirs was deleted or moved away', () =>
  inFolder(async (folder) => {
    const files = new AuditFiles({ folder, fileBytesMax: 1e6, filesMax: 9 })
    files.append('gone')
    await rm(join(folder, readdirSync(folder)[0]))
    files.append('kept')
    assert.deepEqual(await linesOf(folder), ['kept'])
    await files.close()
  }))

test('a reader follows into the next file', () =>
  inFolder(async (folder) => {
    const files = new AuditFiles({ folder, fileBytesMax: 8, filesMax: 9 })
    const ended = new AbortController()
    const read: string[] = []
    files.append('line 0')
    for await (const line of readAudits([folder], String, { follow: true, signal: ended.signal })) {
      read.push(line)
      if (read.length < 6) files.append(`line ${read.length}`)
      else ended.abort()
    }
    assert.deepEqual(read, ['line 0', 'line 1', 'line 2', 'line 3', 'line 4', 'line 5'])
    assert.ok(readdirSync(folder).length >= 3)
    assert.equal(readFileSync(join(folder, readdirSync(folder).sort()[0]), 'utf8').at(-1), '\n')
    await files.close()
  }))
