// `node tests/native/long.ts [--seed S] [--histories N]`: histories S, S+1, … of calls, by the SDK
// for TypeScript and by libheddle; and as many of standalone applications.
// Owns the command line. Prints the seed of a history that goes another way.

import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { compareHistory, compareStandalone } from './two-sdks.ts'

/** Memory that processes share stays mapped for as long as they live, and not all can be. */
const HISTORIES_PER_PROCESS = 100

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    histories: { type: 'string', default: '1000' },
  },
})
const firstSeed = Number(values.seed)
const histories = Number(values.histories)

if (histories <= HISTORIES_PER_PROCESS) runAll()
else
  for (let done = 0; done < histories && !process.exitCode; done += HISTORIES_PER_PROCESS) {
    const count = Math.min(HISTORIES_PER_PROCESS, histories - done)
    const args = ['--seed', String(firstSeed + done), '--histories', String(count)]
    const { status } = spawnSync(process.execPath, [import.meta.filename, ...args], {
      stdio: 'inherit',
    })
    process.exitCode = status ?? 1
  }

function runAll(): void {
  const counts = new Map<string, number>()
  for (let seed = firstSeed; seed < firstSeed + histories; seed++) {
    compareHistory(seed, counts)
    compareStandalone(seed, counts)
  }
  const calls = [...counts].reduce((sum, [name, count]) => sum + (/ /.test(name) ? 0 : count), 0)
  console.log(`${histories} histories of ${calls} calls from seed ${firstSeed}, no fault found`)
}
