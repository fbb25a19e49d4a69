import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { defineField, type Entity, type Subscription, type Transaction } from './index.ts'
import { LockstepWorld, SPATIAL_DOMAIN } from './testing/lockstep.ts'

const velocity = defineField({ index: 1, typeId: 600, shape: 'f32x3' })
const body = defineField({
  index: 2,
  typeId: 601,
  shape: { health: 'u16', heading: 'f64', colour: 'u8x3' },
})

/** Ids and positions of a partition's entities, by id. */
function positionsOf({ owned }: Transaction): [number, number, number][] {
  const { ids, states, positions } = owned
  const found: [number, number, number][] = []
  for (let row = 0; row < owned.rows; row++)
    if (states[row] !== 0) found.push([ids[row], positions[row * 3], positions[row * 3 + 1]])
  return found.sort(([one], [other]) => one - other)
}

function make(
  transaction: Transaction,
  places: readonly (readonly [number, number])[],
): Uint32Array {
  const rows = transaction.owned.create(512, places.length)
  const { positions } = transaction.owned
  rows.forEach((row, place) => {
    positions.set([...places[place], 0], row * 3)
  })
  transaction.owned.moved()
  return rows
}

test('entities made, moved and given values in bulk are what others read a tick later', () => {
  const world = new LockstepWorld()
  let border: Subscription | undefined
  world.tick(
    (transaction) => {
      make(transaction, [
        [-50, 0],
        [-1, 10],
        [-2, 20],
      ])
      const { values, stride } = transaction.owned.field(velocity)
      for (let row = 0; row < 3; row++) values.set([row, row * 2, row * 3], row * stride)
      transaction.owned.stored(velocity)
    },
    (transaction) => {
      const box = { minX: -5, minY: -100, maxX: 100, maxY: 100 }
      border = transaction.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, box)
      assert.deepEqual(transaction.covered(border), [])
    },
  )
  world.tick(
    () => undefined,
    (transaction) => {
      const [covered, ...more] = transaction.covered(border!)
      assert.equal(more.length, 0)
      const { columns, rows } = covered
      assert.equal(columns.partition, 0)
      assert.deepEqual([...rows].sort(), [1, 2])
      const { values, stride, offset } = columns.field(velocity)!
      for (const row of rows) {
        assert.deepEqual(
          [...columns.positions.subarray(row * 3, row * 3 + 2)],
          row === 1 ? [-1, 10] : [-2, 20],
        )
        const start = row * stride + offset
        assert.deepEqual([...values.subarray(start, start + 3)], [row, row * 2, row * 3])
        assert.equal(columns.presence(velocity)![row], 13)
      }
      assert.equal(columns.field(body), undefined)
    },
  )
})

test('members of a shape are aligned columns, with the bytes that loadEntityField gives', () => {
  const world = new LockstepWorld({ columns: 1 })
  world.tick((transaction) => {
    make(transaction, [
      [1, 1],
      [2, 2],
    ])
    const { health, heading, colour } = transaction.owned.field(body)
    for (let row = 0; row < 2; row++) {
      health.values[row * health.stride + health.offset] = 100 + row
      heading.values[row * heading.stride + heading.offset] = row + 0.5
      colour.values.set([1, 2, 3], row * colour.stride + colour.offset)
    }
    transaction.owned.stored(body, 0, 1)
    assert.deepEqual([...transaction.owned.presence(body)], [body.bytes + 1, 0])
  })
  world.tick((transaction) => {
    const [first, second] = [...transaction.ownedEntities()]
    const { typeId, data } = transaction.loadEntityField(first, 2)
    const view = new DataView(data.buffer, data.byteOffset)
    assert.equal(typeId, 601)
    assert.equal(data.length, body.bytes)
    assert.equal(view.getUint16(0, true), 100)
    assert.equal(view.getFloat64(8, true), 0.5)
    assert.deepEqual([...data.subarray(16, 19)], [1, 2, 3])
    assert.throws(() => transaction.loadEntityField(second, 2), { code: 'NotFound' })
  })
})

