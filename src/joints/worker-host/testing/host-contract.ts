// The contract of a host of workers, as a suite that each implementation passes.
// Owns the contract, and nothing of any implementation.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { emptyStatus } from '../../../core/lifecycle/simulation.ts'
import { defaultSimulationLimits } from '../../../core/limits.ts'
import type { SimulationPlan } from '../../../core/wire/plan.ts'
import type { WorkerStatus } from '../../../core/wire/worker-protocol.ts'
import { BusError } from '../../../io/bus/bus.ts'
import type { Traces, WorkerConnection, WorkerHost } from '../worker-host.ts'

/** A host whose workers play their part (scripted-simulation.ts). */
interface HostFixture {
  host: WorkerHost
  [Symbol.asyncDispose](): Promise<void>
}

const LIMIT_MS = 30_000

export function testHost(name: string, open: () => Promise<HostFixture>): void {
  describe(`the host of workers in ${name}`, () => {
    test('an unknown execution has left nothing, and ending it is no error', async () => {
      await using fixture = await open()
      const { host } = fixture
      const id = randomUUID()
      const { worker, plan, status, tick, faults, ending } = await host.look(id)
      assert.deepEqual(
        { worker, plan, status, tick, faults, ending },
        {
          worker: undefined,
          plan: undefined,
          status: undefined,
          tick: 0,
          faults: [],
          ending: undefined,
        },
      )
      await assert.rejects(host.connect(id), isUnreachable)
      await host.end(id)
      await host.clear(id, 'all')
      assert.deepEqual(await host.list(), [])
      assert.equal(await host.logs('world', id), undefined)
      await host.tidy()
    })

    test('a launched worker is found with its plan, answers, and reports changes', async () => {
      await using fixture = await open()
      const { host } = fixture
      const plan = planOf('healthy')
      await host.launch(plan)
      const worker = await connected(host, plan)
      const events: WorkerStatus[] = []
      worker.onEvent((status) => events.push(status))
      await until('STARTED', async () => (await statusOf(worker)).status === 'STARTED')
      const traces = await host.look(plan.executionId)
      assert.ok(traces.worker)
      assert.deepEqual(simulationPart(traces.plan), plan)
      assert.equal(traces.status?.status, 'STARTED')
      assert.deepEqual(traces.faults, [])
      const answer = await worker.request({ command: 'startClock' }, LIMIT_MS)
      assert.equal('status' in answer && answer.status.clock.status, 'STARTED')
      await until('the event', async () => events.at(-1)?.clock.status === 'STARTED')
      assert.deepEqual(await host.list(), [{ executionId: plan.executionId, hasRemains: true }])
      await worker.close()
    })

    test('two executions are independent, also when one ends', async () => {
      await using fixture = await open()
      const { host } = fixture
      const [one, other] = [planOf('healthy'), planOf('healthy')]
      for (const plan of [one, other]) await host.launch(plan)
      const workers = [await connected(host, one), await connected(host, other)]
      assert.equal((await statusOf(workers[0])).executionId, one.executionId)
      assert.equal((await statusOf(workers[1])).executionId, other.executionId)
      await host.clear(one.executionId, 'all')
      assert.equal((await host.look(one.executionId)).worker, undefined)
      assert.equal((await statusOf(workers[1])).executionId, other.executionId)
      await workers[1].close()
    })

    test('a worker that stops leaves its last word, and is then gone', async () => {
      await using fixture = await open()
      const { host } = fixture
      const plan = planOf('healthy')
      await host.launch(plan)
      const worker = await connected(host, plan)
      const closed = new Promise<void>((resolve) => worker.onClose(resolve))
      await worker.request({ command: 'stop' }, LIMIT_MS)
      await closed
      const traces = await gone(host, plan)
      assert.equal(traces.status?.status, 'STOPPED')
      await assert.rejects(host.connect(plan.executionId), isUnreachable)
    })

    test('a worker that ends at once is reported with how it ended', async () => {
      await using fixture = await open()
      const plan = planOf('die-at-start')
      await fixture.host.launch(plan)
      const traces = await gone(fixture.host, plan)
      assert.equal(traces.ending, 'with exit code 3')
      assert.equal(traces.status, undefined)
      assert.deepEqual(simulationPart(traces.plan), plan)
    })

    test('a worker that is killed cuts its connections, and its last status stays', async () => {
      await using fixture = await open()
      const { host } = fixture
      const plan = planOf('healthy')
      await host.launch(plan)
      const worker = await connected(host, plan)
      await until('STARTED', async () => (await statusOf(worker)).status === 'STARTED')
      const app = { domain: 'View', name: 'kill-worker' }
      await assert.rejects(worker.request({ command: 'startApp', ...app }, LIMIT_MS), isClosed)
      const traces = await gone(host, plan)
      assert.equal(traces.ending, 'by SIGKILL')
      assert.equal(traces.status?.status, 'STARTED')
    })

    test('a deaf worker is ended all the same', async () => {
      await using fixture = await open()
      const { host } = fixture
      const plan = planOf('deaf')
      await host.launch(plan)
      await until('a worker', async () => (await host.look(plan.executionId)).worker !== undefined)
      await assert.rejects(host.connect(plan.executionId), isUnreachable)
      await host.end(plan.executionId)
      assert.equal((await host.look(plan.executionId)).worker, undefined)
    })

    test('another worker replaces a lost one, with the status to begin with', async () => {
      await using fixture = await open()
      const { host } = fixture
      const plan = planOf('healthy')
      await host.launch(plan)
      await (await connected(host, plan)).close()
      await host.clear(plan.executionId, 'memory')
      const last = { ...emptyStatus(plan.executionId), revision: 40 }
      await host.launch({ ...plan, last })
      const worker = await connected(host, plan)
      await until('STARTED', async () => (await statusOf(worker)).status === 'STARTED')
      const { revision } = await statusOf(worker)
      assert.ok(revision > last.revision)
      assert.deepEqual((await host.look(plan.executionId)).plan?.last, last)
      await worker.close()
    })

    test('clearing removes each extent, and the logs stay', async () => {
      await using fixture = await open()
      const { host } = fixture
      const plan = planOf('healthy')
      const { executionId, simulationName } = plan
      await host.launch(plan)
      await (await connected(host, plan)).close()
      await host.end(executionId)
      const lost: WorkerStatus = {
        ...emptyStatus(executionId),
        revision: 99,
        status: 'FAILED',
        tick: 7,
        logGroup: 'MyLogs',
      }
      await host.conclude(simulationName, lost, 'the worker is gone')
      assert.deepEqual((await host.look(executionId)).status, lost)
      await host.clear(executionId, 'remains')
      assert.deepEqual(await host.list(), [{ executionId, hasRemains: false }])
      assert.deepEqual((await host.look(executionId)).status, lost)
      await host.clear(executionId, 'all')
      assert.deepEqual(await host.list(), [])
      for (const id of [executionId, undefined]) {
        const logs = await host.logs(simulationName, id)
        assert.deepEqual(await logs?.streams(), ['/sim/errors'])
        const texts: string[] = []
        for await (const { text } of logs!.read({})) texts.push(text)
        assert.deepEqual(texts, ['tick=7 simulation=FAILED the worker is gone'])
      }
      assert.equal(await host.logs(`${simulationName}-2`), undefined)
      await host.tidy()
    })
  })
}

