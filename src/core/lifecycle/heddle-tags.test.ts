import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HeddleTags, noHeddleTags, parseHeddleTags, schemaTag } from './heddle-tags.ts'
import type { SnapshotSettings } from './snapshot-settings.ts'

test("tags without Heddle's prefix are left alone", () => {
  assert.deepEqual(
    parseHeddleTags({ team: 'traffic', 'heddle-owner': 'x', 'Heddle:a': '' }),
    noHeddleTags,
  )
})

test("an unknown name with Heddle's prefix is refused, with the known ones", () => {
  const refused = parseHeddleTags({ 'heddle:snapshot-evry': '10M' })
  assert.ok('refusal' in refused)
  assert.match(
    refused.refusal,
    /the tag heddle:snapshot-evry means nothing; .*heddle:snapshot-every, /,
  )
})

test('a hash interval and the location of a schema are read', () => {
  assert.deepEqual(
    parseHeddleTags({ 'heddle:state-hash-interval': '50', ...schemaTag('worlds', 'a/b c.yaml') }),
    {
      ...noHeddleTags,
      stateHashInterval: 50,
      schema: { bucket: 'worlds', key: 'a/b c.yaml' },
    },
  )
})

test('the permission for host packages is the hash of a schema', () => {
  const hostPackages = '0123456789abcdef'.repeat(4)
  assert.deepEqual(parseHeddleTags({ 'heddle:host-packages': hostPackages }), {
    ...noHeddleTags,
    hostPackages,
  })
  for (const wrong of ['', 'true', hostPackages.slice(1), hostPackages.toUpperCase()])
    assert.ok('refusal' in parseHeddleTags({ 'heddle:host-packages': wrong }), wrong)
})

function accepted(tags: Record<string, string>, settings?: SnapshotSettings): HeddleTags {
  const result = parseHeddleTags(tags, settings)
  assert.ok(!('refusal' in result), JSON.stringify(result))
  return result
}

test('the snapshot interval is in ticks or time, with a place and a number to keep', () => {
  const rhythmOf = (tags: Record<string, string>) => accepted(tags).snapshots
  assert.deepEqual(
    rhythmOf({ 'heddle:snapshot-every': '10M', 'heddle:snapshot-to': 's3://worlds/a/b' }),
    {
      every: { ms: 600_000 },
      bucket: 'worlds',
      prefix: 'a/b',
      keep: 3,
    },
  )
  const ticks = {
    'heddle:snapshot-every': '500 ticks',
    'heddle:snapshot-to': 's3://worlds',
    'heddle:snapshot-keep': '1',
  }
  assert.deepEqual(rhythmOf(ticks), {
    every: { ticks: 500 },
    bucket: 'worlds',
    prefix: '',
    keep: 1,
  })
})

test("the operator's settings apply unless a tag overrides them", () => {
  const settings: SnapshotSettings = {
    every: { ms: 600_000 },
    to: { bucket: 'safe', key: 'all' },
    keep: 5,
    restart: true,
  }
  const rhythm = { every: { ms: 600_000 }, bucket: 'safe', prefix: 'all', keep: 5 }
  assert.deepEqual(accepted({}, settings), {
    stateHashInterval: 0,
    snapshots: rhythm,
    restartOnLoss: true,
  })
  assert.deepEqual(accepted({ 'heddle:snapshot-keep': '9' }, settings).snapshots, {
    ...rhythm,
    keep: 9,
  })
  assert.deepEqual(accepted({ 'heddle:snapshot-every': '7 ticks' }, settings).snapshots, {
    ...rhythm,
    every: { ticks: 7 },
  })
  assert.deepEqual(accepted({ 'heddle:snapshot-to': 's3://own' }, settings).snapshots, {
    ...rhythm,
    bucket: 'own',
    prefix: '',
  })
  assert.deepEqual(
    accepted({ 'heddle:snapshot-every': 'never', 'heddle:restart-on-loss': 'false' }, settings),
    {
      stateHashInterval: 0,
      restartOnLoss: false,
    },
  )
  assert.equal(
    accepted({}, { to: { bucket: 'safe', key: '' }, keep: 3, restart: false }).snapshots,
    undefined,
  )
})

test('a bad value is refused with the name of its tag', () => {
  for (const tags of [
    { 'heddle:state-hash-interval': '-1' },
    { 'heddle:state-hash-interval': 'often' },
    { 'heddle:schema': 'worlds/a.yaml' },
    { 'heddle:schema': 's3://worlds' },
    { 'heddle:schema': '' },
    { 'heddle:snapshot-every': '0M', 'heddle:snapshot-to': 's3://a' },
    { 'heddle:snapshot-every': 'often', 'heddle:snapshot-to': 's3://a' },
    { 'heddle:snapshot-to': 'a', 'heddle:snapshot-every': '1H' },
    { 'heddle:restart-on-loss': 'yes' },
    { 'heddle:restart-on-loss': '' },
    { 'heddle:snapshot-every': '1H' },
    {
      'heddle:snapshot-keep': '10000',
      'heddle:snapshot-every': '1H',
      'heddle:snapshot-to': 's3://a',
    },
    { 'heddle:snapshot-keep': '0', 'heddle:snapshot-every': '1H', 'heddle:snapshot-to': 's3://a' },
  ] as Record<string, string>[]) {
    const result = parseHeddleTags(tags)
    assert.ok(
      'refusal' in result && result.refusal.includes(Object.keys(tags)[0]),
      JSON.stringify(result),
    )
  }
})

test('app timeouts are read, and a bad one is refused', () => {
  assert.deepEqual(accepted({ 'heddle:app-timeout:Views': '0.2' }).appTimeouts, {
    ofDomainMs: { Views: 200 },
  })
  assert.ok('refusal' in parseHeddleTags({ 'heddle:app-timeout': 'soon' }))
  assert.ok('refusal' in parseHeddleTags({ 'heddle:app-timeouts': '3' }))
})

test('when an app fails for good, the world fails or is held', () => {
  assert.equal(accepted({}).onAppFailure, undefined)
  assert.equal(accepted({ 'heddle:on-app-failure': 'fail' }).onAppFailure, 'fail')
  assert.equal(accepted({ 'heddle:on-app-failure': 'hold' }).onAppFailure, 'hold')
  assert.ok('refusal' in parseHeddleTags({ 'heddle:on-app-failure': 'wait' }))
})

test('an app to start by hand is named alone or with its domain', () => {
  assert.equal(accepted({}).appDebug, undefined)
  assert.equal(accepted({ 'heddle:app-debug': 'Cells/Cells-0-0' }).appDebug, 'Cells/Cells-0-0')
  assert.ok('refusal' in parseHeddleTags({ 'heddle:app-debug': 'Cells/Cells/0' }))
})
