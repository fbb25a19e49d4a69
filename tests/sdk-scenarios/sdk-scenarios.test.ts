import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { CALLS } from './calls.ts'
import { LANGUAGES } from './languages.ts'
import { differences, type Expectation, readTranscript } from './scenario.ts'
import { openStage, type Performance, SCENARIO_FILE, type Stage } from './stage.ts'

const present = LANGUAGES.filter(({ missing }) => missing() === false)
/** No line of a scenario can say it: it is how an app begins and ends. */
const EXPECTED_ELSEWHERE = new Set(['create-application NotConnected', 'begin ShuttingDown'])
let stage: Stage
/** State hashes of the world of the first language. */
let reference: Performance['hashes']

before(async () => {
  stage = await openStage(present)
})
after(async () => {
  await stage?.close()
})

test('scenarios expect every error of every call', () => {
  const expected = new Set(
    stage.scenarios.expectations.flatMap(({ call, answers }) =>
      answers.map((answer) => `${call} ${answer}`),
    ),
  )
  const unexpected = Object.entries(CALLS)
    .flatMap(([call, { errors }]) => errors.map((error) => `${call} ${error}`))
    .filter((refusal) => !expected.has(refusal) && !EXPECTED_ELSEWHERE.has(refusal))
  assert.deepEqual(unexpected, [])
})

for (const language of LANGUAGES) {
  const { name, missing, gaps, command, environment } = language

  test(`apps in ${name} answer as the scenarios expect`, { skip: missing() }, async () => {
    const { transcriptOf, hashes, errors } = await stage.play(language)
    const apps = Map.groupBy(stage.scenarios.expectations, ({ app }) => app)
    const incomplete = new Set(
      stage.scenarios.expectations
        .filter(({ call }) => call in gaps)
        .map(({ scenario }) => scenario),
    )
    const found = [...apps].flatMap(([app, expectations]) => {
      const transcript = transcriptOf(app)
      assert.deepEqual(transcript.get(0), ['ShuttingDown'], `${app} ends in order; ${errors}`)
      const isClosed = ({ call, line }: Expectation) =>
        call in gaps && transcript.get(line)?.[0] !== 'unsupported'
      assert.deepEqual(
        expectations.filter(isClosed),
        [],
        'gaps are closed: take them from the table',
      )
      return differences(
        expectations.filter(({ scenario }) => !incomplete.has(scenario)),
        transcript,
      )
    })
    assert.ok(found.length === 0, `${found.length} answers differ:\n${found.join('\n')}`)
    reference ??= hashes
    if (incomplete.size > 0) return
    for (let tick = 1; tick <= stage.scenarios.ticks; tick++)
      assert.deepEqual(
        hashes.get(tick),
        reference.get(tick),
        `the world of ${name} at tick ${tick} is not that of ${LANGUAGES[0].name}`,
      )
  })

  test(`an app in ${name} that no worker started is NotConnected`, { skip: missing() }, () => {
    const [first, ...words] = command
    const program = first === 'node' ? process.execPath : first
    const env = { ...process.env, ...environment }
    const options = { cwd: stage.folder, encoding: 'utf8', env } as const
    const { stdout, status } = spawnSync(program, [...words, SCENARIO_FILE], options)
    assert.deepEqual(readTranscript(stdout.split('\n')).get(0), ['NotConnected'])
    assert.notEqual(status, 0)
  })
}
