import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { executionFabricFolder } from '../../core/wire/places.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import { runFolderIn } from '../../joints/worker-host/run-folder.ts'
import { findWorkerProcess } from '../../joints/worker-host/worker-process.ts'
import { dataFolder, makeDataFolder } from '../data-folder.ts'
import { takeLock } from '../lock.ts'
import { overviewOf } from '../overview.ts'
import {
  type ControlFixture,
  openFixture,
  SCRIPTED_WORKER,
  startInput,
  waitFor,
} from '../testing/control-fixture.ts'

const CONTROL_PROGRAM = fileURLToPath(new URL('../testing/control-process.ts', import.meta.url))

function workerOf(f: ControlFixture, executionId: string): number | undefined {
  return findWorkerProcess(SCRIPTED_WORKER, runFolderIn(f.control.data.run, executionId))
}

/** How often a worker was started for the execution. */
function startsOf(f: ControlFixture, executionId: string): number {
  return readFileSync(join(runFolderIn(f.control.data.run, executionId).folder, 'starts'), 'utf8')
    .trim()
    .split('\n').length
}

test('a simulation goes on while control is away, and is found again with its state', async () => {
  await using f = await openFixture()
  const { ExecutionId } = await f.start('world')
  await f.waitForStatus('world', 'STARTED')
  await f.call('StartClock', { Simulation: 'world' })
  const before = workerOf(f, ExecutionId)
  await f.reopen()
  const shown = await f.call('DescribeSimulation', { Simulation: 'world' })
  assert.equal(shown.Status, 'STARTED')
  assert.equal(shown.LiveSimulationState?.Clocks?.[0]?.Status, 'STARTED')
  assert.equal(workerOf(f, ExecutionId), before)
  assert.equal(startsOf(f, ExecutionId), 1)
  await f.call('StopClock', { Simulation: 'world' })
})

test('a control that is killed and started again is right about every simulation', async () => {
  await using f = await openFixture()
  await f.control.close()
  const killed = await startControlProcess(f, ['runs', 'dies', 'ends'])
  killed.process.kill('SIGKILL')
  await once(killed.process, 'exit')
  const [runs = '', dies = '', ends = ''] = killed.executionIds
  const data = dataFolder(f.config.dataFolder)
  process.kill(findWorkerProcess(SCRIPTED_WORKER, runFolderIn(data.run, dies)) ?? 0, 'SIGKILL')
  // This simulation ends by itself while no control runs.
  process.kill(findWorkerProcess(SCRIPTED_WORKER, runFolderIn(data.run, ends)) ?? 0, 'SIGTERM')
  await waitFor(
    'a last word',
    () => /"STOPPED"/.test(lastStatus(runFolderIn(data.run, ends).status)) || undefined,
  )

  await f.reopen()
  await waitFor('the truth', async () => {
    const { Simulations } = await f.call('ListSimulations', {})
    const text = Simulations.map((each) => `${each.Name} ${each.Status}`).join(', ')
    return text === 'dies FAILED, ends STOPPED, runs STARTED' ? text : undefined
  })
  const { StartError } = await f.call('DescribeSimulation', { Simulation: 'dies' })
  assert.match(StartError ?? '', /the worker process ended unexpectedly/)
  await waitFor(
    'the memory to go',
    () => !existsSync(executionFabricFolder(f.config.fabricFolder, dies)) || undefined,
  )
  assert.equal(startsOf(f, runs), 1)
  assert.equal(
    (await f.control.store.findSimulation('dies'))?.failure?.includes('ended unexpectedly'),
    true,
  )
  await f.call('StopSimulation', { Simulation: 'runs' })
  await f.waitForStatus('runs', 'STOPPED')
})

test('a stop that was stored before a crash reaches the worker afterwards', async () => {
  await using f = await openFixture()
  const { ExecutionId } = await f.start('world')
  await f.waitForStatus('world', 'STARTED')
  await f.control.store.setTargetStatus(ExecutionId, 'STOPPED')
  assert.equal((await f.call('DescribeSimulation', { Simulation: 'world' })).Status, 'STOPPING')
  await f.reopen()
  await f.waitForStatus('world', 'STOPPED')
  await waitFor('the worker to end', () => workerOf(f, ExecutionId) === undefined || undefined)
})

test('a stored simulation that was never launched is launched by the next control', async () => {
  await using f = await openFixture()
  await f.control.store.createSimulation({
    name: 'stored',
    executionId: '11111111-2222-4333-8444-555555555555',
    arn: 'arn',
    createdAtMs: 1,
    roleArn: 'role',
    maximumDuration: '14D',
    schemaLocation: { bucket: 'b', key: 'healthy' },
    tags: { 'heddle:snapshot-keep': 'made to mean nothing, after the start' },
    targetStatus: 'STARTED',
    launched: false,
  })
  await f.reopen()
  await f.waitForStatus('stored', 'STARTED')
  await f.call('StopSimulation', { Simulation: 'stored' })
  await f.waitForStatus('stored', 'STOPPED')
})

