// A console client of the crowd: `node samples/crowd/client.ts --port 7000` (TCP) or `--port 7001
// --ws`; `--once` draws one map and ends.

import { parseArgs } from 'node:util'
import { frames } from './frames.ts'
import { drawCells, drawMap, Rates } from './map.ts'
import type { Frame } from './view/frame.ts'

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string' },
    ws: { type: 'boolean', default: false },
    once: { type: 'boolean', default: false },
  },
})
const port = Number(values.port ?? (values.ws ? 7001 : 7000))
const DRAW_EACH_MS = 250
/** Time that a single map waits for rates; a stopped clock has none. */
const RATES_WITHIN_MS = 3000
const rates = new Rates()
const startedAtMs = performance.now()
let drawnAtMs = Number.NEGATIVE_INFINITY

try {
  for await (const frame of frames({
    host: values.host,
    port,
    transport: values.ws ? 'websocket' : 'tcp',
  })) {
    const nowMs = performance.now()
    rates.add(frame, nowMs)
    if (nowMs - drawnAtMs < DRAW_EACH_MS) continue
    if (values.once && rates.ticks === 0 && nowMs - startedAtMs < RATES_WITHIN_MS) continue
    drawnAtMs = nowMs
    draw(frame)
    if (values.once) break
  }
} catch (error) {
  console.error(
    `the view app does not answer at ${values.host}, port ${port}: ${(error as Error).message}`,
  )
  process.exitCode = 1
}

function draw(frame: Frame): void {
  const pace = `${rates.ticks.toFixed(1)} ticks/s   ${rates.handoffs.toFixed(0)} handoffs/s`
  const head = `tick ${frame.tick}   ${frame.ids.length} people   ${pace}`
  const lines = [head, ...drawMap(frame, 72, 24), 'people per cell', ...drawCells(frame)]
  const clear = process.stdout.isTTY && !values.once ? '\x1b[H\x1b[2J' : ''
  process.stdout.write(`${clear}${lines.join('\n')}\n`)
}