test('a sweep moves everybody, hands over who left, and keeps the rest of each entity', () => {
  const world = new LockstepWorld({ columns: 2, rows: 2, entitiesPerPartition: 20_000 })
  const applications = world.applications.length
  const perPartition = 5000
  const expected = new Map<number, [number, number, number, number]>()
  const step = (partition: number) => (transaction: Transaction) => {
    const { owned } = transaction
    if (transaction.tick === 1) {
      const [{ bounds }] = world.applications[partition].assignedPartitions()
      const places = Array.from({ length: perPartition }, (_, place): [number, number] => [
        bounds!.minX + ((place * 37) % 100),
        bounds!.minY + ((place * 61) % 100),
      ])
      make(transaction, places)
      const { values, stride } = owned.field(velocity)
      for (let row = 0; row < owned.rows; row++)
        values.set([((row * 13) % 7) - 3, ((row * 29) % 5) - 2, 0], row * stride)
      owned.stored(velocity)
      return
    }
    const { values, stride } = owned.field(velocity)
    owned.sweep((positions, from, to) => {
      for (let row = from; row < to; row++) {
        for (let axis = 0; axis < 2; axis++) {
          const moved = positions[row * 3 + axis] + values[row * stride + axis]
          if (moved >= -100 && moved <= 100) positions[row * 3 + axis] = moved
          else {
            values[row * stride + axis] *= -1
            if (owned.states[row] !== 0) owned.touch(row)
          }
        }
      }
    })
  }
  let crossed = 0
  for (let tick = 1; tick <= 30; tick++) {
    world.tick(...world.applications.map((_, partition) => step(partition)))
    crossed += world.handoffs.granted
    const seen = new Set<number>()
    world.tick(
      ...Array.from({ length: applications }, () => (transaction: Transaction) => {
        const { owned } = transaction
        const { values, stride } = owned.field(velocity)
        const { ids, states, positions } = owned
        for (let row = 0; row < owned.rows; row++) {
          if (states[row] === 0) continue
          assert.ok(!seen.has(ids[row]), `entity ${ids[row]} is in two partitions`)
          seen.add(ids[row])
          const now = [
            positions[row * 3],
            positions[row * 3 + 1],
            values[row * stride],
            values[row * stride + 1],
          ] as const
          const before = expected.get(ids[row])
          if (before) assert.deepEqual(now, stepped(before))
          expected.set(ids[row], [...now])
        }
      }),
    )
    assert.equal(seen.size, perPartition * applications)
    if (tick === 15) world.restart(2)
  }
  assert.ok(crossed > 1000, `${crossed} handoffs`)

  function stepped([x, y, vx, vy]: [number, number, number, number]): [
    number,
    number,
    number,
    number,
  ] {
    const inX = Math.abs(x + vx) <= 100
    const inY = Math.abs(y + vy) <= 100
    return [inX ? x + vx : x, inY ? y + vy : y, inX ? vx : -vx, inY ? vy : -vy]
  }
})

test('a sweep whose body throws has moved what it came to, and nothing else', () => {
  const world = new LockstepWorld({ entitiesPerPartition: 10_000 })
  world.tick((transaction) => {
    make(
      transaction,
      Array.from({ length: 9000 }, (): [number, number] => [-10, 0]),
    )
  })
  world.tick(({ owned }) => {
    const leave = () =>
      owned.sweep((positions, from) => {
        positions[from * 3] = 10
        if (from > 0) throw new Error('enough')
      })
    assert.throws(leave, /enough/)
  })
  assert.deepEqual(world.handoffs, { granted: 2, rejected: 0 })
  world.tick(({ owned }) => {
    assert.equal(owned.count, 8998)
    const { positions, states } = owned
    for (let row = 0; row < owned.rows; row++)
      if (states[row] !== 0) assert.equal(positions[row * 3], -10)
  })
})

