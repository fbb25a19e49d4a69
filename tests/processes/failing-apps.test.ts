import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { fetchLine } from '../support/clients.ts'
import { assertSameEntities } from '../support/compare-worlds.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'

let heddle: Heddle
before(async () => {
  heddle = await startHeddle({ appTimeoutSeconds: 3 })
})
after(() => heddle?.stop())

const WANDERERS = 'wanderers.ts --seed 5 --entities 40 --until 40'

function twoCells(command: string): string {
  return schema({ tickRate: '60', domains: { Cells: { kind: 'spatial', grid: [2, 1], command } } })
}

test('apps that exit, are killed or hang in a tick restart with all entities', async () => {
  const calm = await heddle.startSimulation('calm', twoCells(WANDERERS), hashEvery(1))
  const crashes = ['Cells-0-0@1:exit', 'Cells-1-0@20:kill']
    .map((crash) => `--crash ${crash}`)
    .join(' ')
  const struck = await heddle.startSimulation(
    'struck',
    twoCells(`${WANDERERS} ${crashes}`),
    hashEvery(1),
  )
  const hung = await heddle.startSimulation(
    'hung',
    twoCells(`${WANDERERS} --crash Cells-0-0@13:hang`),
    hashEvery(1),
  )
  for (const world of [calm, struck, hung]) await world.startClock()
  for (const world of [calm, struck, hung]) await world.reaches(45)
  const expected = await calm.world()
  for (const world of [struck, hung]) {
    for (let tick = 1; tick <= 45; tick++)
      assert.equal(
        world.hashes().get(tick)?.stateHash,
        calm.hashes().get(tick)?.stateHash,
        `${world.name}, tick ${tick}`,
      )
    assertSameEntities(await world.world(), expected)
    assert.equal((await world.describe()).Status, 'STARTED')
  }
  await struck.saysError(
    new RegExp(
      'app=Cells-0-0 .*exited with code 1.*; its last words in /domain/Cells/app/\\S+: ' +
        '.*tick 1: exit; it is started again after 0.25 s',
    ),
  )
  await struck.saysError(/app=Cells-1-0 .*SIGKILL.*started again/)
  await hung.saysError(/app=Cells-0-0 .*did not commit tick 13 within 3 s.*started again/)
  for (const [world, tick] of [
    [struck, 20],
    [hung, 13],
  ] as const) {
    const second = () =>
      world
        .output('Cells')
        .filter((line) => line.startsWith('incarnation=2') && !line.includes('tick=1 '))
    await waitFor(() => second().length > 0, 'the second process to speak')
    const [again, ...more] = second()
    assert.deepEqual(more, [])
    const [, adds, owned] =
      new RegExp(`^incarnation=2 tick=${tick} adds=(\\d+) owned=(\\d+)$`).exec(again) ?? []
    assert.ok(Number(adds) > 10, again)
    assert.equal(adds, owned, 'an Add for everything that it owns')
  }
  for (const world of [calm, struck, hung]) await world.stop()
})

test('an app that is killed again and again ends its simulation, and no other', async () => {
  const doomed = await heddle.startSimulation(
    'doomed',
    twoCells('wanderers.ts --entities 10'),
    hashEvery(5),
  )
  const other = await heddle.startSimulation(
    'other',
    twoCells('wanderers.ts --entities 10'),
    hashEvery(5),
  )
  await doomed.startClock()
  await other.startClock()
  let pid = 0
  for (let kill = 1; kill <= 3; kill++) {
    pid = await doomed.appPid('Cells', 'Cells-1-0', pid)
    await doomed.kill(pid)
    await doomed.appPid('Cells', 'Cells-1-0', pid)
    await doomed.ticksOn()
  }
  await doomed.kill(await doomed.appPid('Cells', 'Cells-1-0', pid))
  const [{ errorType, errorMessage }] = await doomed.fails()
  assert.equal(errorType, 'AppFailed')
  assert.match(errorMessage, /'Cells-1-0' .*failed again and again: it was ended by signal SIGKILL/)
  await doomed.saysError(
    new RegExp(
      "simulation=FAILED .*app 'Cells-1-0' of domain 'Cells' failed again and again: " +
        'it was ended by signal SIGKILL',
    ),
  )
  await doomed.leavesNothing()
  await other.ticksOn()
  await other.stop()
  await heddle.weaver.deleteSimulation({ Simulation: 'doomed' }).promise()
})

