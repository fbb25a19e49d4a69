import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { wasmFileOf, wasmModule, watFiles } from './generate-wasm.ts'

const ROOT = join(import.meta.dirname, '..')

test('the bytes of every WebAssembly module are those that its source assembles to', async () => {
  const sources = watFiles()
  assert.ok(sources.length > 0)
  for (const source of sources)
    assert.equal(
      readFileSync(join(ROOT, wasmFileOf(source)), 'utf8'),
      await wasmModule(source),
      source,
    )
})

test('no WebAssembly module is without a source', () => {
  assert.deepEqual(globSync('src/**/*.wasm.ts', { cwd: ROOT }).sort(), watFiles().map(wasmFileOf))
})
