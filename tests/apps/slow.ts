// A spatial app whose ticks are slow. `node slow.ts --ms 100`

import { parseArgs } from 'node:util'
import { createApplication } from '@heddle/sdk'

const { values } = parseArgs({ options: { ms: { type: 'string', default: '100' } } })
const asleep = new Int32Array(new SharedArrayBuffer(4))

for (const _transaction of createApplication().updates())
  Atomics.wait(asleep, 0, 0, Number(values.ms))
