// A control in its own folder, with scripted workers, for tests.
// Owns the folder and processes of a test, and leaves neither behind.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { ApiError } from '../../core/api/errors.ts'
import type { InputOf, OperationName, OutputOf } from '../../core/api/operations.ts'
import { killProcesses } from '../../io/launch/processes.ts'
import { type ControlConfig, resolveConfig } from '../config.ts'
import { type Control, type ControlOptions, openControl } from '../control.ts'

export const SCRIPTED_WORKER = fileURLToPath(
  new URL('../../joints/worker-host/testing/scripted-worker.ts', import.meta.url),
)
const WAIT_LIMIT_MS = 30_000

const CALL = {
  requestId: '00000000-0000-4000-8000-000000000000',
  caller: { accessKeyId: 'AKIATEST', arn: 'arn:aws:iam::111122223333:user/test' },
  origin: { sourceIp: '127.0.0.1', isSecure: false },
}

export interface ControlFixture {
  folder: string
  config: ControlConfig
  control: Control
  call<Name extends OperationName>(name: Name, input: InputOf<Name>): Promise<OutputOf<Name>>
  /** Returns the error code if the call is refused. */
  refusalOf<Name extends OperationName>(name: Name, input: InputOf<Name>): Promise<string>
  /** Starts a simulation whose worker plays the given part. */
  start(name: string, part?: string): Promise<OutputOf<'StartSimulation'>>
  waitForStatus(name: string, status: string): Promise<OutputOf<'DescribeSimulation'>>
  /** Closes control as Ctrl-C would, and opens it again. */
  reopen(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export async function openFixture(
  limits: ControlOptions['limits'] = {},
  settings: Partial<ControlConfig> = {},
): Promise<ControlFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-c-'))
  const options = { data: join(folder, 'data'), fabricDir: join(folder, 'fabric'), port: '0' }
  const config = { ...resolveConfig(options, {}), ...settings }
  const open = () =>
    openControl(config, {
      log: pino({ level: 'silent' }),
      environment: {},
      workerProgram: SCRIPTED_WORKER,
      limits,
    })
  const executionIds = new Set<string>()
  const fixture: ControlFixture = {
    folder,
    config,
    control: await open(),
    async call<Name extends OperationName>(name: Name, input: InputOf<Name>) {
      const handler = fixture.control.handlers[name] as (
        input: InputOf<Name>,
        call: typeof CALL,
      ) => Promise<OutputOf<Name>>
      const output = await handler(input, CALL)
      if (name === 'StartSimulation')
        executionIds.add((output as OutputOf<'StartSimulation'>).ExecutionId)
      return output
    },
    async refusalOf(name, input) {
      try {
        await fixture.call(name, input)
      } catch (error) {
        assert.ok(error instanceof ApiError, String(error))
        return error.code
      }
      return 'no refusal'
    },
    start: (name, part = 'healthy') => fixture.call('StartSimulation', startInput(name, part)),
    waitForStatus: (name, status) =>
      waitFor(`${name} to be ${status}`, async () => {
        const shown = await fixture.call('DescribeSimulation', { Simulation: name })
        return shown.Status === status ? shown : undefined
      }),
    async reopen() {
      await fixture.control.close()
      fixture.control = await open()
    },
    async [Symbol.asyncDispose]() {
      await fixture.control.close()
      for (const executionId of executionIds) await killProcesses(executionId)
      await rm(folder, { recursive: true, force: true })
    },
  }
  return fixture
}

export function startInput(name: string, part = 'healthy'): InputOf<'StartSimulation'> {
  return {
    Name: name,
    RoleArn: 'arn:aws:iam::111122223333:role/world',
    SchemaS3Location: { BucketName: 'schemas', ObjectKey: part },
  }
}

/** Asks until there is an answer. Only a broken program reaches the limit. */
export async function waitFor<Result>(
  what: string,
  ask: () => Promise<Result | undefined> | Result | undefined,
): Promise<Result> {
  const giveUpAtMs = Date.now() + WAIT_LIMIT_MS
  for (;;) {
    const result = await ask()
    if (result !== undefined) return result
    assert.ok(Date.now() < giveUpAtMs, `waited in vain for ${what}`)
    await sleep(10)
  }
}
