import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { divideGrid, hangsTogether } from './divide-grid.ts'
import { type Bin, fillWorkers, type TileSet } from './fill-workers.ts'
import { type Placement, placeApps, placeCustomApp } from './placement.ts'
import type { Domain, PlacementConstraint, SimulationSchema, Size } from './schema.ts'

const common = {
  package: { kind: 'path', path: '/app' },
  launchCommand: ['app'],
  ingressPorts: [],
} as const

function spatial(name: string, x: number, y: number, resourceUnits = 1): Domain {
  return {
    name,
    lifecycle: 'BySpatialSubdivision',
    strategy: 'Grid',
    grid: { x, y },
    resourceUnits,
    ...common,
  }
}

function service(name: string, countPerWorker: number, resourceUnits = 1): Domain {
  return { name, lifecycle: 'PerWorker', countPerWorker, resourceUnits, ...common }
}

function schemaOf(
  desired: number | Record<string, number>,
  domains: Domain[],
  more: { placementGroups?: Size; placementConstraints?: PlacementConstraint[] } = {},
): SimulationSchema {
  const groups = typeof desired === 'number' ? { Workers: desired } : desired
  return {
    sdkVersion: '1.17',
    clock: { tickRate: 30 },
    workers: Object.entries(groups).map(([name, count]) => ({ name, type: 'any', desired: count })),
    strategies: [
      {
        name: 'Grid',
        bounds: { minX: 0, maxX: 1, minY: 0, maxY: 1 },
        placementGroups: more.placementGroups,
      },
    ],
    domains,
    placementConstraints: more.placementConstraints ?? [],
  }
}

function placed(schema: SimulationSchema, options?: { unitsPerWorker: number }): Placement {
  const result = placeApps(schema, options)
  assert.ok(!('errors' in result), 'errors' in result ? result.errors[0].errorMessage : '')
  holds(schema, result, options?.unitsPerWorker ?? 17)
  return result
}

/** Asserts what must be true of every placement. */
function holds(
  schema: SimulationSchema,
  { workers, apps, freeUnits }: Placement,
  unitsPerWorker: number,
): void {
  const used = new Map(workers.map(({ id }) => [id, 0]))
  for (const domain of schema.domains) {
    const own = apps.filter((app) => app.domain === domain.name)
    for (const app of own) used.set(app.workerId, used.get(app.workerId)! + domain.resourceUnits)
    assert.equal(new Set(own.map(({ name }) => name)).size, own.length)
    for (const { name } of own) assert.match(name, /^[a-zA-Z0-9_.-]{1,256}$/)
    if (domain.lifecycle === 'BySpatialSubdivision') {
      const cells = Array.from({ length: domain.grid.x * domain.grid.y }, (_, index) => index)
      assert.deepEqual(
        own.map((app) => app.cell?.index),
        cells,
      )
      assert.ok(
        own.every(
          ({ cell }) =>
            cell && cell.index === cell.y * domain.grid.x + cell.x && cell.x < domain.grid.x,
        ),
      )
    } else if (domain.lifecycle === 'PerWorker') {
      for (const { id } of workers)
        assert.equal(own.filter((app) => app.workerId === id).length, domain.countPerWorker)
    } else assert.equal(own.length, 0)
  }
  for (const { id } of workers) {
    assert.ok(used.get(id)! <= unitsPerWorker)
    assert.equal(freeUnits.get(id), unitsPerWorker - used.get(id)!)
  }
}

function refusal(schema: SimulationSchema): string {
  const result = placeApps(schema)
  assert.ok('errors' in result)
  assert.equal(result.errors.length, 1)
  assert.equal(result.errors[0].errorType, 'SchemaFormatInvalid')
  return result.errors[0].errorMessage
}

/** One letter per cell: the worker that has it. */
function map(placement: Placement, domain: string): string[] {
  const rows: string[] = []
  for (const { cell, workerId, domain: of } of placement.apps) {
    if (of !== domain || cell === undefined) continue
    rows[cell.y] = (rows[cell.y] ?? '') + String.fromCharCode(64 + Number(workerId))
  }
  return rows
}