test('an entity moved out of the world in bulk is named at the commit', () => {
  const world = new LockstepWorld()
  world.tick((transaction) => {
    const [, second] = make(transaction, [
      [-10, 0],
      [-20, 0],
    ])
    const { positions, ids } = transaction.owned
    positions[second * 3] = Number.NaN
    transaction.owned.moved()
    assert.throws(() => transaction.commit(), {
      code: 'InvalidArgument',
      message: new RegExp(`entity ${ids[second]} \\(row 1\\) was moved to \\(NaN, 0, 0\\)`),
    })
    positions.set([-20, 0, Number.POSITIVE_INFINITY], second * 3)
    transaction.owned.moved()
    assert.throws(() => transaction.commit(), { code: 'InvalidArgument' })
    positions.set([101, 0, 0], second * 3)
    assert.throws(() => transaction.owned.touch(second), { code: 'InvalidArgument' })
    transaction.owned.moved()
    assert.throws(() => transaction.commit(), { code: 'InvalidArgument' })
    positions[second * 3] = 30
    transaction.owned.moved()
    // An entity that this tick changed in another way is checked too, even if a later write was not
    // reported.
    positions[0] = -101
    assert.throws(() => transaction.commit(), {
      code: 'InvalidArgument',
      message: /\(row 0\) was moved to \(-101, /,
    })
    positions[0] = -10
    transaction.commit()
    assert.throws(() => transaction.owned.ids, { code: 'InvalidState' })
  })
  assert.deepEqual(world.handoffs, { granted: 1, rejected: 0 })
})

test('bulk calls that can not be done change nothing', () => {
  const world = new LockstepWorld({ entitiesPerPartition: 4 })
  world.tick((transaction) => {
    const { owned } = transaction
    assert.throws(() => owned.create(512, 5), { code: 'CapacityExceeded' })
    assert.throws(() => owned.create(511, 1), { code: 'InvalidArgument' })
    assert.throws(() => owned.create(512, -1), { code: 'InvalidArgument' })
    assert.equal(owned.count, 0)
    const rows = owned.create(512, 4)
    assert.throws(() => owned.delete([rows[0], 4]), { code: 'NotFound' })
    assert.throws(() => owned.delete([rows[0], rows[0]]), { code: 'NotFound' })
    assert.equal(owned.count, 4)
    owned.delete(rows.subarray(1, 3))
    assert.deepEqual([...owned.states], [1, 0, 0, 1])
    assert.throws(() => owned.touched([1]), { code: 'NotFound' })
    assert.throws(() => owned.moved(0, 5), { code: 'InvalidArgument' })
    assert.throws(() => owned.moved(2, 1), { code: 'InvalidArgument' })
    const large = defineField({ index: 3, typeId: 1, shape: 'u8x2000' })
    assert.throws(() => owned.field(large), { code: 'CapacityExceeded' })
  })
})

test('a few rows are given a field, with zeros in it, and it is taken away again', () => {
  const world = new LockstepWorld({ columns: 1 })
  world.tick(({ owned }) => {
    owned.create(512, 4)
    const { values } = owned.field(velocity)
    values.fill(7)
    owned.give(velocity, [1, 2])
    values[1 * 3] = 5
    assert.deepEqual([...owned.presence(velocity)], [0, 13, 13, 0])
    assert.throws(() => owned.give(velocity, [0, 4]), { code: 'NotFound' })
    assert.equal(owned.presence(velocity)[0], 0)
  })
  world.tick((transaction) => {
    const { owned } = transaction
    const field = transaction.loadEntityField(owned.entity(1), 1)
    assert.deepEqual(field, {
      typeId: 600,
      data: new Uint8Array(new Float32Array([5, 0, 0]).buffer),
    })
    owned.give(velocity, [1])
    assert.equal(owned.field(velocity).values[3], 5, 'who has the field keeps its values')
    assert.throws(() => owned.take(velocity, [2, 4]), { code: 'NotFound' })
    owned.take(velocity, [0, 1])
  })
  for (let tick = 0; tick < 2; tick++)
    world.tick(({ owned }) => assert.deepEqual([...owned.presence(velocity)], [0, 0, 13, 0]))
})

test('rows are found by id, and tell who came, who left and who could not', () => {
  const world = new LockstepWorld({ entitiesPerPartition: 3 })
  let ids: number[] = []
  world.tick(
    (transaction) => {
      const { owned } = transaction
      make(transaction, [
        [-10, 0],
        [-20, 0],
      ])
      ids = [...owned.ids]
      assert.deepEqual([...owned.rowsOf([ids[1], 17, ids[0], ids[1]])], [1, -1, 0, 1])
      owned.positions[0] = 10
      owned.positions[3] = 20
      owned.moved()
    },
    (transaction) => void make(transaction, [[50, 0]]),
  )
  world.tick(
    ({ owned }) => {
      assert.deepEqual([...owned.departedIds], ids)
      assert.deepEqual([...owned.departedRows], [0, 1])
      assert.deepEqual([...owned.rowsOf(ids)], [-1, -1])
      assert.throws(() => owned.entity(0), { code: 'NotFound' })
      assert.equal(owned.arrivedRows.length, 0)
      owned.create(512, 1)
      owned.positions[0] = 30
      owned.moved()
    },
    ({ owned }) => {
      assert.deepEqual(
        [...owned.arrivedRows].map((row) => owned.ids[row]),
        ids,
      )
      assert.deepEqual([...owned.rowsOf(ids)], [...owned.arrivedRows])
      assert.deepEqual(owned.entity(owned.arrivedRows[1]).id, ids[1])
    },
  )
  world.tick(({ owned }) => {
    assert.deepEqual([...owned.rejectedRows], [0])
    assert.equal(owned.departedRows.length, 0)
  })
  world.restart(1)
  world.tick(undefined as never, ({ owned }) => assert.equal(owned.arrivedRows.length, 3))
})

test('what is no field, subscription or place is refused by name', () => {
  const world = new LockstepWorld({ columns: 1 })
  world.tick((transaction) => {
    const options = { index: 1, typeId: 600, shape: 'u8' } as unknown as typeof velocity
    assert.throws(() => transaction.owned.field(options), {
      code: 'InvalidArgument',
      message: /defineField/,
    })
    assert.throws(() => transaction.owned.presence(options), { code: 'InvalidArgument' })
    assert.throws(() => transaction.owned.stored(options), { code: 'InvalidArgument' })
    for (const none of [undefined, 999]) {
      const subscription = none as unknown as Subscription
      assert.throws(() => transaction.covered(subscription), {
        code: 'NotFound',
        message: new RegExp(String(none)),
      })
    }
    assert.throws(() => transaction.neighbours(Number.NaN, 0, 1), { code: 'InvalidArgument' })
    assert.throws(() => defineField(undefined as never), { code: 'InvalidArgument' })
    assert.throws(() => defineField({ index: 1, typeId: 1, shape: null as never }), {
      code: 'InvalidArgument',
    })
  })
})

test('shapes that are none are refused, with what is wrong with them', () => {
  const define = (shape: unknown, index = 1, typeId = 1) =>
    defineField({ index, typeId, shape: shape as 'u8' })
  assert.throws(() => define('f16'), { code: 'InvalidArgument', message: /'f16'/ })
  assert.throws(() => define('f32x0'), { code: 'InvalidArgument' })
  assert.throws(() => define({ a: 'u8', b: 3 }), { code: 'InvalidArgument', message: /member 'b'/ })
  assert.throws(() => define({}), { code: 'InvalidArgument' })
  assert.throws(() => define('u8', 0), { code: 'InvalidArgument' })
  assert.throws(() => define('u8', 64), { code: 'InvalidArgument' })
  assert.throws(() => define('u8', 1, -1), { code: 'InvalidArgument' })
})

test('a shape cannot read a field whose data has other lengths', () => {
  const world = new LockstepWorld({ columns: 1 })
  const wide = defineField({ index: 1, typeId: 1, shape: 'f64' })
  world.tick((transaction) => {
    const entity = transaction.createEntity(512)
    transaction.storeEntityField(entity, 1, 7, new Uint8Array(12))
    const { values, stride } = transaction.owned.field(wide)
    assert.equal(stride, 2, 'an own field is widened to what its shape needs')
    values[0] = 0.25
    transaction.owned.stored(wide)
    assert.deepEqual(
      transaction.loadEntityField(entity, 1).data,
      new Uint8Array(new Float64Array([0.25]).buffer),
    )
  })
})

test('neighbours are all that can be seen within the radius, own and others, each once', () => {
  const place = fc.tuple(fc.integer({ min: -100, max: 100 }), fc.integer({ min: -100, max: 100 }))
  const moves = fc.array(fc.tuple(fc.nat(), place), { maxLength: 40 })
  fc.assert(
    fc.property(
      fc.array(place, { minLength: 1, maxLength: 60 }),
      fc.array(moves, { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(place, fc.integer({ min: 1, max: 150 })), { minLength: 1, maxLength: 4 }),
      (places, ticks, questions) => {
        const world = new LockstepWorld({ columns: 2, rows: 2 })
        /** Everybody, as of the tick before. */
        let before = new Map<number, [number, number]>()
        let now = new Map<number, [number, number]>()
        const check = (transaction: Transaction) => {
          if (transaction.tick === 1) return
          const own = new Set(positionsOf(transaction).map(([id]) => id))
          const picture = transaction.neighbourhood(10)
          assert.equal(
            new Set(picture.ids.subarray(picture.ownRows, picture.count)).size,
            picture.count - picture.ownRows,
          )
          for (const [[x, y], radius] of questions) {
            const near = (places: [number, [number, number]][]) =>
              places
                .filter(([, [a, b]]) => (a - x) ** 2 + (b - y) ** 2 <= radius ** 2)
                .map(([id]) => id)
                .sort((a, b) => a - b)
            const { ids, count } = transaction.neighbours(x, y, radius)
            assert.deepEqual(
              [...ids.subarray(0, count)].sort((a, b) => a - b),
              near([...before]),
            )
            const expected = near(
              [...before].map(([id, at]) => [id, own.has(id) ? now.get(id)! : at]),
            )
            const found: number[] = []
            picture.at(x, y, radius, found)
            assert.deepEqual(
              found.map((entry) => picture.ids[entry]).sort((a, b) => a - b),
              expected,
            )
          }
          checkLists(picture)
        }
        const everything = { minX: -200, minY: -200, maxX: 200, maxY: 200 }
        world.tick(
          (transaction) => {
            transaction.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, everything)
            make(transaction, places)
            now = new Map(positionsOf(transaction).map(([id, x, y]) => [id, [x, y]]))
          },
          ...[1, 2, 3].map(() => (transaction: Transaction) => {
            transaction.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, everything)
            transaction.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, {
              ...everything,
              minX: 0,
            })
          }),
        )
        before = now
        for (const list of ticks) {
          now = new Map(before)
          world.tick(
            ...[0, 1, 2, 3].map((partition) => (transaction: Transaction) => {
              check(transaction)
              const entities: Entity[] = [...transaction.ownedEntities()]
              for (const [pick, [x, y]] of list) {
                if (entities.length === 0 || pick % 4 !== partition) continue
                const entity = entities[pick % entities.length]
                transaction.storeEntityIndexKey(entity, [x, y, 0])
                now.set(entity.id, [x, y])
              }
              check(transaction)
            }),
          )
          before = now
        }
      },
    ),
    { numRuns: 60 },
  )
})

