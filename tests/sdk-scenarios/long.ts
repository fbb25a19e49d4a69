// `npm run test:languages -- [--minutes M] [--seed S] [--sanitized]`: worlds in four languages, one
// after the other, whose apps are killed at moments that the seed decides; each must equal the same
// world in TypeScript alone, tick by tick.
// Owns the command line, and who is killed when.

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Random } from '../simulator/random.ts'
import type { Simulation } from '../support/simulation.ts'
import { APPS, MixedWorlds } from './mixed-world.ts'

/** One more within a minute is final for an app. */
const KILLS_OF_AN_APP = 3
const TICK_RATE = 30
const TICKS = 900

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    sanitized: { type: 'boolean', default: false },
  },
})

await using worlds = await MixedWorlds.open()
const endsAtMs = performance.now() + Number(values.minutes) * 60_000
let kills = 0
let seed = Number(values.seed)
do {
  const random = new Random(seed, 0)
  const { sanitized } = values
  const options = { seed, ticks: TICKS, entities: 100, tickRate: String(TICK_RATE), sanitized }
  const before = kills
  try {
    const handoffs = await worlds.compare(options, (world) => killApps(world, random))
    console.log(`seed ${seed}: ${kills - before} kills, ${handoffs} handoffs, equal`)
  } catch (cause) {
    const again = `npm run test:languages -- --minutes 0 --seed ${seed}`
    throw new Error(`${(cause as Error).message}\nagain: ${again}`, { cause })
  }
  seed++
} while (performance.now() < endsAtMs)
console.log(`${kills} kills; nothing was lost, and all worlds are equal`)

/** Kills each app at random moments, until the world is near its end. */
async function killApps(world: Simulation, random: Random): Promise<void> {
  const left = APPS.flatMap((app) => Array<string>(KILLS_OF_AN_APP).fill(app))
  while (left.length > 0 && world.newest().tick < TICKS - TICK_RATE) {
    await sleep(random.fraction() * 3_000)
    const [app] = left.splice(Math.floor(random.fraction() * left.length), 1)
    await world.kill(await world.appPid('Cells', app))
    kills++
  }
}