test('one app for each cell and each place of a service on each worker, named for people', () => {
  const { workers, apps, freeUnits } = placed(
    schemaOf(2, [spatial('People', 2, 2), service('Weather', 1, 2)]),
  )
  assert.deepEqual(workers, [
    { id: '0001', group: 'Workers' },
    { id: '0002', group: 'Workers' },
  ])
  assert.deepEqual(apps, [
    { domain: 'People', name: 'People-0-0', workerId: '0001', cell: { x: 0, y: 0, index: 0 } },
    { domain: 'People', name: 'People-1-0', workerId: '0002', cell: { x: 1, y: 0, index: 1 } },
    { domain: 'People', name: 'People-0-1', workerId: '0001', cell: { x: 0, y: 1, index: 2 } },
    { domain: 'People', name: 'People-1-1', workerId: '0002', cell: { x: 1, y: 1, index: 3 } },
    { domain: 'Weather', name: 'Weather-0001-1', workerId: '0001' },
    { domain: 'Weather', name: 'Weather-0002-1', workerId: '0002' },
  ])
  assert.deepEqual(
    [...freeUnits],
    [
      ['0001', 13],
      ['0002', 13],
    ],
  )
})

test('neighbouring cells are placed together in blocks of about one size', () => {
  assert.deepEqual(map(placed(schemaOf(4, [spatial('People', 6, 6)])), 'People'), [
    'AAACCC',
    'AAACCC',
    'AAACCC',
    'BBBDDD',
    'BBBDDD',
    'BBBDDD',
  ])
  assert.deepEqual(map(placed(schemaOf(3, [spatial('People', 9, 1)])), 'People'), ['AAABBBCCC'])
})

test('a grid that fills its workers to the last unit fits', () => {
  placed(schemaOf(6, [spatial('People', 17, 6)]))
  placed(schemaOf(6, [spatial('People', 10, 10)]))
  placed(schemaOf(1, [spatial('People', 1, 1, 17)]))
})

test('the cells of a placement group share a worker', () => {
  const schema = schemaOf(3, [spatial('People', 6, 6)], { placementGroups: { x: 3, y: 1 } })
  assert.deepEqual(map(placed(schema), 'People'), Array(6).fill('AABBCC'))
})

test('domains that are placed together share workers cell by cell', () => {
  const constraint = { placedTogether: ['People', 'Birds'], onWorkers: ['Workers'] }
  const domains = [
    spatial('People', 4, 4),
    spatial('Alone', 3, 3),
    spatial('Birds', 4, 4, 2),
    spatial('Fish', 2, 2),
  ]
  const placement = placed(schemaOf(5, domains, { placementConstraints: [constraint] }))
  assert.deepEqual(map(placement, 'People'), map(placement, 'Birds'))
  const chained = [constraint, { placedTogether: ['Birds', 'Fish'], onWorkers: ['Workers'] }]
  const second = placed(schemaOf(6, domains, { placementConstraints: chained }))
  assert.deepEqual(map(second, 'People'), map(second, 'Birds'))
  // A cell of the coarser grid covers a block of the finer one.
  const fish = map(second, 'Fish')
  assert.deepEqual(
    map(second, 'People'),
    fish.flatMap((row) => Array(2).fill([...row].map((letter) => letter + letter).join(''))),
  )
})

test('domains go on the worker groups that their constraints allow', () => {
  const schema = schemaOf({ Big: 1, Small: 2 }, [spatial('People', 3, 3), spatial('Birds', 2, 2)], {
    placementConstraints: [
      { placedTogether: ['People'], onWorkers: ['Big'] },
      { placedTogether: ['Birds'], onWorkers: ['Small', 'Big'] },
    ],
  })
  const placement = placed(schema)
  assert.deepEqual(map(placement, 'People'), ['AAA', 'AAA', 'AAA'])
})