function checkLists({
  starts,
  list,
  positions,
  ownRows,
  count,
  radius,
}: ReturnType<Transaction['neighbourhood']>): void {
  const listed = new Set<string>()
  for (let own = 0; own < ownRows; own++)
    for (let place = starts[own]; place < starts[own + 1]; place++) {
      assert.ok(list[place] < count && list[place] !== own)
      listed.add(`${own} ${list[place]}`)
      const distance = Math.hypot(
        positions[own * 3] - positions[list[place] * 3],
        positions[own * 3 + 1] - positions[list[place] * 3 + 1],
      )
      assert.ok(distance <= radius + 1e-3)
    }
  for (const pair of listed) {
    const [one, other] = pair.split(' ').map(Number)
    if (other < ownRows) assert.ok(listed.has(`${other} ${one}`), 'neighbours are so both ways')
  }
}

test('the field values of a neighbourhood are of the same moment as its positions', () => {
  const world = new LockstepWorld({ columns: 2, rows: 2 })
  const everything = { minX: -100, minY: -100, maxX: 100, maxY: 100 }
  /** Counts entities that have just arrived or left, as others see them. */
  let between = 0
  const live = (partition: number) => (transaction: Transaction) => {
    const { owned, tick } = transaction
    if (tick === 1) {
      transaction.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, everything)
      const at = (place: number): [number, number] => [
        ((place * 37) % 190) - 95,
        ((place * 61) % 190) - 95,
      ]
      if (partition === 0)
        make(
          transaction,
          Array.from({ length: 60 }, (_, place) => at(place)),
        )
    } else check(transaction)
    const { values, stride, offset } = owned.field(velocity)
    const { positions, states, ids } = owned
    const shown: number[] = []
    for (let row = 0; row < owned.rows; row++) {
      if (states[row] === 0) continue
      positions[row * 3] = ((positions[row * 3] + 195 + (ids[row] % 7)) % 190) - 95
      if (ids[row] % 2 === 0) shown.push(row)
    }
    owned.give(velocity, shown)
    for (const row of shown)
      values.set([positions[row * 3], positions[row * 3 + 1], tick], row * stride + offset)
    owned.moved()
  }
  for (let tick = 0; tick < 60; tick++) world.tick(...[0, 1, 2, 3].map(live))
  assert.ok(between > 20, `${between} entities were seen on their way`)

  function check(transaction: Transaction): void {
    const near = transaction.neighbourhood(10)
    const { values, stride, offset } = near.field(velocity)
    assert.equal(near.field(body).colour.values.length > 0, near.count > 0)
    for (let entry = 0; entry < near.count; entry++) {
      if (entry < near.ownRows && transaction.owned.states[entry] === 0) continue
      const expected =
        near.ids[entry] % 2 === 0
          ? [near.positions[entry * 3], near.positions[entry * 3 + 1], transaction.tick - 1]
          : [0, 0, 0]
      assert.deepEqual(
        [...values.subarray(entry * stride + offset, entry * stride + offset + 3)],
        expected,
      )
      if (entry >= near.ownRows && transaction.owned.departedIds.includes(near.ids[entry]))
        between++
    }
    if (transaction.tick === 30) {
      transaction.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, everything)
      assert.throws(() => near.field(velocity), { code: 'InvalidState' })
    }
  }
})

