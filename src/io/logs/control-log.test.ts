import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ControlLog } from './control-log.ts'

async function place(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-log-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'control.log')
  const said: string[] = []
  const log = new ControlLog({ path, fallback: (text) => said.push(text) })
  context.after(() => log.close())
  return { path, said, log, lines: () => readFileSync(path, 'utf8').split('\n') }
}

test('lines are added to a file that only its user may read', async (context) => {
  const { path, log, lines, said } = await place(context)
  log.write('{"msg":"one"}\n')
  log.write('{"msg":"zwei ü"}\n')
  assert.deepEqual(lines(), ['{"msg":"one"}', '{"msg":"zwei ü"}', ''])
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(said, [])
})

test('a line that an earlier process could not end is ended before the next', async (context) => {
  const { path, log, lines } = await place(context)
  writeFileSync(path, '{"msg":"whole"}\n{"msg":"to')
  log.write('{"msg":"next"}\n')
  log.write('{"msg":"last"}\n')
  assert.deepEqual(lines(), [
    '{"msg":"whole"}',
    '{"msg":"to',
    '{"msg":"next"}',
    '{"msg":"last"}',
    '',
  ])
})

test('lines that cannot be written go to the fallback, and are counted', async (context) => {
  const { path, log, lines, said } = await place(context)
  mkdirSync(path)
  for (let count = 0; count < 50; count++) log.write(`{"count":${count}}\n`)
  assert.equal(said.length, 20)
  assert.match(
    said[0],
    /^heddle: the log .*control\.log can't be written: EISDIR.*\n\{"count":0\}\n$/,
  )
  assert.equal(said[19], '{"count":19}\n')
  rmdirSync(path)
  log.write('{"msg":"again"}\n')
  const [report, again, end] = lines()
  const { lines: dropped, msg } = JSON.parse(report)
  assert.equal(dropped, 50)
  assert.match(msg, /dropped/)
  assert.deepEqual([again, end], ['{"msg":"again"}', ''])
})

test('a fallback that fails too ends nothing', async (context) => {
  const { path } = await place(context)
  mkdirSync(path)
  const failing = new ControlLog({
    path,
    fallback() {
      throw new Error('nobody listens')
    },
  })
  failing.write('{}\n')
  rmdirSync(path)
  failing.write('{"msg":"again"}\n')
  failing.close()
  assert.match(readFileSync(path, 'utf8'), /"lines":1[\s\S]*again/)
})