test('a refusal names the units needed, the units available and what to change', () => {
  assert.equal(
    refusal(schemaOf(2, [spatial('People', 6, 6, 2), service('Weather', 2)])),
    'no arrangement of the domains fits the workers: the spatial apps need 72 compute ' +
      'resource units (People: 36 apps of 2), ' +
      'and 2 workers have 30 (17 less 2 for service apps each). ' +
      'Ask for 5 or more workers (desired), or lower required_resource_units or the ' +
      'number of apps.',
  )
  assert.match(
    refusal(schemaOf(9, [spatial('People', 1, 1), service('Weather', 2, 9)])),
    /the service apps need 18 .* every worker, which has 17/,
  )
  assert.match(
    refusal(schemaOf(9, [spatial('People', 6, 6)], { placementGroups: { x: 1, y: 1 } })),
    /a placement group \(36 cells\) of People needs 36 .* on one worker, which has 17\. Ask for/,
  )
  assert.match(refusal(schemaOf(2, [spatial('People', 3, 1, 9)])), /3 apps of 9/)
  assert.match(
    refusal(schemaOf(3, [spatial('People', 4, 1, 9)])),
    /can't be divided so that it fits/,
  )
  const disjoint = [
    { placedTogether: ['People', 'Birds'], onWorkers: ['One'] },
    { placedTogether: ['Birds'], onWorkers: ['Two'] },
  ]
  const schema = schemaOf({ One: 1, Two: 1 }, [spatial('People', 1, 1), spatial('Birds', 1, 1)], {
    placementConstraints: disjoint,
  })
  assert.match(refusal(schema), /on_workers of People and Birds have no worker group in common/)
})

test('the arrangement that needs a mix on every worker is found', () => {
  // 17 = 4 + 4 + 3 + 3 + 3 on each of 4 workers; heaviest first leaves units over.
  placed(schemaOf(4, [spatial('Heavy', 8, 1, 4), spatial('Light', 12, 1, 3)]))
  placed(schemaOf(2, [spatial('One', 2, 1, 5), spatial('Two', 2, 1, 5), spatial('Three', 2, 1, 7)]))
})

test('any schema is placed within its units, with placement groups whole, or refused', () => {
  const domain = fc.record({
    groupsX: fc.integer({ min: 1, max: 5 }),
    groupsY: fc.integer({ min: 1, max: 5 }),
    units: fc.integer({ min: 1, max: 4 }),
  })
  const anySchema = fc.record({
    workers: fc.integer({ min: 1, max: 12 }),
    domains: fc.array(domain, { minLength: 1, maxLength: 3 }),
    groups: fc.option(
      fc.record({ x: fc.integer({ min: 1, max: 4 }), y: fc.integer({ min: 1, max: 4 }) }),
    ),
    service: fc.option(fc.integer({ min: 1, max: 2 })),
    together: fc.boolean(),
  })
  let placements = 0
  fc.assert(
    fc.property(anySchema, ({ workers, domains, groups, service: perWorker, together }) => {
      const unit = groups ?? { x: 1, y: 1 }
      const all = domains.map(({ groupsX, groupsY, units }, index) =>
        spatial(`Domain${index}`, groupsX * unit.x, groupsY * unit.y, units),
      )
      if (perWorker !== null) all.push(service('Service', perWorker))
      const placementConstraints =
        together && all.length > 1 && all[1].lifecycle === 'BySpatialSubdivision'
          ? [{ placedTogether: ['Domain0', 'Domain1'], onWorkers: ['Workers'] }]
          : []
      const schema = schemaOf(workers, all, {
        placementGroups: groups ?? undefined,
        placementConstraints,
      })
      const result = placeApps(schema)
      assert.deepEqual(placeApps(schema), result)
      if ('errors' in result) return
      placements++
      holds(schema, result, 17)
      if (groups === null) return
      for (const one of all) {
        if (one.lifecycle !== 'BySpatialSubdivision') continue
        const workersOfGroup = new Map<string, Set<string>>()
        for (const { domain: of, cell, workerId } of result.apps) {
          if (of !== one.name || cell === undefined) continue
          const [groupX, groupY] = [
            (cell.x * groups.x) / one.grid.x,
            (cell.y * groups.y) / one.grid.y,
          ]
          const group = `${Math.floor(groupX)},${Math.floor(groupY)}`
          workersOfGroup.set(group, (workersOfGroup.get(group) ?? new Set()).add(workerId))
        }
        assert.ok([...workersOfGroup.values()].every((set) => set.size === 1))
      }
    }),
    { numRuns: 500 },
  )
  assert.ok(placements > 100, `${placements}`)
})