test('neighbours in a large partition come from an index that follows what moves', () => {
  const world = new LockstepWorld({ columns: 1, entitiesPerPartition: 4000 })
  world.tick((transaction) => {
    make(
      transaction,
      Array.from({ length: 3000 }, (_, n) => [
        ((n * 7919) % 2000) / 10 - 100,
        ((n * 104_729) % 2000) / 10 - 100,
      ]),
    )
  })
  for (let tick = 0; tick < 30; tick++) {
    world.tick((transaction) => {
      const { owned } = transaction
      const before = positionsOf(transaction)
      if (tick % 5 === 0) {
        owned.sweep((positions, from, to) => {
          for (let row = from; row < to; row++) positions[row * 3] = -positions[row * 3]
        })
      } else if (tick % 5 === 1) owned.delete([tick * 5])
      else for (const row of [7, 8, tick * 11]) move(owned, row, tick)
      for (let question = 0; question < 20; question++) {
        const [x, y, radius] = [question * 10 - 100, 100 - question * 9, 3 + question]
        const expected = before.filter(([, a, b]) => (a - x) ** 2 + (b - y) ** 2 <= radius ** 2)
        const { ids, count } = transaction.neighbours(x, y, radius)
        assert.deepEqual(
          [...ids.subarray(0, count)].sort((a, b) => a - b),
          expected.map(([id]) => id),
        )
      }
    })
  }

  function move(owned: Transaction['owned'], row: number, by: number): void {
    if (owned.states[row] === 0) return
    owned.positions.set([by * 3 - 50, by - 20], row * 3)
    owned.touch(row)
  }
})
