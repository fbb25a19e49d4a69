import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { ApiError } from '../core/api/errors.ts'
import { killProcesses } from '../io/launch/processes.ts'
import { resolveConfig } from './config.ts'
import { type Control, openControl } from './control.ts'
import { SCRIPTED_WORKER, startInput, waitFor } from './testing/control-fixture.ts'

const CRASHING_CONTROL = fileURLToPath(new URL('./testing/crashing-control.ts', import.meta.url))
const ARN = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/a'
const TOKEN = 'token-of-thirty-two-characters-or-more'
const CALL = {
  requestId: '',
  caller: { accessKeyId: '', arn: '' },
  origin: { sourceIp: '', isSecure: false },
}
/** More writes than any whole life has. */
const WRITES_MAX = 60

interface Heard {
  asked: Set<string>
  answered: Map<string, { ExecutionId?: string }>
  isDone: boolean
}

for (const moment of ['before', 'after'] as const) {
  test(`control killed just ${moment} any write loses nothing it has answered`, async () => {
    const writes = await surviveEachCrash(moment, 'plain')
    // A creation, the launch, statuses, a tag, a token's two, the stop, the deletion.
    assert.ok(writes > 8, `only ${writes} writes`)
  })

  test(`control killed just ${moment} any write replaces a lost worker only once`, async () => {
    await surviveEachCrash(moment, 'lossy')
  })
}

/** A life in which no worker is lost, or one in which a lost worker is replaced. */
type Life = 'plain' | 'lossy'

/** Returns the number of writes of such a life. */
async function surviveEachCrash(moment: 'before' | 'after', life: Life): Promise<number> {
  let write = 1
  while (!(await surviveCrash(write, moment, life))) {
    write += 1
    assert.ok(write <= WRITES_MAX, 'a life has an end')
  }
  return write - 1
}

/** Returns true if the life ended before that write. */
async function surviveCrash(
  write: number,
  moment: 'before' | 'after',
  life: Life,
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-crash-'))
  const data = join(folder, 'data')
  const fabric = join(folder, 'fabric')
  const where = `killed ${moment} write ${write}`
  try {
    const heard = await live([data, fabric, String(write), moment, life])
    const control = await openControl(resolveConfig({ data, fabricDir: fabric, port: '0' }, {}), {
      log: pino({ level: 'silent' }),
      environment: {},
      workerProgram: SCRIPTED_WORKER,
    })
    try {
      await checkKept(control, heard, where)
      await finishLife(control, heard, where, life)
      await waitFor(
        `${where}: an empty run folder`,
        () => readdirSync(join(data, 'run')).length === 0 || undefined,
      )
    } finally {
      await control.close()
    }
    return heard.isDone
  } finally {
    const run = join(data, 'run')
    for (const executionId of existsSync(run) ? readdirSync(run) : [])
      await killProcesses(executionId)
    await rm(folder, { recursive: true })
  }
}

async function live(inputs: string[]): Promise<Heard> {
  const heard: Heard = { asked: new Set(), answered: new Map(), isDone: false }
  const { stdout, error } = await new Promise<{
    stdout: string
    error: (Error & { signal?: string | null }) | null
  }>((resolve) =>
    execFile(process.execPath, [CRASHING_CONTROL, ...inputs], (error, stdout) =>
      resolve({ stdout, error }),
    ),
  )
  for (const line of stdout.split('\n').filter((each) => each !== '')) {
    const said = JSON.parse(line) as {
      asked?: string
      answered?: string
      output?: object
      done?: boolean
    }
    if (said.asked !== undefined) heard.asked.add(said.asked)
    if (said.answered !== undefined) heard.answered.set(said.answered, said.output ?? {})
    heard.isDone ||= said.done === true
  }
  assert.ok(heard.isDone || error?.signal === 'SIGKILL', String(error))
  return heard
}

async function describe(control: Control) {
  try {
    return await control.handlers.DescribeSimulation({ Simulation: 'a' }, CALL)
  } catch (error) {
    if (error instanceof ApiError && error.code === 'ResourceNotFoundException') return undefined
    throw error
  }
}

