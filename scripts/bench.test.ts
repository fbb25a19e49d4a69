import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultsPage } from './bench.ts'

test('the table shows the machine and every benchmark, failed and skipped ones too', () => {
  const result = {
    bench: 'api',
    value: 12_350,
    unit: 'requests/s',
    reference: 41_000,
    referenceName: 'hello',
    ratio: 0.3011,
    met: true,
  }
  const page = resultsPage(
    [
      { ...result, goal: '>= 0.3' },
      { ...result, bench: 'handoff', goal: 'report' },
      'calls',
      { bench: 'walk', skipped: 'redis-server is not installed' },
    ],
    '2 cores (Some CPU), Node v24.0.0',
    new Date('2026-01-31T12:00:00Z'),
  )
  assert.match(page, /on 2026-01-31\. Machine: 2 cores \(Some CPU\), Node v24\.0\.0\./)
  assert.deepEqual(page.trim().split('\n').slice(-4), [
    '| `api` | 12,350 | requests/s | 41,000 | hello | 0.3011 | ≥ 0.3 | yes |',
    '| `handoff` | 12,350 | requests/s | 41,000 | hello | 0.3011 | report |  |',
    '| `calls` | failed | | | | | | no |',
    '| `walk` | skipped | | | redis-server is not installed | | | |',
  ])
})

test('the best that the machine allows is in a second table', () => {
  const result = {
    bench: 'million',
    value: 5,
    unit: 'ms',
    reference: 2,
    referenceName: 'plain',
    ratio: 2.5,
    met: false,
  }
  const limit = { value: 4, name: 'in lock step', ratio: 2 }
  const page = resultsPage([{ ...result, goal: '<= 1.5', limit }], 'a machine', new Date())
  assert.equal(page.trim().split('\n').at(-1), '| `million` | 4 | ms | in lock step | 2 |')
})
