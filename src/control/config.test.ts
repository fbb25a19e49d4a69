import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  ConfigError,
  type ConfigOptions,
  type Environment,
  objectsConfig,
  resolveConfig,
  resolveDataFolder,
  SETTINGS,
  type SettingName,
  UsageError,
} from './config.ts'
import { defaultFileSettings } from './config-file.ts'
import { addressForClients } from './control.ts'
import { loadCredentials, parseCredentials } from './credentials.ts'

test('a default applies if neither option nor variable is set', () => {
  assert.deepEqual(resolveConfig({}, { HOME: '/home/weaver' }), {
    host: '127.0.0.1',
    port: 4310,
    dataFolder: '/home/weaver/.local/state/heddle',
    region: 'us-west-2',
    accountId: '111122223333',
    fabricFolder: `/dev/shm/heddle-${process.getuid?.()}`,
    appTimeoutMs: 10_000,
    workerTimeoutMs: 300_000,
    isInsecureHttpAllowed: false,
    ...defaultFileSettings,
  })
  assert.equal(resolveConfig({}, { XDG_STATE_HOME: '/state' }).dataFolder, '/state/heddle')
})

test('an option overrides its variable, and an empty variable counts as unset', () => {
  const environment = { HEDDLE_PORT: '1', HEDDLE_REGION: '', HEDDLE_APP_TIMEOUT: '0' }
  assert.equal(resolveConfig({ port: '2' }, environment).port, 2)
  const config = resolveConfig({}, environment)
  assert.equal(config.port, 1)
  assert.equal(config.region, 'us-west-2')
  assert.equal(config.appTimeoutMs, 0)
})

test('every setting rejects a bad value with a message that names option and variable', () => {
  const nonsense: Partial<Record<SettingName, string>> = {
    host: 'a b',
    port: '4310x',
    region: 'mars',
    account: '123',
    fabricDir: `/${'x'.repeat(100)}`,
    s3Endpoint: 'ftp://x',
    appTimeout: '-1',
    advertise: 'http://weaver.example.org',
  }
  for (const [name, text] of Object.entries(nonsense)) {
    const { option, variable } = SETTINGS[name as SettingName]
    assert.throws(
      () => resolveConfig({ [name]: text }, {}),
      (error) =>
        error instanceof UsageError &&
        error.message.startsWith(`${option} (${variable}) is '${text}'`),
      name,
    )
  }
})

test('the data folder never depends on the current folder', () => {
  const folder = (options: ConfigOptions, environment: Environment) =>
    resolveDataFolder(options, environment)
  for (const HOME of ['', 'weaver']) {
    assert.throws(
      () => folder({}, { HOME }),
      (error) =>
        error instanceof UsageError &&
        error.message.startsWith(`HOME is '${HOME}'`) &&
        /--data/.test(error.message),
    )
    assert.equal(folder({}, { HOME, HEDDLE_DATA: '/data' }), '/data')
    assert.equal(folder({}, { HOME, XDG_STATE_HOME: '/state' }), '/state/heddle')
  }
  assert.match(folder({}, {}), /^\/.*\.local\/state\/heddle$/)
  assert.throws(
    () => folder({ data: '' }, { HOME: '/home/weaver' }),
    /^UsageError: --data is empty/,
  )
})

test('app clients get the advertised address, or else the one listened on', () => {
  const address = (options: ConfigOptions, environment = {}) =>
    addressForClients(resolveConfig(options, environment))
  assert.equal(address({}), '127.0.0.1')
  assert.equal(address({ host: '192.0.2.7' }), '192.0.2.7')
  assert.equal(address({ host: 'weaver.internal' }), 'weaver.internal')
  assert.equal(
    address({ host: '192.0.2.7', advertise: 'weaver.example.org' }),
    'weaver.example.org',
  )
  assert.equal(address({}, { HEDDLE_ADVERTISE: '2001:db8::7' }), '2001:db8::7')
  const ofFile = {
    ...resolveConfig({ host: '0.0.0.0' }, {}),
    network: { advertise: 'file.example', trustedProxies: [] },
  }
  assert.equal(addressForClients(ofFile), 'file.example')
  assert.equal(addressForClients({ ...ofFile, advertise: 'option.example' }), 'option.example')
  assert.doesNotMatch(address({ host: '0.0.0.0' }), /^(0\.0\.0\.0|::|fe80:.*)$/)
  for (const advertise of ['host:7000', '10.0.0', 'a b', '-x', '[::1]'])
    assert.throws(
      () => address({ advertise }),
      /--advertise \(HEDDLE_ADVERTISE\) is .*, and must be an IP address or a host name/,
    )
})

test('an external S3 needs its keys', () => {
  const options = { s3Endpoint: 'https://s3.example.org' }
  assert.throws(() => resolveConfig(options, {}), /HEDDLE_S3_ACCESS_KEY_ID/)
  const keys = { HEDDLE_S3_ACCESS_KEY_ID: 'a', HEDDLE_S3_SECRET_ACCESS_KEY: 'b' }
  const data = { objects: '/objects', uploads: '/uploads' }
  assert.equal(objectsConfig(resolveConfig(options, keys), data).kind, 's3')
  assert.deepEqual(objectsConfig(resolveConfig({}, {}), data), {
    kind: 'folder',
    folder: '/objects',
  })
})

test('keys are made once, readable by this user alone, and read back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-keys-'))
  const path = join(folder, 'credentials')
  const made = await loadCredentials(path, {})
  assert.match(made.accessKeyId, /^AKIA[A-Z2-7]{16}$/)
  assert.equal(made.secretAccessKey.length, 40)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.deepEqual(await loadCredentials(path, {}), made)
  const other = await loadCredentials(join(folder, 'other'), {})
  assert.notEqual(other.secretAccessKey, made.secretAccessKey)
  await rm(folder, { recursive: true })
})

test('keys from the environment come as a pair, and make no file', async () => {
  const path = join(tmpdir(), 'heddle-no-such-folder', 'credentials')
  const environment = {
    HEDDLE_ACCESS_KEY_ID: 'AKIAMINE',
    HEDDLE_SECRET_ACCESS_KEY: 'my-own-secret',
  }
  assert.deepEqual(await loadCredentials(path, environment), {
    accessKeyId: 'AKIAMINE',
    secretAccessKey: 'my-own-secret',
  })
  for (const [variable, value] of Object.entries(environment)) {
    const half = loadCredentials(path, { [variable]: value })
    await assert.rejects(
      half,
      (error) => error instanceof ConfigError && !error.message.includes('my-own-secret'),
    )
  }
})

test('a broken credentials file is refused, never replaced, and its secret not shown', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-keys-'))
  const path = join(folder, 'credentials')
  const text = '[default]\naws_secret_access_key = top-secret-value\n'
  await writeFile(path, text)
  await assert.rejects(
    loadCredentials(path, {}),
    (error) =>
      error instanceof ConfigError &&
      error.message.includes(path) &&
      !error.message.includes('top-secret'),
  )
  assert.equal(await readFile(path, 'utf8'), text)
  await rm(folder, { recursive: true })
})

test('the default profile is found among others, with comments and any spacing', () => {
  const text = [
    '# made by hand',
    '[other]',
    'aws_access_key_id = AKIAOTHER',
    '[default]',
    'AWS_ACCESS_KEY_ID=AKIAMINE',
    '; a comment',
    '  aws_secret_access_key   =  a/b+c=12345  ',
  ].join('\r\n')
  assert.deepEqual(parseCredentials(text, 'x'), {
    accessKeyId: 'AKIAMINE',
    secretAccessKey: 'a/b+c=12345',
  })
})
