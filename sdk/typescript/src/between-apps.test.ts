import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Entity, HeddleError, type Subscription, type Transaction } from '@heddle/sdk'
import { CUSTOM_DOMAIN, LockstepWorld, SPATIAL_DOMAIN } from './testing/lockstep.ts'

const everything = { minX: -100, minY: -100, maxX: 100, maxY: 100 }

function refusedWith(code: HeddleError['code'], pattern?: RegExp) {
  return (error: unknown) =>
    error instanceof HeddleError && error.code === code && (!pattern || pattern.test(error.message))
}

function idle(): void {
  // an app with nothing to do in this tick
}

function kinds(changes: readonly { kind: string; entity: Entity }[]): string[] {
  return changes.map(({ kind, entity }) => `${kind} ${entity.id}`)
}

test('an entity that leaves its cell is Removed here and Added there one tick later', () => {
  const world = new LockstepWorld()
  let walker: Entity | undefined
  world.tick((west) => {
    walker = west.createEntity(512, [-1, 0, 0])
    west.storeEntityField(walker, 3, 700, new Uint8Array([9]))
  })
  world.tick((west) => west.storeEntityIndexKey(walker!, [1, 0, 5]))
  world.tick(
    (west) => {
      assert.deepEqual(kinds(west.ownershipChanges()), [`Remove ${walker!.id}`])
      assert.throws(() => west.storeEntityIndexKey(walker!, [0, 0, 0]), refusedWith('NotOwned'))
      assert.equal(west.ownedEntityCount, 0)
    },
    (east) => {
      const changes = east.ownershipChanges()
      assert.deepEqual(kinds(changes), [`Add ${walker!.id}`])
      const [{ entity }] = changes
      assert.deepEqual(east.loadEntityIndexKey(entity), [1, 0, 5])
      assert.deepEqual(east.loadEntityField(entity, 3), { typeId: 700, data: new Uint8Array([9]) })
      east.storeEntityIndexKey(entity, [2, 0, 0])
    },
  )
  assert.equal(world.applications[0].runtimeMetrics().exitedEntity, 1)
  assert.equal(world.applications[1].runtimeMetrics().enteredEntity, 1)
})

test('a subscription tells of others: Add, Update and Remove, each once', () => {
  const world = new LockstepWorld()
  const heard: string[][] = []
  let subscribed = false
  let entity: Entity | undefined
  const east = (transaction: Transaction) => {
    if (!subscribed)
      transaction.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, {
        minX: -20,
        minY: -20,
        maxX: 20,
        maxY: 20,
      })
    subscribed = true
    heard.push(transaction.allSubscriptionEvents().map(({ kind }) => kind))
    assert.deepEqual(transaction.allSubscriptionEvents(), [])
  }
  const steps: ((transaction: Transaction) => void)[] = [
    (west) => {
      entity = west.createEntity(512, [-10, 0, 0])
    },
    idle,
    (west) => west.storeEntityIndexKey(entity!, [-11, 0, 0]),
    (west) => west.storeEntityField(entity!, 1, 700, new Uint8Array([1])),
    (west) => west.storeEntityIndexKey(entity!, [-50, 0, 0]),
    (west) => west.storeEntityIndexKey(entity!, [-10, 0, 0]),
    (west) => west.deleteEntity(entity!),
    idle,
    idle,
  ]
  for (const step of steps) world.tick(step, east)
  assert.deepEqual(heard, [
    [],
    ['Add'],
    [],
    ['Update'],
    ['Update'],
    ['Remove'],
    ['Add'],
    ['Remove'],
    [],
  ])
})

test('subscribed entities are read as of the last tick, and no longer once they are out', () => {
  const world = new LockstepWorld()
  let entity: Entity | undefined
  world.tick(
    (west) => {
      entity = west.createEntity(512, [-10, 0, 0])
    },
    (east) =>
      east.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, {
        minX: -20,
        minY: -20,
        maxX: 0,
        maxY: 20,
      }) && undefined,
  )
  const seen: Entity[] = []
  world.tick(
    (west) => west.storeEntityIndexKey(entity!, [-15, 0, 0]),
    (east) => {
      seen.push(...east.allSubscriptionEvents().map((event) => event.entity))
      assert.deepEqual(east.loadEntityIndexKey(seen[0]), [-10, 0, 0])
    },
  )
  world.tick(
    (west) => west.storeEntityIndexKey(entity!, [-30, 0, 0]),
    (east) => assert.deepEqual(east.loadEntityIndexKey(seen[0]), [-15, 0, 0]),
  )
  world.tick(idle, (east) =>
    assert.throws(() => east.loadEntityIndexKey(seen[0]), refusedWith('NotFound')),
  )
})

