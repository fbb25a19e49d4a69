import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { readJsonFile, writeJsonFile } from './json-file.ts'

const SHAPE = z.object({
  name: z.string(),
  apps: z.array(z.object({ ports: z.array(z.number()) })),
})

const DAMAGES: readonly [text: string, fault: RegExp][] = [
  ['', / is damaged: Unexpected end of JSON input$/],
  ['{"name": "x', / is damaged: Unterminated string/],
  ['null', / is damaged: Invalid input: expected object, received null$/],
  ['{"name":"x","apps":[{"ports":[1,"2"]}]}', / is damaged: apps\.0\.ports\.1: Invalid input/],
]

test('a damaged file is named with the place of its fault, and a missing one says nothing', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-json-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'it.json')
  assert.deepEqual(readJsonFile(path, SHAPE), {})
  for (const [text, fault] of DAMAGES) {
    writeFileSync(path, text)
    const read = readJsonFile(path, SHAPE)
    assert.equal(read.content, undefined)
    assert.match(read.fault ?? '', fault)
    assert.ok(read.fault?.startsWith(`${path} `))
  }
  rmSync(path)
  mkdirSync(path)
  assert.match(readJsonFile(path, SHAPE).fault ?? '', /it\.json can't be read: EISDIR/)
})

test('what is written is read back, for this user alone, and nothing else is left', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-json-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'it.json')
  const content = { name: 'x', apps: [{ ports: [7000] }] }
  await writeJsonFile(path, { name: 'before', apps: [] })
  await writeJsonFile(path, content)
  assert.deepEqual(readJsonFile(path, SHAPE), { content })
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder), ['it.json'])
})
