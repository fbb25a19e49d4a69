import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AuditError, AuditFiles } from './audit-files.ts'
import { readAudit } from './read-audit.ts'

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
  for await (const line of readAudit(folder, { follow: false, signal })) lines.push(line)
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

test('a large file and one of yesterday are closed, and the oldest are removed', () =>
  inFolder(async (folder) => {
    let nowMs = Date.UTC(2026, 0, 1)
    const options = { folder, fileBytesMax: 10, filesMax: 3, nowMs: () => nowMs }
    const files = new AuditFiles(options)
    for (const line of ['aaaaaa', 'bbbbbb', 'cccccc']) files.append(line)
    assert.deepEqual(readdirSync(folder).sort(), ['2026-01-01-000001.jsonl', '2026-01-01-000002.jsonl'])
    nowMs += DAY_MS
    files.append('dddddd')
    nowMs -= DAY_MS // a clock that is set back
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

test('many who wait for the disk at once are all served', () =>
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

test('a reader follows into the next file', () =>
  inFolder(async (folder) => {
    const files = new AuditFiles({ folder, fileBytesMax: 8, filesMax: 9 })
    const ended = new AbortController()
    const read: string[] = []
    files.append('line 0')
    for await (const line of readAudit(folder, { follow: true, signal: ended.signal })) {
      read.push(line)
      if (read.length < 6) files.append(`line ${read.length}`)
      else ended.abort()
    }
    assert.deepEqual(read, ['line 0', 'line 1', 'line 2', 'line 3', 'line 4', 'line 5'])
    assert.ok(readdirSync(folder).length >= 3)
    assert.equal(readFileSync(join(folder, readdirSync(folder).sort()[0]), 'utf8').at(-1), '\n')
    await files.close()
  }))