test('an app that looks seldom gets what ten ticks come to, not ten events', () => {
  const world = new LockstepWorld()
  let subscribed = false
  let entity: Entity | undefined
  const heard: string[] = []
  for (let tick = 1; tick <= 20; tick++) {
    world.tick(
      (west) => {
        entity ??= west.createEntity(512, [-10, 0, 0])
        west.storeEntityIndexKey(entity, [-10 - tick, 0, 0])
      },
      (east) => {
        if (!subscribed) east.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, everything)
        subscribed = true
        if (tick % 10 === 0) heard.push(...kinds(east.allSubscriptionEvents()))
      },
    )
  }
  assert.deepEqual(heard, [`Add ${entity!.id}`, `Update ${entity!.id}`])
})

test('subscriptions exclude own entities, and ownership changes one tick earlier', () => {
  const world = new LockstepWorld()
  const heard = new Map<number, string[]>()
  let entity: Entity | undefined
  let subscribed = false
  for (let tick = 1; tick <= 6; tick++) {
    world.tick(
      (west) => {
        if (!subscribed) west.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, everything)
        subscribed = true
        if (tick === 1) entity = west.createEntity(512, [-1, 0, 0])
        if (tick === 2) west.storeEntityIndexKey(entity!, [1, 0, 0])
        heard.set(tick, [
          ...west.ownershipChanges().map(({ kind }) => `own ${kind}`),
          ...west.allSubscriptionEvents().map(({ kind }) => `seen ${kind}`),
        ])
      },
      (east) => {
        for (const owned of east.ownedEntities())
          if (tick === 4) east.storeEntityIndexKey(owned, [-1, 0, 0])
      },
    )
  }
  assert.deepEqual(
    [...heard],
    [
      [1, []],
      [2, []],
      [3, ['own Remove']],
      [4, ['seen Add']],
      [5, ['own Add', 'seen Update']],
      [6, ['seen Remove']],
    ],
  )
})

test('a departed entity can still be read as of the last tick if a subscription covers it', () => {
  const world = new LockstepWorld()
  let walker: Entity | undefined
  world.tick((west) => {
    walker = west.createEntity(512, [-1, 0, 0])
    west.storeEntityField(walker, 1, 700, new Uint8Array([4]))
  })
  world.tick((west) => {
    west.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, everything)
    west.storeEntityIndexKey(walker!, [1, 0, 0])
  })
  world.tick(
    (west) => {
      const [{ kind, entity }] = west.ownershipChanges()
      assert.equal(kind, 'Remove')
      assert.deepEqual(west.loadEntityIndexKey(entity), [1, 0, 0])
      assert.deepEqual(west.loadEntityField(entity, 1).data, new Uint8Array([4]))
    },
    (east) => east.storeEntityIndexKey(east.ownershipChanges()[0].entity, [2, 0, 0]),
  )
  world.tick((west) => assert.deepEqual(west.loadEntityIndexKey(walker!), [2, 0, 0]))
})

test('the edges of a box are 32-bit floats, as positions are: what is on one is inside', () => {
  const world = new LockstepWorld()
  const edges = { minX: -0.7, minY: -0.7, maxX: 0.1, maxY: 0.1 }
  const seen: (readonly number[])[] = []
  let subscription: Subscription | undefined
  const east = (transaction: Transaction) => {
    subscription ??= transaction.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, everything)
    subscription = transaction.modifySubscriptionBoundingBox2F32(subscription, edges)
    seen.push(transaction.covered(subscription).map(({ rows }) => rows.length))
  }
  world.tick((west) => {
    west.createEntity(512, [-0.7, 0.1, 0])
    west.createEntity(512, [-0.1, -0.7, 0])
  }, east)
  world.tick(idle, east)
  assert.deepEqual(seen, [[], [2]])
})