test('a simulation whose launch was begun is never launched twice', async () => {
  await using f = await openFixture()
  const { ExecutionId } = await f.start('gone', 'die-at-start')
  const failed = await f.waitForStatus('gone', 'FAILED')
  const [error] = JSON.parse(failed.StartError ?? '[]')
  assert.equal(error.errorType, 'InternalError')
  assert.match(error.errorMessage, /exit code 3/)
  await f.reopen()
  assert.equal((await f.call('DescribeSimulation', { Simulation: 'gone' })).Status, 'FAILED')
  assert.equal(startsOf(f, ExecutionId), 1)
})

test('a worker that dies leaves a FAILED simulation with the reason, and no remains', async () => {
  await using f = await openFixture()
  const { ExecutionId } = await f.start('world')
  await f.waitForStatus('world', 'STARTED')
  const unpacked = ['packages', 'snapshot'].map((name) =>
    join(runFolderIn(f.control.data.run, ExecutionId).folder, name),
  )
  for (const folder of unpacked) await mkdir(join(folder, 'inner'), { recursive: true })
  const killing = { Simulation: 'world', Domain: 'View', Name: 'kill-worker' }
  assert.match(await f.refusalOf('StartApp', killing), /InternalServerException|ConflictException/)
  const failed = await f.waitForStatus('world', 'FAILED')
  assert.match(failed.StartError ?? '', /"InternalError".*the worker process ended unexpectedly/)
  const remains = [...unpacked, executionFabricFolder(f.config.fabricFolder, ExecutionId)]
  await waitFor(
    'nothing to remain',
    () => !remains.some((folder) => existsSync(folder)) || undefined,
  )
  // Control leaves this if it is killed before removing it.
  await mkdir(unpacked[0])
  await f.reopen()
  assert.ok(!existsSync(unpacked[0]))
  await f.call('DeleteSimulation', { Simulation: 'world' })
})

test('if restarts are wanted, a lost worker is replaced, with its clock and its apps', async () => {
  await using f = await openFixture()
  const Tags = { 'heddle:restart-on-loss': 'true' }
  const { ExecutionId } = await f.call('StartSimulation', { ...startInput('world'), Tags })
  await f.waitForStatus('world', 'STARTED')
  await f.call('StartClock', { Simulation: 'world' })
  await f.call('StartApp', { Simulation: 'world', Domain: 'View', Name: 'eye' })
  const before = await f.call('DescribeSimulation', { Simulation: 'world' })
  // Changing a tag later has no effect.
  await f.call('TagResource', {
    ResourceArn: before.Arn,
    Tags: { 'heddle:restart-on-loss': 'false' },
  })
  await f.reopen()
  process.kill(workerOf(f, ExecutionId) ?? 0, 'SIGKILL')
  await waitFor('another worker', () => startsOf(f, ExecutionId) === 2 || undefined)
  const after = await f.waitForStatus('world', 'STARTED')
  assert.equal(after.ExecutionId, ExecutionId)
  assert.deepEqual(after.CreationTime, before.CreationTime)
  assert.deepEqual(after.LiveSimulationState?.Clocks, [
    { Status: 'STARTING', TargetStatus: 'STARTED' },
  ])
  const { Apps = [] } = await f.call('ListApps', { Simulation: 'world', Domain: 'View' })
  assert.deepEqual(
    Apps.map(({ Name, TargetStatus }) => [Name, TargetStatus]),
    [['eye', 'STARTED']],
  )
  await f.call('StopSimulation', { Simulation: 'world' })
  await f.waitForStatus('world', 'STOPPED')
})

test('a plan of an older Heddle without folders of packages gets those listed today', async () => {
  await using f = await openFixture()
  const Tags = { 'heddle:restart-on-loss': 'true' }
  const { ExecutionId } = await f.call('StartSimulation', { ...startInput('world'), Tags })
  await f.waitForStatus('world', 'STARTED')
  const { plan: file } = runFolderIn(f.control.data.run, ExecutionId)
  const isNew = /^(package|closed)Folders$/
  const old = JSON.parse(await readFile(file, 'utf8')) as WorkerPlan
  await writeFile(
    file,
    JSON.stringify(old, (key, value) => (isNew.test(key) ? undefined : value)),
  )
  const { simulation } = f.config.limits
  const schema = { ...simulation.schema, packageFolders: ['/srv/apps'], domainsMax: 3 }
  f.config.limits = { ...f.config.limits, simulation: { ...simulation, schema } }
  await f.reopen()
  process.kill(workerOf(f, ExecutionId) ?? 0, 'SIGKILL')
  await waitFor('another worker', () => startsOf(f, ExecutionId) === 2 || undefined)
  const again = JSON.parse(await readFile(file, 'utf8')) as WorkerPlan
  assert.deepEqual(again.limits.schema, { ...old.limits.schema, packageFolders: ['/srv/apps'] })
})

