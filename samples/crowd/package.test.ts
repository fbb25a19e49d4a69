import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { fromBuffer } from 'yauzl'
import { crowdSchema, spatialPackage, viewPackage } from './package.ts'

async function filesIn(zip: Uint8Array): Promise<string[]> {
  return await new Promise((resolve, reject) => {
    fromBuffer(Buffer.from(zip), (error, archive) => {
      if (error) return reject(error)
      const names: string[] = []
      archive.on('entry', ({ fileName }) => names.push(fileName))
      archive.on('end', () => resolve(names))
      archive.on('error', reject)
    })
  })
}

test('the packages contain the apps and the view’s library, but no tests and no SDK', async () => {
  const spatial = await filesIn(await spatialPackage())
  const view = await filesIn(await viewPackage())
  for (const name of ['package.json', 'app.ts', 'step.ts']) assert.ok(spatial.includes(name), name)
  for (const name of ['package.json', 'app.ts', 'node_modules/ws/package.json'])
    assert.ok(view.includes(name), name)
  assert.deepEqual(
    [...spatial, ...view].filter((name) => name.includes('.test.') || name.includes('heddle')),
    [],
  )
})

test('the same sources give the same bytes', async () => {
  assert.deepEqual(await spatialPackage(), await spatialPackage())
})

test('the schema names the bucket, the grid, enough workers and the launch options', async () => {
  const settings = { bucket: 'b', people: 5000, columns: 5, rows: 4, seed: 9 }
  const schema = parse(await crowdSchema(settings))
  const { launch_apps_by_partitioning_strategy: strategy, app_config: app } = schema.domains.Crowd
  assert.deepEqual(strategy.grid_partition, { x: 5, y: 4 })
  assert.equal(app.package, 's3://b/crowd/packages/spatial.zip')
  assert.deepEqual(app.launch_command, ['node', 'app.ts', '--seed', '9', '--people', '5000'])
  assert.equal(schema.domains.View.app_config.package, 's3://b/crowd/packages/view.zip')
  assert.equal(schema.workers.Workers.desired, 2)
  assert.deepEqual(schema.partitioning_strategies.Square.aabb_bounds, {
    x: [-150, 150],
    y: [-150, 150],
  })
})