test('a subscription can be moved and deleted; one that is gone is NotFound', () => {
  const world = new LockstepWorld()
  let subscription: Subscription | undefined
  world.tick(
    (west) => {
      west.createEntity(512, [-10, 0, 0])
      west.createEntity(512, [-60, 0, 0])
    },
    (east) => {
      subscription = east.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, {
        minX: -20,
        minY: -20,
        maxX: 0,
        maxY: 20,
      })
      assert.throws(
        () => east.createSubscriptionBoundingBox2F32('Nowhere', everything),
        refusedWith('InvalidArgument', /Nowhere/),
      )
      const inverted = { minX: 1, minY: 0, maxX: 0, maxY: 0 }
      assert.throws(
        () => east.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, inverted),
        refusedWith('InvalidArgument'),
      )
    },
  )
  world.tick(idle, (east) => {
    assert.equal(east.allSubscriptionEvents().length, 1)
    subscription = east.modifySubscriptionBoundingBox2F32(subscription!, {
      minX: -70,
      minY: -20,
      maxX: -50,
      maxY: 20,
    })
  })
  world.tick(idle, (east) => {
    assert.deepEqual(
      east.allSubscriptionEvents().map(({ kind }) => kind),
      ['Remove', 'Add'],
    )
    assert.equal([...east.subscribedEntities(subscription!)].length, 1)
    east.deleteSubscription(subscription!)
    assert.throws(() => east.deleteSubscription(subscription!), refusedWith('NotFound'))
  })
  world.tick(
    (west) => {
      for (const entity of west.ownedEntities()) west.storeEntityIndexKey(entity, [-55, 0, 0])
    },
    (east) => assert.deepEqual(east.allSubscriptionEvents(), []),
  )
})

test('a full partition Rejects: the entity stays, is retried, and both sides count it', () => {
  const world = new LockstepWorld({ entitiesPerPartition: 1 })
  let walker: Entity | undefined
  let blocker: Entity | undefined
  world.tick(
    (west) => {
      walker = west.createEntity(512, [-1, 0, 0])
    },
    (east) => {
      blocker = east.createEntity(512, [50, 0, 0])
    },
  )
  world.tick((west) => west.storeEntityIndexKey(walker!, [1, 0, 0]))
  world.tick(
    (west) => {
      assert.deepEqual(kinds(west.ownershipChanges()), [`Reject ${walker!.id}`])
      assert.deepEqual(west.loadEntityIndexKey(walker!), [1, 0, 0])
    },
    (east) => east.deleteEntity(blocker!),
  )
  world.tick(
    (west) => assert.deepEqual(kinds(west.ownershipChanges()), [`Remove ${walker!.id}`]),
    (east) => assert.deepEqual(kinds(east.ownershipChanges()), [`Add ${walker!.id}`]),
  )
  assert.equal(world.applications[0].runtimeMetrics().rejectedOutgoingTransfer, 1)
  assert.equal(world.applications[1].runtimeMetrics().rejectedIncomingTransfer, 1)
})

test('a custom app hands what it makes to the spatial domain', () => {
  const world = new LockstepWorld({ customApps: ['maker'] })
  let made: Entity | undefined
  world.tick(idle, idle, (maker) => {
    made = maker.createEntity(600, [50, 0, 0])
    maker.modifyEntityDomain(made, SPATIAL_DOMAIN)
    assert.throws(() => maker.modifyEntityDomain(made!, 'Nowhere'), refusedWith('InvalidArgument'))
    const noArea = /domain 'Custom' has no area: entities are handed to spatial domains/
    assert.throws(
      () => maker.modifyEntityDomain(made!, CUSTOM_DOMAIN),
      refusedWith('InvalidArgument', noArea),
    )
  })
  world.tick(
    (west) => assert.deepEqual(west.ownershipChanges(), []),
    (east) => assert.deepEqual(kinds(east.ownershipChanges()), [`Add ${made!.id}`]),
    (maker) => assert.deepEqual(kinds(maker.ownershipChanges()), [`Remove ${made!.id}`]),
  )
})

