import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { defaultSnapshotSettings } from '../core/lifecycle/snapshot-settings.ts'
import { awsLimits, defaultLimits } from '../core/limits.ts'
import { ConfigError, loadConfig } from './config.ts'
import {
  defaultFileSettings,
  type FileSettings,
  parseConfigFile,
  QUOTAS,
  shownQuotas,
} from './config-file.ts'

const example = await readFile(new URL('../../docs/heddle.example.yaml', import.meta.url), 'utf8')

function settingsOf(text: string): FileSettings {
  const parsed = parseConfigFile(text)
  if ('faults' in parsed) assert.fail(parsed.faults.join('\n'))
  return parsed
}

function faultsOf(text: string): string[] {
  const parsed = parseConfigFile(text)
  return 'faults' in parsed ? parsed.faults : []
}

test('the example holds every key and its default', () => {
  assert.deepEqual((parse(example) as Record<string, unknown>).package_folders, [])
  const { limits, quotas, network, serving, snapshots, audit, metrics } = parse(example) as Record<
    string,
    Record<string, unknown>
  >
  assert.equal(limits, 'heddle')
  assert.deepEqual(Object.keys(quotas).sort(), Object.keys(QUOTAS).sort())
  assert.deepEqual(Object.keys(metrics), ['token_file'])
  assert.deepEqual(Object.keys(network), ['advertise', 'trusted_proxies'])
  assert.deepEqual(Object.keys(serving), [
    'connections',
    'requests',
    'body_mebibytes',
    'receive_seconds',
  ])
  assert.deepEqual(Object.keys(snapshots), ['every', 'to', 'keep', 'restart'])
  assert.deepEqual(Object.keys(audit).sort(), ['file_mebibytes', 'files', 's3'])
  assert.deepEqual(settingsOf(example), defaultFileSettings)
})

test('the remarks in the example give the values of the service', () => {
  const shown = shownQuotas(awsLimits)
  const said = new Map<string, string>()
  let pending = ''
  for (const line of example.split('\n')) {
    const remark = /aws: (.*)$/.exec(line)?.[1]
    const key = /^ {2}(\w+):/.exec(line)?.[1]
    if (remark !== undefined && key === undefined) pending = remark
    const value = key === undefined ? undefined : (remark ?? pending)
    if (key !== undefined && value) said.set(key, value)
    if (key !== undefined) pending = ''
  }
  assert.ok(said.size >= 19, `${said.size} remarks`)
  for (const [key, value] of said) assert.equal(shown[key], value, key)
})

test('package folders are absolute paths, and there are none by default', () => {
  const foldersOf = (text: string) => settingsOf(text).limits.simulation.schema.packageFolders
  for (const text of ['limits: heddle', 'limits: aws', 'package_folders:', 'package_folders: []'])
    assert.deepEqual(foldersOf(text), [])
  assert.deepEqual(foldersOf('limits: aws\npackage_folders: [/srv/apps/, "/opt/../opt/my apps"]'), [
    '/srv/apps',
    '/opt/my apps',
  ])
  assert.deepEqual(faultsOf('package_folders: [apps, ./apps, 5]'), [
    'line 1, column 19: package_folders[0]: must be an absolute path, not "apps"',
    'line 1, column 25: package_folders[1]: must be an absolute path, not "./apps"',
    'line 1, column 33: package_folders[2]: must be a string, not the number 5',
  ])
  assert.match(faultsOf('package_folders: true')[0], /package_folders: must be a list/)
  assert.match(
    faultsOf('quotas: {local_packages: true}')[0],
    /local_packages: is not a known property/,
  )
})

test('an empty file equals no file', () => {
  for (const text of ['', '# nothing\n', 'quotas:\naudit:\n', '{}'])
    assert.deepEqual(settingsOf(text), defaultFileSettings)
})

test('limits: aws starts with the values of the service, and each quota overrides its own', () => {
  assert.deepEqual(settingsOf('limits: aws').limits, awsLimits)
  const { limits } = settingsOf(
    'limits: aws\nquotas:\n  simulations: 10\n' +
      '  transfers_per_partition: unlimited\n  tick_rates: any\n',
  )
  assert.equal(limits.simulations, 10)
  assert.equal(limits.simulation.fabric.transfersPerTick, undefined)
  assert.equal(limits.simulation.schema.tickRates, undefined)
  assert.equal(limits.simulation.schema.domainsMax, 5)
  assert.equal(awsLimits.simulations, 2)
})

test('every quota can be set to the value of the service', () => {
  const quotas = Object.entries(shownQuotas(awsLimits)).map(
    ([key, value]) => `  ${key}: ${value}\n`,
  )
  assert.deepEqual(settingsOf(`quotas:\n${quotas.join('')}`).limits, awsLimits)
})

test('each quota rejects words, fractions and numbers out of range, with line and column', () => {
  for (const key of Object.keys(QUOTAS)) {
    for (const value of ['wrong', '-1', '1.5', '1e30', '[]', '{a: 1}', '']) {
      const [fault = 'no fault', ...others] = faultsOf(
        `limits: heddle\nquotas:\n  ${key}: ${value}\n`,
      )
      assert.match(
        fault,
        new RegExp(`^line 3, column \\d+: quotas\\.${key}: must `),
        `${key}: ${value}`,
      )
      assert.deepEqual(others, [])
    }
  }
})

