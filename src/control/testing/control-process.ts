// A control in its own process, for tests that kill it.
// Starts the given simulations, writes their execution ids as one line of JSON once all are
// STARTED, and goes on.

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import type { InputOf } from '../../core/api/operations.ts'
import { resolveConfig } from '../config.ts'
import { openControl } from '../control.ts'

const [, , dataFolder = '', fabricFolder = '', starts = '[]'] = process.argv
const CALL = {
  requestId: '',
  caller: { accessKeyId: '', arn: '' },
  origin: { sourceIp: '', isSecure: false },
}

try {
  const control = await openControl(
    resolveConfig({ data: dataFolder, fabricDir: fabricFolder, port: '0' }, {}),
    {
      log: pino({ level: 'silent' }),
      environment: {},
      workerProgram: fileURLToPath(
        new URL('../../joints/worker-host/testing/scripted-worker.ts', import.meta.url),
      ),
    },
  )
  const executionIds: string[] = []
  for (const input of JSON.parse(starts) as InputOf<'StartSimulation'>[]) {
    executionIds.push((await control.handlers.StartSimulation(input, CALL)).ExecutionId)
    const describe = () => control.handlers.DescribeSimulation({ Simulation: input.Name }, CALL)
    while ((await describe()).Status !== 'STARTED') await sleep(10)
  }
  process.stdout.write(`${JSON.stringify(executionIds)}\n`)
  await sleep(600_000)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
