import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { fileSizeWarning, requireFileSize } from './process-limits.ts'

const PROC = fileURLToPath(new URL('../io/launch/proc.ts', import.meta.url))

test('the limit on file size is read from the system', () => {
  const read = `import('${PROC}').then(({ fileBytesMax }) => console.log(fileBytesMax()))`
  const shell = (limit: string) =>
    String(execFileSync('sh', ['-c', `${limit}; exec "$0" -e "$1"`, process.execPath, read])).trim()
  // The shell counts in blocks of 512 bytes.
  assert.equal(shell('ulimit -f 4096'), `${4096 * 512}`)
  assert.match(shell(':'), /^(Infinity|\d+)$/)
})

test('a small file size limit ends the start, and a larger one is a warning', () => {
  assert.throws(
    () => requireFileSize(1024),
    /no file may have more than 1024 bytes here \(ulimit -f\).*ulimit -f unlimited/,
  )
  requireFileSize(64 * 1024 ** 2)
  assert.match(
    fileSizeWarning(1e9) ?? '',
    /no file may have more than 1000000000 bytes here \(ulimit -f\)/,
  )
  assert.equal(fileSizeWarning(Number.POSITIVE_INFINITY), undefined)
})