test('all faults are reported at once, in the order of the text', () => {
  assert.deepEqual(
    faultsOf(
      'limits: azure\nquotas:\n  simulatons: 3\n  maximum_duration: 0M\naudit:\n  s3: often\n',
    ),
    [
      'line 1, column 9: limits: must be one of "heddle", "aws", not "azure"',
      'line 3, column 3: quotas.simulatons: is not a known property (did you mean "simulations"?)',
      'line 4, column 21: quotas.maximum_duration: must be 1M to 36500D, such as 90M, 12H or 14D',
      'line 6, column 7: audit.s3: must be true or false, not the text "often"',
    ],
  )
  assert.match(
    faultsOf('quotas: {bytes_per_message: 2000, message_bytes_per_tick: 1000}')[0],
    /must not be smaller/,
  )
  assert.match(faultsOf('quotas: [')[0], /^line 1, column \d+: /)
})

test('serving limits are set key by key, in the units of the file', () => {
  const { serving } = settingsOf('serving: {connections: 5, body_mebibytes: 2, receive_seconds: 1}')
  assert.deepEqual(serving, {
    connectionsMax: 5,
    requestsMax: 1000,
    bodyBytesMax: 2 * 1024 ** 2,
    receiveMs: 1000,
  })
  assert.deepEqual(faultsOf('serving: {requests: 0}'), [
    'line 1, column 21: serving.requests: must be a whole number from 1 to 1000000, ' +
      'not the number 0',
  ])
})

test('automatic snapshots are set as in tags, and need a place', () => {
  assert.deepEqual(
    settingsOf('snapshots: {every: 5000 ticks, to: s3://safe/all, keep: 7, restart: true}')
      .snapshots,
    {
      every: { ticks: 5000 },
      to: { bucket: 'safe', key: 'all' },
      keep: 7,
      restart: true,
    },
  )
  assert.deepEqual(settingsOf('snapshots: {to: s3://safe}').snapshots, {
    ...defaultSnapshotSettings,
    to: { bucket: 'safe', key: '' },
  })
  assert.deepEqual(settingsOf('snapshots: {every: never}').snapshots, defaultSnapshotSettings)
  assert.deepEqual(faultsOf('snapshots:\n  every: 10M\n'), [
    'line 2, column 10: snapshots.every: needs snapshots.to: s3://bucket/prefix for the snapshots',
  ])
  assert.deepEqual(
    faultsOf('snapshots:\n  every: soon\n  to: safe\n  keep: 0\n  restart: 3\n  evry: 1M\n'),
    [
      'line 2, column 10: snapshots.every: must be a time or ticks, ' +
        'such as 10M, 2H or "5000 ticks", or never, not "soon"',
      'line 3, column 7: snapshots.to: must be s3://bucket/prefix, not "safe"',
      'line 4, column 9: snapshots.keep: must be a whole number from 1 to 9999, not the number 0',
      'line 5, column 12: snapshots.restart: must be true or false, not the number 3',
      'line 6, column 3: snapshots.evry: is not a known property',
    ],
  )
})

test('the network is an address to advertise and proxies to trust', () => {
  const { network } = settingsOf(
    'network:\n  advertise: weaver.example.org\n' +
      '  trusted_proxies: [127.0.0.1, 10.0.0.0/8, "::1"]\n',
  )
  assert.equal(network.advertise, 'weaver.example.org')
  assert.deepEqual(
    network.trustedProxies.map(({ version, freeBits }) => [version, freeBits]),
    [
      [4, 0n],
      [4, 24n],
      [6, 0n],
    ],
  )
  const faults = faultsOf(
    'network:\n  advertise: "weaver:80"\n  trusted_proxies: [proxy.example.org, 10.0.0.0/33]\n',
  )
  assert.deepEqual(
    faults.map((fault) => fault.split(': must be')[0]),
    [
      'line 2, column 14: network.advertise',
      'line 3, column 21: network.trusted_proxies[0]',
      'line 3, column 40: network.trusted_proxies[1]',
    ],
  )
})

test('the metrics token is in a file with an absolute path', () => {
  assert.deepEqual(settingsOf('metrics: {token_file: /etc/heddle-token}').metrics, {
    tokenFile: '/etc/heddle-token',
  })
  assert.deepEqual(faultsOf('metrics: {token_file: token}'), [
    'line 1, column 23: metrics.token_file: must be an absolute path, not "token"',
  ])
})

test('the longest duration is also the default, and may exceed that of the service', () => {
  assert.equal(
    settingsOf('quotas: {maximum_duration: 30D}').limits.maximumDurationMs,
    30 * 86_400_000,
  )
  assert.equal(defaultLimits.maximumDurationMs, 14 * 86_400_000)
})

test('the file is the named one, or heddle.yaml in the data folder if it is there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-config-'))
  try {
    const options = { data: folder }
    assert.deepEqual(loadConfig(options, {}).limits, defaultLimits)
    await writeFile(join(folder, 'heddle.yaml'), 'quotas: {simulations: 7}')
    assert.equal(loadConfig(options, {}).limits.simulations, 7)
    await writeFile(join(folder, 'other.yaml'), 'quotas: {simulations: 8}')
    assert.equal(
      loadConfig(options, { HEDDLE_CONFIG: join(folder, 'other.yaml') }).limits.simulations,
      8,
    )
    await writeFile(join(folder, 'bad.yaml'), 'quotas: {simulations: many}')
    const bad = { ...options, config: join(folder, 'bad.yaml') }
    assert.throws(
      () => loadConfig(bad, {}),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(
          error.message,
          /bad\.yaml: line 1, column 23: quotas\.simulations: must be a whole number/,
        )
        return true
      },
    )
    assert.throws(
      () => loadConfig({ ...options, config: join(folder, 'none.yaml') }, {}),
      ConfigError,
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})
