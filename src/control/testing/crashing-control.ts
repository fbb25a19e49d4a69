// A control in its own process that kills itself just before or after its n-th write to the store,
// for tests of control.
// Owns the life of one simulation from start to deletion, and writes each answer as a line of JSON.
// In a lossy life, the worker of the simulation is lost once and replaced.
// Usage: crashing-control.ts <data folder> <fabric folder> <write, from 1> before|after [lossy]

import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import pino from 'pino'
import type { InputOf, OperationName, OutputOf } from '../../core/api/operations.ts'
import type { Store } from '../../io/store/store.ts'
import { runFolderIn } from '../../joints/worker-host/run-folder.ts'
import { findWorkerProcess } from '../../joints/worker-host/worker-process.ts'
import { resolveConfig } from '../config.ts'
import { openControl } from '../control.ts'
import { SCRIPTED_WORKER, startInput, waitFor } from './control-fixture.ts'

const WRITES = new Set<keyof Store>([
  'createSimulation',
  'setTargetStatus',
  'setLaunched',
  'setUnlaunched',
  'setWorkerStatus',
  'changeTags',
  'deleteSimulation',
  'claimToken',
  'settleToken',
  'releaseToken',
])
const CALL = {
  requestId: '',
  caller: { accessKeyId: '', arn: '' },
  origin: { sourceIp: '', isSecure: false },
}
const TOKEN = 'token-of-thirty-two-characters-or-more'

const [, , dataFolder = '', fabricFolder = '', fatalWrite = '1', moment = 'before', kind = ''] =
  process.argv
const Tags: Record<string, string> = kind === 'lossy' ? { 'heddle:restart-on-loss': 'true' } : {}
const control = await openControl(
  resolveConfig({ data: dataFolder, fabricDir: fabricFolder, port: '0' }, {}),
  {
    log: pino({ level: 'silent' }),
    environment: {},
    workerProgram: SCRIPTED_WORKER,
    wrapStore: (store) => crashingStore(store, Number(fatalWrite)),
  },
)

await call('StartSimulation', { ...startInput('a'), Tags, ClientToken: TOKEN })
await waitForStatus('STARTED')
const ResourceArn = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/a'
await call('TagResource', { ResourceArn, Tags: { team: 'loom' } })
await call('StartApp', { Simulation: 'a', Domain: 'View', Name: 'eye', ClientToken: TOKEN })
if (kind === 'lossy') await loseWorker()
await call('StopSimulation', { Simulation: 'a' })
await waitForStatus('STOPPED')
await call('DeleteSimulation', { Simulation: 'a' })
await control.close()
say({ done: true })

async function call<Name extends OperationName>(name: Name, input: InputOf<Name>): Promise<void> {
  say({ asked: name })
  const handler = control.handlers[name] as (
    input: InputOf<Name>,
    call: typeof CALL,
  ) => Promise<OutputOf<Name>>
  say({ answered: name, output: await handler(input, CALL) })
}

async function loseWorker(): Promise<void> {
  const { ExecutionId } = await control.handlers.DescribeSimulation({ Simulation: 'a' }, CALL)
  const folder = runFolderIn(control.data.run, ExecutionId)
  process.kill(findWorkerProcess(SCRIPTED_WORKER, folder) ?? 0, 'SIGKILL')
  const starts = join(folder.folder, 'starts')
  await waitFor(
    'another worker',
    () => readFileSync(starts, 'utf8').split('\n').length > 2 || undefined,
  )
  await waitForStatus('STARTED')
}

async function waitForStatus(status: string): Promise<void> {
  await waitFor(status, async () => {
    const shown = await control.handlers.DescribeSimulation({ Simulation: 'a' }, CALL)
    return shown.Status === status || undefined
  })
}

/** Written at once, so that the answer is heard even if the process ends next. */
function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

function crashingStore(store: Store, fatal: number): Store {
  let writes = 0
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const method = target[name].bind(target) as (...inputs: unknown[]) => Promise<unknown>
      if (!WRITES.has(name)) return method
      return async (...inputs: unknown[]) => {
        writes += 1
        const isFatal = writes === fatal
        // A write takes time. A caller that does not wait for it has answered by now.
        await setImmediate()
        if (isFatal && moment === 'before') await end()
        const result = await method(...inputs)
        if (isFatal) await end()
        return result
      }
    },
  })
}

function end(): Promise<never> {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => undefined)
}
