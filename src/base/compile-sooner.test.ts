import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

/** Calls a function 1,500 times, as ticks would, with compilers that are done before the next call, and gives what V8 says that it compiles. */
function compiledBy(prepare: string): string {
  const program = `
    import { compileSooner } from '${new URL('./compile-sooner.ts', import.meta.url).href}'
    ${prepare}
    function tickWork(rows) { let sum = 0; for (let row = 0; row < rows.length; row++) sum += rows[row] * 2; return sum }
    const rows = [1, 2, 3, 4, 5]
    for (let tick = 0; tick < 1500; tick++) {
      tickWork(rows)
      await undefined
    }`
  const options = ['--trace-opt', '--no-concurrent-recompilation', '--input-type=module-typescript', '--eval', program]
  return execFileSync(process.execPath, options, { encoding: 'utf8', maxBuffer: 2 ** 26 })
}

test("what is called once a tick is compiled by V8's best compiler within 1,500 ticks, and would not be otherwise", () => {
  const best = /tickWork.*target TURBOFAN/
  assert.match(compiledBy('compileSooner()'), best)
  assert.doesNotMatch(compiledBy(''), best)
})