test('a custom app that fails again and again is in ERROR, and the rest goes on', async () => {
  const text = schema({
    tickRate: 'unlimited',
    domains: {
      Cells: { kind: 'spatial', grid: [2, 1], command: 'echo.ts' },
      Makers: { kind: 'custom', command: 'maker.ts --port 7001 --entities 8', ports: [7001] },
    },
  })
  const world = await heddle.startSimulation('custom-error', text, hashEvery(5))
  await world.startClock()
  await world.startApp('Makers', 'steady')
  await world.startApp('Makers', 'failing', ['node', 'maker.ts', '--port', '7001', '--crash', '3'])
  await world.appIs('Makers', 'failing', 'ERROR')
  assert.equal((await world.app('Makers', 'failing')).EndpointInfo, undefined)
  await world.saysError(/app=failing .*failed for good: it exited with code 7/)
  assert.equal((await world.describe()).Status, 'STARTED')
  await world.ticksOn()
  const { host, port } = await world.endpoint('Makers', 'steady', 7001)
  await waitFor(
    async () => (await fetchLine(host, port)).seen === 8,
    'the steady app to see all that it made',
  )
  await assert.rejects(world.startApp('Makers', 'failing'), { code: 'ConflictException' })
  await world.deleteApp('Makers', 'failing')
  await world.startApp('Makers', 'failing')
  await world.appIs('Makers', 'failing', 'STARTED')
  await world.stop()
})

test('output of a busy loop goes to the log, line by line, and not into memory', async () => {
  const text = schema({
    domains: {
      Cells: { kind: 'spatial', grid: [1, 1], command: 'chatty.ts --lines 300 --until 20' },
    },
  })
  const world = await heddle.startSimulation('chatty', text, hashEvery(1))
  await world.startClock()
  await world.reaches(25)
  await world.stop()
  const said = world.output('Cells').map((line) => line.split(' ', 1)[0])
  const expected = Array.from(
    { length: 20 * 300 },
    (_, line) => `${1 + Math.floor(line / 300)}/${line % 300}`,
  )
  assert.deepEqual(said, expected)
})

test('endless output neither slows the clock nor fills the disk', async () => {
  // Node would make a pipe shared with another program non-blocking, and that program would give
  // up.
  const script =
    'yes this app prints without end & exec node wanderers.ts --entities 10 > /dev/null'
  const command = ['sh', '-c', script]
  const text = schema({
    tickRate: '15',
    domains: { Cells: { kind: 'spatial', grid: [2, 1], command } },
  })
  const world = await heddle.startSimulation('printer', text, hashEvery(1))
  await world.startClock()
  await world.reaches(60)
  assert.equal(world.errors(), '')
  await world.stop()
  const streams = world.streams().filter((name) => name.startsWith('/domain/Cells/'))
  assert.equal(streams.length, 2)
  for (const name of streams) {
    const file = join(
      heddle.data,
      'logs',
      'test',
      `printer-${world.executionId.slice(0, 8)}`,
      `${name}.log`,
    )
    assert.ok(statSync(file).size < 9 * 1024 ** 2)
    assert.ok(
      world.log(name).some((line) => /dropped/.test(line)),
      'the stream says what it lost',
    )
  }
})

test('creating an application twice is an error, and the first one goes on', async () => {
  const world = await heddle.startSimulation('twice', twoCells('twice.ts'), hashEvery(1))
  await world.startClock()
  assert.equal((await world.reaches(5)).entities, 10)
  await waitFor(
    () => world.output('Cells').length === 2,
    () => `a line of both apps; they said: ${world.output('Cells').join('\n')} ${world.errors()}`,
  )
  for (const line of world.output('Cells')) assert.match(line, /InvalidState: .*create it once/)
  assert.equal(world.errors(), '')
  await world.stop()
})

test('a domain’s own timeout applies to its apps alone', async () => {
  const text = schema({
    tickRate: 'unlimited',
    domains: {
      Cells: { kind: 'spatial', grid: [1, 1], command: 'slow.ts --ms 700' },
      Views: { kind: 'custom', command: 'slow.ts --ms 60000', timeout: 0.3 },
      Tagged: { kind: 'custom', command: 'slow.ts --ms 60000', timeout: 60 },
    },
  })
  const tags = { ...hashEvery(1).Tags, 'heddle:app-timeout:Tagged': '0.4' }
  const world = await heddle.startSimulation('timeouts', text, { Tags: tags })
  await world.startClock()
  for (const [domain, seconds] of [
    ['Views', '0.3'],
    ['Tagged', '0.4'],
  ] as const) {
    await world.startApp(domain, 'viewer')
    await world.appIs(domain, 'viewer', 'ERROR')
    const reason = `failed for good: it did not commit tick \\d+ within ${seconds} s`
    await world.saysError(new RegExp(`domain=${domain} ${reason}`))
  }
  await world.ticksOn()
  assert.doesNotMatch(world.errors(), /domain=Cells/)
  await world.stop()
})

