// The complete apps of docs/app-sdk.md, used as a reader would: zipped, uploaded, and run on cells
// of their own.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { after, before } from '../../src/base/testing/hooks.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { buildPackage, schema } from '../support/packages.ts'
import { hashEvery } from '../support/simulation.ts'

let heddle: Heddle
let page = ''
before(async () => {
  page = await readFile(join(import.meta.dirname, '../../docs/app-sdk.md'), 'utf8')
  heddle = await startHeddle()
})
after(() => heddle?.stop())

for (const { file, entities } of [
  { file: 'app.ts', entities: 4 },
  { file: 'flock.ts', entities: 4000 },
]) {
  test(`${file} of the SDK's page runs as it stands, and its entities cross borders`, async () => {
    const name = file.replace('.ts', '')
    const [, source] = new RegExp(`\`\`\`ts\\n(// ${file}\\n[^]*?)\`\`\``).exec(page) ?? []
    assert.ok(source, `the page has no ${file}`)
    await heddle.put(
      `${name}.zip`,
      await buildPackage({ [file]: source, 'package.json': '{ "type": "module" }' }),
    )
    const Cells = {
      kind: 'spatial',
      grid: [2, 2],
      command: file,
      package: `s3://${heddle.bucket}/${name}.zip`,
    } as const
    const text = schema({ half: 100, tickRate: 'unlimited', domains: { Cells } })
    const world = await heddle.startSimulation(name, text, hashEvery(20))
    await world.startClock()
    const line = await world.reaches(200)
    assert.equal(line.entities, entities)
    assert.ok(line.handoffs > 0)
    assert.equal(world.errors(), '')
    await world.stop()
  })
}