/**
 * Right after the restart, answered requests have taken effect, and unanswered ones did whole or
 * not at all.
 */
async function checkKept(
  control: Control,
  { asked, answered }: Heard,
  where: string,
): Promise<void> {
  const shown = await describe(control)
  if (answered.has('StartSimulation') && !asked.has('DeleteSimulation')) assert.ok(shown, where)
  if (answered.has('DeleteSimulation')) assert.equal(shown, undefined, where)
  if (shown === undefined) return
  const started = answered.get('StartSimulation')
  if (started !== undefined) assert.equal(shown.ExecutionId, started.ExecutionId, where)
  const { Tags } = await control.handlers.ListTagsForResource({ ResourceArn: ARN }, CALL)
  const { team } = Tags ?? {}
  if (answered.has('TagResource')) assert.equal(team, 'loom', where)
  if (!asked.has('TagResource')) assert.equal(team, undefined, where)
  const { Apps = [] } = await control.handlers.ListApps({ Simulation: 'a' }, CALL)
  if (answered.has('StartApp'))
    assert.ok(
      Apps.some(({ Name }) => Name === 'eye'),
      where,
    )
  if (answered.has('StopSimulation')) assert.equal(shown.TargetStatus, 'STOPPED', where)
  if (!asked.has('StopSimulation')) assert.equal(shown.TargetStatus, 'STARTED', where)
  if (asked.has('DeleteSimulation')) assert.equal(shown.Status, 'STOPPED', where)
}

/** Callers repeat unanswered requests with their tokens, and reach the same end. */
async function finishLife(
  control: Control,
  { asked, answered }: Heard,
  where: string,
  life: Life,
): Promise<void> {
  const { handlers } = control
  if (
    !answered.has('DeleteSimulation') &&
    !(asked.has('DeleteSimulation') && (await describe(control)) === undefined)
  ) {
    const Tags: Record<string, string> =
      life === 'lossy' ? { 'heddle:restart-on-loss': 'true' } : {}
    const again = await handlers.StartSimulation(
      { ...startInput('a'), Tags, ClientToken: TOKEN },
      CALL,
    )
    const known = answered.get('StartSimulation')?.ExecutionId ?? again.ExecutionId
    assert.equal(again.ExecutionId, known, where)
    const settled = await waitFor(`${where}: an end of its start`, async () => {
      const shown = await describe(control)
      return shown?.Status !== 'STARTING' && shown?.Status !== 'STOPPING' ? shown : undefined
    })
    assert.equal(settled.ExecutionId, known, where)
    if (settled.Status === 'STARTED') {
      await handlers.StartApp(
        { Simulation: 'a', Domain: 'View', Name: 'eye', ClientToken: TOKEN },
        CALL,
      )
      const { Apps = [] } = await handlers.ListApps({ Simulation: 'a', Domain: 'View' }, CALL)
      assert.equal(Apps.length, 1, where)
      await handlers.StopSimulation({ Simulation: 'a' }, CALL)
    } else if (settled.Status === 'FAILED') {
      // Killed between the promise to launch a worker and the launch. Only the next start finds
      // that there is no worker.
      assert.match(settled.StartError ?? '', /the worker process/, where)
      assert.ok(life === 'plain' && !answered.has('TagResource'), where)
    } else {
      assert.ok(asked.has('StopSimulation'), `${where}: ${settled.Status}`)
    }
    const starts = join(control.data.run, known, 'starts')
    if (existsSync(starts)) {
      const count = readFileSync(starts, 'utf8').trim().split('\n').length
      assert.ok(
        count === 1 || (count === 2 && life === 'lossy' && answered.has('StartApp')),
        `${where}: ${count} starts`,
      )
    }
    await waitFor(`${where}: its end`, async () => {
      const shown = await describe(control)
      return shown?.Status === 'STOPPED' || shown?.Status === 'FAILED' || undefined
    })
    await handlers.DeleteSimulation({ Simulation: 'a' }, CALL)
  }
  assert.equal(await describe(control), undefined, where)
}
