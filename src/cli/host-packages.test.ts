import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { withAbsolutePackages } from './host-packages.ts'

const FOLDER = '/home/me/world'

test('paths relative to the file are made absolute, and the rest of its text is kept', () => {
  const text = `# A world.
domains:
  One:   # first
    app_config: {package: ./build/one.zip, launch_command: ["node", "app.ts"]}
  Two:
    app_config:
      package: "../two apps"   # quoted
  Three:
    app_config: { package: 'file:///opt/three' }
  Four:
    app_config: { package: s3://bucket/four.zip }
  Five:
    app_config: { package: /opt/five }
  Six:
    app_config:
      package: >-
        six apps
  Seven:
    app_config: {package: /opt/seven}
`
  const { text: changed, hasHostPackages } = withAbsolutePackages(text, FOLDER)
  assert.equal(hasHostPackages, true)
  const packages = Object.values(
    parse(changed).domains as Record<string, { app_config: { package: string } }>,
  )
  assert.deepEqual(
    packages.map(({ app_config }) => app_config.package),
    [
      '/home/me/world/build/one.zip',
      '/home/me/two apps',
      'file:///opt/three',
      's3://bucket/four.zip',
      '/opt/five',
      '/home/me/world/six apps',
      '/opt/seven',
    ],
  )
  assert.ok(changed.startsWith('# A world.\ndomains:\n  One:   # first\n'))
  assert.match(changed, /"\/home\/me\/two apps" {3}# quoted\n/)
  assert.match(changed, /launch_command: \["node", "app.ts"\]\}\n/)
})

test('a package that is named by an anchor is one', () => {
  const text = 'a: {package: &app ./app.zip}\nb: {package: *app}\n'
  const { text: changed, hasHostPackages } = withAbsolutePackages(text, FOLDER)
  assert.equal(hasHostPackages, true)
  assert.deepEqual(parse(changed), {
    a: { package: '/home/me/world/app.zip' },
    b: { package: '/home/me/world/app.zip' },
  })
})

test('an anchor that stands elsewhere is changed where it is used', () => {
  const text = 'common: &app ./app.zip\nb: {package: *app}\nc: {package: *app }\n'
  const { text: changed } = withAbsolutePackages(text, FOLDER)
  assert.deepEqual(parse(changed), {
    common: './app.zip',
    b: { package: '/home/me/world/app.zip' },
    c: { package: '/home/me/world/app.zip' },
  })
})

test('a schema of buckets, and one that can not be read, come back as they are', () => {
  for (const text of [
    'a: {package: s3://bucket/key}\n',
    'a: [\n',
    '',
    'just text',
    'package: 5\n',
    'package: {a: b}\n',
    '\ufeffa: 1',
  ])
    assert.deepEqual(withAbsolutePackages(text, FOLDER), { text, hasHostPackages: false })
})