test('a custom app makes and moves entities within the spatial domains, and nowhere else', () => {
  const world = new LockstepWorld({ customApps: ['maker'] })
  world.tick(idle, idle, (maker) => {
    const far = /position \(5000, 0\) is outside the bounds of every spatial domain/
    assert.throws(() => maker.createEntity(600, [5000, 0, 0]), refusedWith('InvalidArgument', far))
    assert.equal(maker.ownedEntityCount, 0)
    const made = maker.createEntity(600, [100, -100, 7])
    assert.throws(
      () => maker.storeEntityIndexKey(made, [5000, 0, 0]),
      refusedWith('InvalidArgument', far),
    )
    assert.throws(
      () => maker.storeEntityIndexKey(made, [0, 0, Number.NaN]),
      refusedWith('InvalidArgument', /finite/),
    )
    assert.deepEqual(maker.loadEntityIndexKey(made), [100, -100, 7])
  })
})

test('an entity made without a position is at 0, 0, 0 if its app has no cell', () => {
  const world = new LockstepWorld({
    customApps: ['maker'],
    bounds: { minX: 1000, maxX: 2000, minY: 1000, maxY: 2000 },
  })
  world.tick(idle, idle, (maker) => {
    const made = maker.createEntity(600)
    assert.deepEqual(maker.loadEntityIndexKey(made), [0, 0, 0])
    assert.throws(
      () => maker.modifyEntityDomain(made, SPATIAL_DOMAIN),
      refusedWith('InvalidArgument', /holds.*\(0, 0\)/),
    )
    maker.storeEntityIndexKey(made, [1500, 1500, 0])
    maker.modifyEntityDomain(made, SPATIAL_DOMAIN)
  })
})

test('an app that begins again gets an Add for all it owns', () => {
  const world = new LockstepWorld()
  const made: Entity[] = []
  world.tick((west) => {
    for (let count = 0; count < 3; count++) made.push(west.createEntity(512, [-10, 0, 0]))
  })
  world.restart(0)
  world.tick((west) =>
    assert.deepEqual(
      kinds(west.ownershipChanges()),
      made.map(({ id }) => `Add ${id}`),
    ),
  )
})

test('ownership changes are kept until they are asked for, and only the last state counts', () => {
  const world = new LockstepWorld({ entitiesPerPartition: 200 })
  const walkers: Entity[] = []
  for (let tick = 0; tick < 100; tick++) {
    world.tick(
      (west) => {
        if (tick === 0)
          for (let count = 0; count < 100; count++) walkers.push(west.createEntity(512, [-1, 0, 0]))
        for (const { id, type } of west.ownedEntities())
          west.storeEntityIndexKey({ id, type }, [1, 0, 0])
      },
      (east) => {
        for (const { id, type } of east.ownedEntities())
          east.storeEntityIndexKey({ id, type }, [-1, 0, 0])
      },
    )
  }
  // 100 walkers changed hands nearly every tick: far more than are kept one by one.
  world.tick(
    (west) => checkEnd(west, west.ownershipChanges()),
    (east) => checkEnd(east, east.ownershipChanges()),
  )
  function checkEnd(
    transaction: Transaction,
    changes: readonly { kind: string; entity: Entity }[],
  ) {
    assert.ok(changes.length < 8192, `${changes.length} changes`)
    const owned = new Set([...transaction.ownedEntities()].map(({ id }) => id))
    const newest = new Map(changes.map(({ kind, entity }) => [entity.id, kind]))
    for (const [id, kind] of newest) assert.equal(kind, owned.has(id) ? 'Add' : 'Remove')
  }
})

