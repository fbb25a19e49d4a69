import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decide, Grants, Headers, stridesPerPartition } from './grants.ts'

const CAPACITY_OF_TEST = 6

/** What one partition says. `wide` is its stride of field 1. */
interface Said {
  inUse: boolean
  domain: number
  population: number
  spare: number
  wide: number
  idCounter: number
  asks: { target: number; share: number }[]
}

const said = fc.record<Said>({
  inUse: fc.constant(true),
  domain: fc.nat(1),
  population: fc.nat(8),
  spare: fc.oneof(fc.constant(0), fc.nat(3)),
  wide: fc.constantFrom(0, 4, 4, 8),
  idCounter: fc.constantFrom(0, 7, 2 ** 31),
  asks: fc.array(
    fc.record({ target: fc.nat(CAPACITY_OF_TEST - 1), share: fc.integer({ min: 1, max: 4 }) }),
  ),
})
const world = fc.record({
  partitions: fc
    .array(fc.tuple(fc.nat(9), said), { minLength: 1, maxLength: CAPACITY_OF_TEST })
    .map((list) =>
      // One in ten is not in use.
      list.map(([luck, each]) => ({ ...each, inUse: luck > 0 })),
    ),
  transfersMax: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
})

function headersOf({
  partitions,
  transfersMax,
}: {
  partitions: Said[]
  transfersMax: number
}): Headers {
  const headers = new Headers(CAPACITY_OF_TEST)
  headers.partitions = partitions.length
  headers.nextIdLane = 20
  headers.transfersMax = transfersMax
  for (const [
    index,
    { inUse, domain, population, spare, wide, idCounter, asks },
  ] of partitions.entries()) {
    headers.isInUse[index] = inUse ? 1 : 0
    headers.domain[index] = domain
    headers.population[index] = population
    headers.capacity[index] = population + spare
    headers.idCounter[index] = idCounter
    headers.strides[index * stridesPerPartition + 1] = wide
    let left = inUse ? population : 0
    for (const [number, { target, share }] of byTarget(asks, index).entries()) {
      const asked = Math.min(left, share)
      if (asked > 0) headers.addGroup(index, number, target, asked)
      left -= asked
    }
  }
  return headers
}

function byTarget(asks: Said['asks'], own: number): Said['asks'] {
  const unique = new Map(
    asks.filter(({ target }) => target !== own).map((ask) => [ask.target, ask]),
  )
  return [...unique.values()].sort((one, other) => one.target - other.target)
}

function decided(headers: Headers, grants = new Grants(CAPACITY_OF_TEST)) {
  decide(headers, grants)
  const groups = Array.from({ length: headers.groups }, (_, group) => ({
    source: headers.source[group],
    target: headers.target[group],
    asked: headers.asked[group],
    granted: grants.grantedOfGroup[group],
  }))
  const { granted, rejected, straying, nextIdLane } = grants
  const population =
    headers.groups > 0 ? [...grants.population.subarray(0, headers.partitions)] : []
  const lanes = [...grants.idLane.subarray(0, headers.partitions)]
  return { groups, totals: { granted, rejected, straying, nextIdLane }, population, lanes }
}

test('no group gets more than it asked for, no partition more than its rows or the quota', () => {
  fc.assert(
    fc.property(world, (given) => {
      const headers = headersOf(given)
      const { groups, totals, population } = decided(headers)
      for (const [index, count] of population.entries()) {
        const received = groups
          .filter(({ target }) => target === index)
          .reduce((sum, { granted }) => sum + granted, 0)
        const left = groups
          .filter(({ source }) => source === index)
          .reduce((sum, { granted }) => sum + granted, 0)
        assert.equal(count, headers.population[index] + received - left)
        assert.ok(count <= headers.capacity[index] && received <= given.transfersMax)
      }
      for (const { asked, granted } of groups) assert.ok(granted <= asked)
      assert.equal(
        totals.granted,
        groups.reduce((sum, { granted }) => sum + granted, 0),
      )
      assert.equal(
        totals.rejected,
        groups.reduce((sum, { asked, granted }) => sum + asked - granted, 0),
      )
    }),
    { numRuns: 2000 },
  )
})

test('no entity is refused by a partition with room for it, nor in a ring of full ones', () => {
  fc.assert(
    fc.property(world, (given) => {
      const headers = headersOf({ ...given, transfersMax: Number.POSITIVE_INFINITY })
      const { groups, population } = decided(headers)
      const wide = (partition: number) => headers.strides[partition * stridesPerPartition + 1]
      const refused = groups.filter(({ source, target, asked, granted }) => {
        const canGo = headers.isInUse[target] === 1 && wide(source) <= wide(target)
        if (!canGo) assert.equal(granted, 0)
        return canGo && granted < asked
      })
      for (const { target } of refused) assert.equal(population[target], headers.capacity[target])
      const reaches = (from: number, to: number, passed: Set<number>): boolean =>
        refused.some(({ source, target }) => {
          if (source !== from || passed.has(target)) return false
          passed.add(target)
          return target === to || reaches(target, to, passed)
        })
      for (const { source } of refused)
        assert.ok(!reaches(source, source, new Set()), 'a ring could have turned')
    }),
    { numRuns: 2000 },
  )
})

test('equal headers make equal grants, whatever was decided before', () => {
  const used = new Grants(CAPACITY_OF_TEST)
  fc.assert(
    fc.property(world, (given) => {
      const fresh = decided(headersOf(given))
      assert.deepEqual(decided(headersOf(given), used), fresh)
      assert.deepEqual(decided(headersOf(given), used), fresh)
    }),
  )
})

test('of several sources, the one of the lowest number gets the room', () => {
  const source = { inUse: true, domain: 0, population: 3, spare: 0, wide: 0, idCounter: 0 }
  const asks = [{ target: 2, share: 3 }]
  const target = { ...source, population: 0, spare: 4, asks: [] }
  const headers = headersOf({
    partitions: [{ ...source, asks }, { ...source, asks }, target],
    transfersMax: Number.POSITIVE_INFINITY,
  })
  assert.deepEqual(decided(headers).groups, [
    { source: 0, target: 2, asked: 3, granted: 3 },
    { source: 1, target: 2, asked: 3, granted: 1 },
  ])
})

test('a lane of ids that is half used up is replaced, by none that another partition has', () => {
  fc.assert(
    fc.property(world, (given) => {
      const headers = headersOf(given)
      const { lanes, totals } = decided(headers)
      const taken = lanes.filter((lane) => lane > 0)
      const inNeed = given.partitions.filter(
        ({ inUse, idCounter }) => inUse && idCounter >= 2 ** 31,
      )
      assert.deepEqual(
        taken,
        inNeed.map((_, place) => 20 + place),
      )
      assert.equal(totals.nextIdLane, 20 + inNeed.length)
    }),
  )
})

test('more groups than ever before are decided as well', () => {
  const headers = new Headers(20)
  headers.partitions = 20
  headers.isInUse.fill(1)
  headers.population.fill(19)
  headers.capacity.fill(19)
  for (let source = 0; source < 20; source++)
    for (let target = 0; target < 20; target++)
      if (target !== source)
        headers.addGroup(source, target < source ? target : target - 1, target, 1)
  const grants = new Grants(20)
  decide(headers, grants)
  assert.equal(grants.granted, 20 * 19)
})
