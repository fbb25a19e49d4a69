import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { CALLS } from './calls.ts'
import { LANGUAGES } from './languages.ts'
import { differences, readTranscript } from './scenario.ts'
import { openStage, type Performance, SCENARIO_FILE, type Stage } from './stage.ts'

const present = LANGUAGES.filter(({ missing }) => missing() === undefined)
/** No line of a scenario can say it: it is how an app begins and ends. */
const EXPECTED_ELSEWHERE = new Set(['create-application NotConnected', 'begin ShuttingDown'])
let stage: Stage
let reference: Performance

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
    const { expectations } = stage.scenarios
    const performance = await stage.play(language)
    reference ??= performance
    const apps = new Set(expectations.map(({ app }) => app))
    const found = [...apps].flatMap((app) => {
      const transcript = performance.transcriptOf(app)
      assert.deepEqual(transcript.get(0), ['ShuttingDown'], `the last answer of ${app}`)
      return differences(
        expectations.filter((expectation) => expectation.app === app),
        transcript,
        gaps,
      )
    })
    assert.ok(found.length === 0, `${found.length} answers differ:\n${found.join('\n')}`)
    for (let tick = 1; tick <= stage.scenarios.ticks; tick++)
      assert.deepEqual(
        performance.hashes.get(tick),
        reference.hashes.get(tick),
        `the world of ${name} at tick ${tick} and that of ${LANGUAGES[0].name}`,
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
