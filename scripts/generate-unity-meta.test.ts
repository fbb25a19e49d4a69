import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { presentMetaFiles, unityMetaFiles } from './generate-unity-meta.ts'

test('each file of the Unity package has its .meta: run `npm run docs` after a change', () => {
  const present = new Map(presentMetaFiles().map((path) => [path, readFileSync(path, 'utf8')]))
  assert.deepEqual(present, unityMetaFiles())
  const ids = [...unityMetaFiles().values()].map((text) => /guid: (\w{32})\n/.exec(text)?.[1])
  assert.equal(new Set(ids).size, present.size)
})
