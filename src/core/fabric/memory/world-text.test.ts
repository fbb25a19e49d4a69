import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WorldDescription } from './world.ts'
import { parseWorld } from './world-text.ts'

const bounds = { minX: -1.5, maxX: 10, minY: 0, maxY: 5 }
const world: WorldDescription = {
  simulationName: 'city',
  executionId: 'e1',
  domains: [
    {
      name: 'ground',
      lifecycle: 'BySpatialSubdivision',
      area: { bounds, columns: 3, rows: 2, firstPartition: 0 },
    },
    { name: 'views', lifecycle: 'ByRequest' },
  ],
  transfersPerTick: 7,
}

test('a world is read as it was written', () => {
  assert.deepEqual(parseWorld(JSON.stringify(world)), { description: world })
})

const [ground, views] = world.domains
const withArea = (area: object) => ({
  ...world,
  domains: [{ ...ground, area: { ...ground.area, ...area } }],
})
const withBounds = (edges: object) => withArea({ bounds: { ...bounds, ...edges } })
const AREA = 'domains.0.area'
for (const [broken, fault] of [
  [[], 'the world is [], and not an object'],
  [null, 'the world is null, and not an object'],
  [{ ...world, domains: {} }, 'domains is {}, and not a list'],
  [{ ...world, domains: [ground, 1] }, 'domains.1 is 1, and not an object'],
  [{ ...world, executionId: undefined }, 'executionId is undefined, and not a text'],
  [
    { ...world, domains: [{ ...views, lifecycle: 'toString' }] },
    'domains.0.lifecycle is "toString", and not one of BySpatialSubdivision, PerWorker, ByRequest',
  ],
  [withArea({ rows: 0 }), 'domains.0.area.rows is 0, and not a whole number above 0'],
  [withArea({ columns: 1.5 }), 'domains.0.area.columns is 1.5, and not a whole number above 0'],
  [withArea({ firstPartition: -1 }), `${AREA}.firstPartition is -1, and not a whole number from 0`],
  [withBounds({ minY: '0' }), `${AREA}.bounds.minY is "0", and not a finite number`],
  [withBounds({ maxX: -2 }), `${AREA}.bounds.maxX is -2, and not above minX, -1.5`],
] as const)
  test(`a world is refused with the place: ${fault}`, () => {
    assert.deepEqual(parseWorld(JSON.stringify(broken)), { fault })
  })

test('a text that is no JSON is refused', () => {
  assert.match(parseWorld('{"domains": [').fault ?? '', /JSON/)
})
