import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const HOOKS = JSON.stringify(join(import.meta.dirname, 'hooks.ts'))
const TESTS = `
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before } from ${HOOKS}
let server: NodeJS.Timeout | undefined
before(async () => {
  console.log('begun')
  await sleep(50)
  server = setInterval(() => undefined, 1000)
  if (process.env.FAILS) throw new Error('half of it was started')
})
after(() => {
  console.log(server ? 'stopped' : 'there was nothing to stop')
  clearInterval(server)
})
test('one', () => console.log('one'))
test('two', () => console.log('two'))
`

for (const [chosen, expected] of [
  ['.', ['begun', 'one', 'two', 'stopped']],
  ['two', ['begun', 'two', 'stopped']],
  ['none of them', ['begun', 'stopped']],
] as const)
  test(`a file stops what it started, and ends, with the pattern '${chosen}'`, async () => {
    assert.deepEqual(await run(chosen, {}), { isRight: true, said: expected })
  })

test('what a failing start left is stopped too', async () => {
  const { isRight, said } = await run('.', { FAILS: 'yes' })
  assert.deepEqual([isRight, said.at(-1)], [false, 'stopped'])
})

/** Runs the tests of the pattern in a process of their own; returns the lines that they wrote. */
async function run(
  pattern: string,
  environment: Record<string, string>,
): Promise<{ isRight: boolean; said: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-hooks-'))
  const file = join(folder, 'chosen.ts')
  writeFileSync(file, TESTS)
  // A run inside of a run would report to it, and not by its exit code.
  const { NODE_TEST_CONTEXT: _run, ...own } = process.env
  try {
    const args = ['--test-reporter=tap', `--test-name-pattern=${pattern}`, file]
    const options = { env: { ...own, ...environment }, timeout: 60_000 }
    const { code = 0, stdout } = await promisify(execFile)(process.execPath, args, options).catch(
      (error) => error,
    )
    assert.notEqual(code, null, `it did not end: ${stdout}`)
    const lines: string[] = stdout.split('\n')
    const said = lines.filter((line) => /^(begun|one|two|stopped|there .*)$/.test(line))
    return { isRight: code === 0, said }
  } finally {
    await rm(folder, { recursive: true })
  }
}