test('a timeout for an unknown domain fails the start, and lists the domains', async () => {
  const tags = { 'heddle:app-timeout:Cell': '5' }
  const world = await heddle.beginSimulation('timeout-for-none', twoCells('wanderers.ts'), {
    Tags: tags,
  })
  const [{ errorType, errorMessage }] = await world.fails()
  assert.equal(errorType, 'SchemaFormatInvalid')
  assert.match(errorMessage, /heddle:app-timeout:Cell names no domain .*"Cells"/)
})

test('an app that throws on a message is restarted until it survives it', async () => {
  const world = await heddle.startSimulation(
    'borne',
    twoCells('poisoned.ts --at 10 --bears 3'),
    hashEvery(1),
  )
  await world.startClock()
  await world.reaches(20)
  assert.equal((await world.describe()).Status, 'STARTED')
  const said = world.output('Cells').filter((line) => line.startsWith('tick='))
  assert.deepEqual(
    said.filter((line) => line.includes('poison')),
    [1, 2, 3].map((attempt) => `tick=11 attempt=${attempt} heard poison`),
  )
  assert.deepEqual(
    said.filter((line) => line.startsWith('tick=15')),
    ['tick=15 attempt=1', 'tick=15 attempt=1'],
  )
  const pauses = world.errors().match(/can not bear poison; it is started again after (\S+) s/g)
  assert.deepEqual(
    pauses?.map((line) => / (\S+) s$/.exec(line)?.[1]),
    ['0.25', '1'],
  )
  await world.stop()
})

test('output stays in the run folder if the schema names no log group', async () => {
  const Cells = { kind: 'spatial', grid: [2, 1], command: 'poisoned.ts --at 3 --bears 2' } as const
  const text = schema({ domains: { Cells }, tickRate: '60', logGroup: null })
  const world = await heddle.startSimulation('ungrouped', text)
  assert.equal((await world.describe()).LoggingConfiguration, undefined)
  await world.startClock()
  const logs = () => heddle.command('logs', 'ungrouped', '--data', heddle.data)
  const shown = await waitFor(async () => {
    const lines = await logs()
    return lines.includes('attempt=2 heard poison') && lines
  }, 'the logs to show the second attempt')
  assert.match(
    shown,
    /^\/domain\/Cells\/app\/worker-0001\/Cells-1-0 \S+Z tick=4 attempt=1 heard poison$/m,
  )
  const [, stream] =
    /^\/sim\/errors .* its last words in (\S+): .*can not bear poison/m.exec(shown) ?? []
  const one = await heddle.command('logs', 'ungrouped', '--data', heddle.data, '--stream', stream)
  assert.match(one, /Error: can not bear poison/)
  const folder = join(heddle.data, 'run', world.executionId)
  assert.ok(existsSync(join(folder, 'logs')))
  await world.stop()
  assert.match(await logs(), /^\/sim\/management .*simulation=STOPPED$/m)
  await heddle.weaver.deleteSimulation({ Simulation: 'ungrouped' }).promise()
  await waitFor(() => !existsSync(folder), 'the run folder to go')
})

test('describe, status and the errors tell why a started simulation failed', async () => {
  const lost = await heddle.startSimulation('lost', twoCells('wanderers.ts'), hashEvery(1))
  await lost.startClock()
  await lost.reaches(3)
  await lost.kill(await lost.workerPid())
  const [{ errorType, errorMessage }] = await lost.fails()
  assert.equal(errorType, 'InternalError')
  assert.match(errorMessage, /the worker process ended unexpectedly by SIGKILL/)
  await lost.saysError(
    /tick=\d+ simulation=FAILED the worker process ended unexpectedly by SIGKILL/,
  )
  const table = await heddle.command('status', '--data', heddle.data)
  assert.match(table, /lost +FAILED .*ended unexpectedly by SIGKILL/)
  const left = JSON.parse(
    readFileSync(join(heddle.data, 'run', lost.executionId, 'status.json'), 'utf8'),
  )
  assert.equal(left.status, 'FAILED')
})