test('an entity that arrives and is deleted in one tick is reported as gone', () => {
  const world = new LockstepWorld()
  const everywhere = { minX: -100, minY: -100, maxX: 100, maxY: 100 }
  let moved: Entity | undefined
  world.tick(
    (west) => {
      moved = west.createEntity(512, [-10, 0, 0])
    },
    (east) => void east.createSubscriptionBoundingBox2F32(SPATIAL_DOMAIN, everywhere),
  )
  world.tick((west) => west.storeEntityIndexKey(moved!, [10, 0, 0]))
  const lookAt = (transaction: Transaction) => {
    const arrived = transaction.owned.arrivedRows
    assert.equal(arrived.length, 1)
    transaction.owned.delete(arrived)
    const [born] = transaction.owned.create(600, 1)
    const picture = transaction.neighbourhood(500)
    assert.deepEqual([...picture.ids.subarray(0, picture.count)], [transaction.owned.ids[born]])
    const { count, ids, rows } = transaction.neighbours(10, 0, 20)
    assert.deepEqual([count, ids[0], rows[0]], [1, moved!.id, arrived[0]])
  }
  world.tick(idle, lookAt)
})

test('a message arrives at the next tick, once, with a sender to answer to', () => {
  const world = new LockstepWorld({ customApps: ['clerk'] })
  world.tick((west) => {
    west.sendMessage(west.resolveEndpointByAppName(CUSTOM_DOMAIN, 'clerk'), new Uint8Array([1]))
    west.sendMessage(west.resolveEndpointByPosition(SPATIAL_DOMAIN, 50, 0), new Uint8Array([2]))
    west.sendMessage(west.resolveEndpointByPosition(SPATIAL_DOMAIN, 50, 0), new Uint8Array())
  })
  world.tick(
    idle,
    (east) => {
      assert.deepEqual(
        east.receiveMessages().map(({ payload }) => [...payload]),
        [[2], []],
      )
      assert.deepEqual(east.receiveMessages(), [])
    },
    (clerk) => {
      for (const { sender, payload } of clerk.receiveMessages()) clerk.sendMessage(sender, payload)
    },
  )
  world.tick((west) =>
    assert.deepEqual(
      west.receiveMessages().map(({ payload }) => [...payload]),
      [[1]],
    ),
  )
  world.tick((west) => assert.deepEqual(west.receiveMessages(), []))
})

test('messages that are too long, too many, to oneself or to nobody are refused', () => {
  const world = new LockstepWorld()
  world.tick((west) => {
    const east = west.resolveEndpointByPosition(SPATIAL_DOMAIN, 50, 0)
    const own = west.resolveEndpointByPosition(SPATIAL_DOMAIN, -50, 0)
    assert.throws(() => west.sendMessage(own, new Uint8Array()), refusedWith('InvalidArgument'))
    assert.throws(
      () => west.sendMessage(east, new Uint8Array(257)),
      refusedWith('CapacityExceeded', /256/),
    )
    assert.throws(
      () => west.sendMessage({ partition: 77 }, new Uint8Array()),
      refusedWith('NotFound'),
    )
    const text = 'no bytes' as unknown as Uint8Array
    assert.throws(() => west.sendMessage(east, text), refusedWith('InvalidArgument', /Uint8Array/))
    assert.throws(
      () => west.resolveEndpointByPosition(SPATIAL_DOMAIN, 500, 0),
      refusedWith('InvalidArgument', /500/),
    )
    assert.throws(
      () => west.resolveEndpointByPosition(CUSTOM_DOMAIN, 0, 0),
      refusedWith('InvalidArgument', /domain 'Custom' has no area.*resolveEndpointByAppName/),
    )
    assert.deepEqual(west.resolveEndpointByAppName(SPATIAL_DOMAIN, 'Grid-1-0'), east)
    assert.throws(
      () => west.resolveEndpointByPosition('Nowhere', 0, 0),
      refusedWith('InvalidArgument'),
    )
    assert.throws(
      () => west.resolveEndpointByAppName(CUSTOM_DOMAIN, 'nobody'),
      refusedWith('NotFound'),
    )
    for (let count = 0; count < 128; count++)
      west.sendMessage(east, new Uint8Array(256).fill(count))
    assert.throws(
      () => west.sendMessage(east, new Uint8Array()),
      refusedWith('CapacityExceeded', /at max outgoing/),
    )
    assert.match(world.applications[0].lastErrorMessage, /at max outgoing message capacity/)
  })
  world.tick(idle, (east) => {
    const received = east.receiveMessages()
    assert.equal(received.length, 128)
    for (const [place, { payload }] of received.entries())
      assert.deepEqual(payload, new Uint8Array(256).fill(place))
  })
})