function planOf(part: string): SimulationPlan {
  return {
    executionId: randomUUID(),
    simulationName: 'world',
    simulationArn: 'arn:of:world',
    accountId: '111122223333',
    region: 'us-west-2',
    createdAtMs: 1_700_000_000_000,
    maximumDurationMs: 60_000,
    schemaLocation: { bucket: 'schemas', key: part },
    tags: { stateHashInterval: 0, restartOnLoss: false },
    objects: { kind: 'folder', folder: '/nowhere' },
    appTimeoutMs: 10_000,
    limits: structuredClone(defaultSimulationLimits),
  }
}

/** The plan without what the host has added. */
function simulationPart(plan: SimulationPlan | undefined): Partial<SimulationPlan> {
  const hostsOwn = ['runFolder', 'logsFolder', 'fabricFolder', 'closedFolders']
  return Object.fromEntries(Object.entries(plan ?? {}).filter(([key]) => !hostsOwn.includes(key)))
}

async function connected(host: WorkerHost, plan: SimulationPlan): Promise<WorkerConnection> {
  const giveUpAtMs = Date.now() + LIMIT_MS
  for (;;) {
    try {
      return await host.connect(plan.executionId)
    } catch (error) {
      if (!isUnreachable(error) || Date.now() > giveUpAtMs) throw error
      await sleep(10)
    }
  }
}

async function statusOf(worker: WorkerConnection): Promise<WorkerStatus> {
  const answer = await worker.request({ command: 'status' }, LIMIT_MS)
  assert.ok('status' in answer)
  return answer.status
}

/** The traces of a worker that has ended. */
async function gone(host: WorkerHost, { executionId }: SimulationPlan): Promise<Traces> {
  await until('the end', async () => {
    const { worker, ending } = await host.look(executionId)
    return worker === undefined && ending !== undefined
  })
  return host.look(executionId)
}

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = Date.now() + LIMIT_MS
  while (!(await is())) {
    assert.ok(Date.now() < giveUpAtMs, `waited in vain for ${what}`)
    await sleep(10)
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof BusError && error.fault === 'Unreachable'
}

function isClosed(error: unknown): boolean {
  return error instanceof BusError && error.fault === 'Closed'
}