test('pieces of a grid hang together whatever their sizes', () => {
  const cut = fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
    .chain(([x, y]) => fc.tuple(fc.constant({ x, y }), fc.array(fc.nat(x * y), { maxLength: 12 })))
  fc.assert(
    fc.property(cut, ([size, cuts]) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), size.x * size.y]
      const counts = edges.slice(1).map((edge, index) => edge - edges[index])
      const pieceOf = divideGrid(size, counts)
      assert.deepEqual(
        counts.map((_, piece) => pieceOf.filter((one) => one === piece).length),
        counts,
      )
      assert.ok(hangsTogether(size, pieceOf, counts.length))
    }),
    { numRuns: 1000 },
  )
})

test('workers are filled whenever trying everything finds a way', () => {
  const sets = fc.array(
    fc.record({
      tiles: fc.integer({ min: 1, max: 3 }),
      weight: fc.integer({ min: 1, max: 5 }),
      on: fc.constantFrom('ab', 'a', 'b'),
    }),
    { minLength: 1, maxLength: 3 },
  )
  const bins = fc.array(
    fc.record({ free: fc.integer({ min: 0, max: 9 }), group: fc.constantFrom('a', 'b') }),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  let filled = 0
  fc.assert(
    fc.property(bins, sets, (someBins, someSets) => {
      const tileSets: TileSet[] = someSets.map(({ tiles, weight, on }) => ({
        tiles,
        weight,
        groups: new Set(on),
      }))
      const counts = fillWorkers(someBins, tileSets)
      assert.equal(
        counts !== undefined,
        canFill(
          someBins,
          tileSets.flatMap((set) => Array<TileSet>(set.tiles).fill(set)),
        ),
      )
      if (counts === undefined) return
      filled++
      for (const [bin, { free, group }] of someBins.entries()) {
        assert.ok(
          tileSets.reduce((sum, { weight }, set) => sum + weight * counts[set][bin], 0) <= free,
        )
        assert.ok(tileSets.every(({ groups }, set) => counts[set][bin] === 0 || groups.has(group)))
      }
      for (const [set, { tiles }] of tileSets.entries())
        assert.equal(
          counts[set].reduce((a, b) => a + b),
          tiles,
        )
    }),
    { numRuns: 1000 },
  )
  assert.ok(filled > 100)
})

test('a hopeless packing is given up soon', () => {
  const groups = new Set(['a'])
  const bins = Array.from({ length: 300 }, () => ({ free: 17, group: 'a' }))
  const sets = [2, 3, 5, 7, 11, 13].map((weight) => ({ tiles: 120, weight, groups }))
  const before = process.cpuUsage()
  fillWorkers(bins, sets)
  assert.ok(process.cpuUsage(before).user < 10_000_000)
})

test('a custom app goes where it leaves the least free', () => {
  const free = new Map([
    ['0001', 5],
    ['0002', 2],
    ['0003', 3],
  ])
  assert.equal(placeCustomApp(free, 2), '0002')
  assert.equal(placeCustomApp(free, 3), '0003')
  assert.equal(placeCustomApp(free, 4), '0001')
  assert.equal(placeCustomApp(free, 6), undefined)
})

/** By brute force, tile by tile. */
function canFill(bins: readonly Bin[], tiles: TileSet[]): boolean {
  if (tiles.length === 0) return true
  const [first, ...rest] = tiles
  return bins.some(
    ({ free, group }, bin) =>
      free >= first.weight &&
      first.groups.has(group) &&
      canFill(bins.with(bin, { free: free - first.weight, group }), rest),
  )
}
