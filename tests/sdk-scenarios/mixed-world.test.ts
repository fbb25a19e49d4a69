import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'
import { APPS, MixedWorlds, missingLanguages } from './mixed-world.ts'

/** How lines about a process's first tick open. */
const LANGUAGES = ['incarnation=', 'language=C++', 'language=Python', 'language=C#']

test('a world in four languages, each killed once, equals one in TypeScript', {
  skip: missingLanguages(),
}, async () => {
  await using worlds = await MixedWorlds.open()
  const options = { seed: 1, ticks: 200, entities: 40, tickRate: '60' }
  const handoffs = await worlds.compare(options, async (world) => {
    for (const app of APPS) {
      await world.ticksOn(10)
      const pid = await world.appPid('Cells', app)
      await world.kill(pid)
      await world.appPid('Cells', app, pid)
    }
    await waitFor(
      () => LANGUAGES.every((language) => begins(world, language).length === 2),
      'each language to have begun again',
    )
    for (const [, adds, owned] of LANGUAGES.map((language) => begins(world, language)[1]))
      assert.ok(Number(adds) > 0 && adds === owned, `${adds} Adds for ${owned} entities`)
  })
  assert.ok(handoffs > 100, `${handoffs} entities changed hands`)
})

/** What each process of a language's app said of its first tick. */
function begins(world: Simulation, language: string): RegExpMatchArray[] {
  const lines = world.output('Cells').filter((line) => line.startsWith(language))
  return lines.map((line) => /adds=(\d+) owned=(\d+)/.exec(line)!)
}