test('a worker that dies at each start is given up', async () => {
  await using f = await openFixture()
  const Tags = { 'heddle:restart-on-loss': 'true' }
  const { ExecutionId } = await f.call('StartSimulation', {
    ...startInput('gone', 'die-at-start'),
    Tags,
  })
  const { StartError } = await f.waitForStatus('gone', 'FAILED')
  assert.match(StartError ?? '', /exit code 3.*started again 3 times within 10 minutes/)
  assert.equal(startsOf(f, ExecutionId), 4)
})

test('repeating a request whose answer was lost is not a conflict', async () => {
  await using f = await openFixture()
  await f.start('world')
  await f.waitForStatus('world', 'STARTED')
  const input = {
    Simulation: 'world',
    Domain: 'View',
    Name: 'lose-answer',
    ClientToken: 'token-of-thirty-two-characters-or-more',
  }
  const lost = f.refusalOf('StartApp', input)
  await waitFor(
    'the app',
    async () =>
      (await f.refusalOf('DescribeApp', { ...input, App: 'lose-answer' })) === 'no refusal' ||
      undefined,
  )
  await f.control.supervisor.close()
  assert.equal(await lost, 'InternalServerException')
  await f.reopen()
  assert.deepEqual(await f.call('StartApp', input), {
    Simulation: 'world',
    Domain: 'View',
    Name: 'lose-answer',
  })
})

test('a worker that never answers is ended, and its start has failed', async () => {
  await using f = await openFixture({ startLimitMs: 700 })
  const { ExecutionId } = await f.start('deaf', 'deaf')
  const failed = await f.waitForStatus('deaf', 'FAILED')
  assert.match(failed.StartError ?? '', /did not answer within 0.7 s/)
  assert.equal(workerOf(f, ExecutionId), undefined)
})

test('a hanging worker is shown with since when, and is lost at the limit', async () => {
  const limits = { askEachMs: 10, answerLimitMs: 100, workerTimeoutMs: 0 }
  await using f = await openFixture(limits)
  const { ExecutionId } = await f.start('mute', 'mute')
  const beganAtMs = Date.now() - 60_000
  const found = () => f.control.store.findSimulation('mute')
  const since = await waitFor('a note', async () => (await found())?.unansweredSinceMs)
  assert.ok(since > beganAtMs && since <= Date.now())
  const { host } = f.control.supervision
  const { status, unanswered } = await overviewOf(host, (await found())!)
  assert.equal(status, 'STARTED')
  const pid = workerOf(f, ExecutionId)
  const text = `not answered since ${new Date(since).toISOString()}`
  assert.equal(unanswered, `its worker (process ${pid}) has ${text}`)
  await f.reopen()
  assert.equal((await found())?.unansweredSinceMs, since)
  assert.equal(workerOf(f, ExecutionId), pid)
  limits.workerTimeoutMs = 300
  await f.reopen()
  const { StartError = '' } = await f.waitForStatus('mute', 'FAILED')
  assert.ok(StartError.includes(`the worker has ${text}, nor within 0.3 s`), StartError)
  assert.equal((await found())?.unansweredSinceMs, undefined)
  assert.equal(workerOf(f, ExecutionId), undefined)
})

test('a worker that answers again is not lost, and nothing more is said of it', async () => {
  await using f = await openFixture({ askEachMs: 10, answerLimitMs: 100, workerTimeoutMs: 0 })
  const { ExecutionId } = await f.start('world')
  await f.waitForStatus('world', 'STARTED')
  const pid = workerOf(f, ExecutionId) ?? 0
  const since = async () => (await f.control.store.findSimulation('world'))?.unansweredSinceMs
  process.kill(pid, 'SIGSTOP')
  await waitFor('a note', since)
  process.kill(pid, 'SIGCONT')
  await waitFor('no note', async () => (await since()) === undefined || undefined)
  await f.call('StartClock', { Simulation: 'world' })
  assert.equal(startsOf(f, ExecutionId), 1)
})

test('a worker that does not stop is ended, and the simulation is STOPPED', async () => {
  await using f = await openFixture({ stopLimitMs: 200 })
  const { ExecutionId } = await f.start('stubborn', 'ignore-stop')
  await f.waitForStatus('stubborn', 'STARTED')
  await f.call('StopSimulation', { Simulation: 'stubborn' })
  await f.waitForStatus('stubborn', 'STOPPED')
  assert.equal(workerOf(f, ExecutionId), undefined)
})

test('a simulation stopped in the moment of its start ends, and can be deleted', async () => {
  await using f = await openFixture()
  await f.start('brief')
  await f.call('StopSimulation', { Simulation: 'brief' })
  assert.match((await f.call('DescribeSimulation', { Simulation: 'brief' })).Status, /STOPP/)
  await f.waitForStatus('brief', 'STOPPED')
  await f.call('DeleteSimulation', { Simulation: 'brief' })
})

test('run folders of deletions that were cut short are swept', async () => {
  await using f = await openFixture()
  const left = runFolderIn(f.control.data.run, '99999999-2222-4333-8444-555555555555')
  await mkdir(left.folder, { recursive: true })
  writeFileSync(left.plan, '{}')
  await f.reopen()
  assert.deepEqual(readdirSync(f.control.data.run), [])
})

test('a deletion removes the unpacked packages too', async () => {
  await using f = await openFixture()
  const { ExecutionId } = await f.start('packed', 'fail-at-start')
  await f.waitForStatus('packed', 'FAILED')
  const { folder } = runFolderIn(f.control.data.run, ExecutionId)
  await mkdir(join(folder, 'packages', 'app'), { recursive: true })
  await f.call('DeleteSimulation', { Simulation: 'packed' })
  await waitFor('the run folder to go', () => !existsSync(folder) || undefined)
})

test('a damaged status and plan of a dead worker end in FAILED, and control starts', async () => {
  await using f = await openFixture()
  const { ExecutionId } = await f.start('world')
  await f.waitForStatus('world', 'STARTED')
  const folder = runFolderIn(f.control.data.run, ExecutionId)
  const pid = workerOf(f, ExecutionId)
  await f.control.close()
  process.kill(pid ?? 0, 'SIGKILL')
  writeFileSync(folder.status, '{"status":')
  writeFileSync(folder.plan, '{')
  await f.reopen()
  await f.waitForStatus('world', 'FAILED')
})

test('a worker gets no keys of ours', async () => {
  process.env.HEDDLE_SECRET_ACCESS_KEY = 'never-to-be-seen'
  try {
    await using f = await openFixture()
    const { ExecutionId } = await f.start('world')
    await f.waitForStatus('world', 'STARTED')
    const environment = readFileSync(`/proc/${workerOf(f, ExecutionId)}/environ`, 'utf8')
    assert.equal(environment.includes('never-to-be-seen'), false)
    const plan = readFileSync(runFolderIn(f.control.data.run, ExecutionId).plan, 'utf8')
    assert.equal(plan.includes(f.control.credentials.secretAccessKey), false)
  } finally {
    delete process.env.HEDDLE_SECRET_ACCESS_KEY
  }
})

test('a second control on one data folder is refused and changes nothing', async () => {
  await using f = await openFixture()
  await f.start('world')
  await f.waitForStatus('world', 'STARTED')
  const second = spawn(
    process.execPath,
    [CONTROL_PROGRAM, f.config.dataFolder, f.config.fabricFolder],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let said = ''
  second.stderr.on('data', (chunk) => {
    said += chunk
  })
  const [code] = await once(second, 'close')
  assert.equal(code, 1)
  assert.match(said, new RegExp(`is in use by process ${process.pid}`))
  assert.equal((await f.call('DescribeSimulation', { Simulation: 'world' })).Status, 'STARTED')
})

test('the lock refuses a second holder, and is free after the first', async () => {
  await using f = await openFixture()
  const data = dataFolder(join(f.folder, 'other'))
  makeDataFolder(data)
  const first = takeLock(data)
  assert.throws(() => takeLock(data), /in use by process/)
  first.release()
  takeLock(data).release()
})

interface ControlProcess {
  process: ReturnType<typeof spawn>
  executionIds: string[]
}

/** A control as a process of its own, with these simulations STARTED. */
async function startControlProcess(f: ControlFixture, names: string[]): Promise<ControlProcess> {
  const process_ = spawn(
    process.execPath,
    [
      CONTROL_PROGRAM,
      f.config.dataFolder,
      f.config.fabricFolder,
      JSON.stringify(names.map((name) => startInput(name))),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [line] = await once(process_.stdout!, 'data')
  return { process: process_, executionIds: JSON.parse(String(line)) }
}

function lastStatus(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
