import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApplication, createStandaloneApplication, HeddleError } from '@heddle/sdk'
import { CUSTOM_DOMAIN, LockstepWorld, SPATIAL_DOMAIN } from './testing/lockstep.ts'

const oneSecond = { seconds: 1, tickRate: 'unlimited' } as const

function refusedWith(code: HeddleError['code']) {
  return (error: unknown) => error instanceof HeddleError && error.code === code
}

test('the blocking loop runs every tick once, commits for the body, and ends with the time', () => {
  const application = createStandaloneApplication(oneSecond)
  const ticks: number[] = []
  for (const transaction of application.updates()) {
    assert.equal(application.currentTick, transaction.tick)
    ticks.push(transaction.tick)
    if (transaction.tick % 2 === 0) transaction.commit()
  }
  assert.deepEqual(
    ticks,
    Array.from({ length: 30 }, (_, index) => index + 1),
  )
  assert.throws(() => application.beginUpdate(), refusedWith('InvalidState'))
})

test('the asynchronous loop does the same, and leaves the event loop to others', async () => {
  const application = createStandaloneApplication({ seconds: 0.2, tickRate: 50 })
  let turns = 0
  const others = setInterval(() => turns++, 1)
  let ticks = 0
  for await (const transaction of application.updates()) {
    assert.equal(transaction.tick, ++ticks)
    if (ticks === 3) transaction.commit()
  }
  clearInterval(others)
  assert.equal(ticks, 10)
  assert.ok(turns > 3, `${turns} turns`)
})

test('the asynchronous loop yields to the event loop even if each next tick is ready', async () => {
  const application = createStandaloneApplication(oneSecond)
  let turns = 0
  let others = setImmediate(function turn() {
    turns++
    others = setImmediate(turn)
  })
  const turnsBefore: number[] = []
  for await (const _ of application.updates()) turnsBefore.push(turns)
  clearImmediate(others)
  assert.equal(turnsBefore.length, 30)
  for (const [ticks, before] of turnsBefore.entries())
    assert.ok(before >= ticks, `${before} turns in ${ticks} ticks`)
})

test('by hand: begin, commit, and ShuttingDown at the end', () => {
  const application = createStandaloneApplication({ seconds: 2 / 30, tickRate: 'unlimited' })
  for (const tick of [1, 2]) {
    const transaction = application.beginUpdate()
    assert.equal(transaction.tick, tick)
    assert.throws(() => application.beginUpdate(), refusedWith('InvalidState'))
    transaction.commit()
    assert.equal(transaction.isCommitted, true)
  }
  assert.throws(() => application.beginUpdate(), refusedWith('ShuttingDown'))
  application.destroy()
  application.destroy()
  assert.throws(() => application.beginUpdateWillBlock(), refusedWith('InvalidState'))
})

test('by hand without blocking', async () => {
  const application = createStandaloneApplication({ seconds: 1 / 30, tickRate: 'unlimited' })
  const transaction = await application.beginUpdateAsync()
  transaction.commit()
  await assert.rejects(application.beginUpdateAsync(), refusedWith('ShuttingDown'))
})

test('an app may ask whether the next tick would be waited for', () => {
  const world = new LockstepWorld()
  const [application] = world.applications
  assert.equal(application.beginUpdateWillBlock(), true)
  world.release()
  assert.equal(application.beginUpdateWillBlock(), false)
})

test('nothing works in an update that is committed', () => {
  const application = createStandaloneApplication(oneSecond)
  const transaction = application.beginUpdate()
  const entity = transaction.createEntity(512)
  const subscription = transaction.createSubscriptionBoundingBox2F32('Standalone', {
    minX: 0,
    minY: 0,
    maxX: 1,
    maxY: 1,
  })
  transaction.commit()
  const late: (() => unknown)[] = [
    () => transaction.commit(),
    () => transaction.createEntity(512),
    () => transaction.deleteEntity(entity),
    () => [...transaction.ownedEntities()],
    () => transaction.loadEntityIndexKey(entity),
    () => transaction.storeEntityIndexKey(entity, [0, 0, 0]),
    () => transaction.storeEntityField(entity, 1, 700, new Uint8Array()),
    () => transaction.ownershipChanges(),
    () => transaction.allSubscriptionEvents(),
    () => transaction.deleteSubscription(subscription),
    () => transaction.receiveMessages(),
    () => transaction.sendMessage({ partition: 0 }, new Uint8Array()),
    () => transaction.ownedEntityCount,
    () => transaction.owned.rows,
    () => transaction.owned.count,
  ]
  for (const call of late) assert.throws(call, refusedWith('InvalidState'), String(call))
})

test('an app knows its partition and all others', () => {
  const world = new LockstepWorld({ columns: 2, rows: 2, customApps: ['view'] })
  const [, application] = world.applications
  assert.deepEqual(application.assignedPartitions(), [
    {
      id: 1,
      domain: SPATIAL_DOMAIN,
      domainType: 'Spatial',
      appName: 'Grid-1-0',
      bounds: { minX: 0, maxX: 100, minY: -100, maxY: 0 },
    },
  ])
  assert.equal(application.allPartitions().length, 5)
  assert.deepEqual(application.allPartitions()[4], {
    id: 4,
    domain: CUSTOM_DOMAIN,
    domainType: 'Custom',
    appName: 'view',
  })
})

test('declared ports are told as the ports to bind to, and others are NotFound', () => {
  const [application] = new LockstepWorld().applications
  assert.equal(application.ingressPort(7000), 45000)
  assert.throws(() => application.ingressPort(7001), refusedWith('NotFound'))
  assert.match(application.lastErrorMessage, /7001/)
})

test('metrics count what an app does, and begin again when told', () => {
  const application = createStandaloneApplication(oneSecond)
  const first = application.beginUpdate()
  const [one, other] = [first.createEntity(512), first.createEntity(512)]
  first.storeEntityField(one, 1, 700, new Uint8Array([1]))
  first.loadEntityField(one, 1)
  first.deleteEntity(other)
  first.commit()
  const expected = {
    totalCommittedTicks: 1,
    activeEntity: 1,
    ticksSinceReset: 1,
    loadField: 1,
    storeField: 1,
    createdEntity: 2,
    deletedEntity: 1,
    enteredEntity: 0,
    exitedEntity: 0,
    rejectedIncomingTransfer: 0,
    rejectedOutgoingTransfer: 0,
  }
  assert.deepEqual(application.runtimeMetrics(), expected)
  application.resetRuntimeMetrics()
  application.beginUpdate().commit()
  assert.deepEqual(application.runtimeMetrics(), {
    ...expected,
    totalCommittedTicks: 2,
    ticksSinceReset: 1,
    loadField: 0,
    storeField: 0,
    createdEntity: 0,
    deletedEntity: 0,
  })
})

test('limits can be asked for by name', () => {
  const application = createStandaloneApplication(oneSecond)
  assert.equal(application.runtimeLimit('EntitiesPerPartition'), 8192)
  assert.equal(application.runtimeLimit('LocalEntityTransfers'), 8192)
  assert.throws(
    () => application.runtimeLimit('Nothing' as 'EntitiesPerPartition'),
    refusedWith('InvalidArgument'),
  )
  assert.equal(application.lastErrorMessage, "InvalidArgument: there is no limit called 'Nothing'")
})

test('the limit of transfers is the quota that the handoffs keep, where there is one', () => {
  const world = new LockstepWorld({ entitiesPerPartition: 10, transfersPerTick: 3 })
  const [west, east] = world.applications
  assert.equal(west.runtimeLimit('EntitiesPerPartition'), 10)
  assert.equal(west.runtimeLimit('LocalEntityTransfers'), 3)
  assert.equal(west.runtimeLimit('RemoteEntityTransfers'), 3)
  world.tick((transaction) => {
    for (let made = 0; made < 5; made++) transaction.createEntity(512, [50, 0, 0])
  })
  world.tick()
  assert.equal(east.runtimeMetrics().enteredEntity, 3)
})

test('a program that no worker started is told what to do', () => {
  assert.equal(process.env.HEDDLE_FABRIC, undefined)
  assert.throws(() => createApplication(), /NotConnected: .*createStandaloneApplication/)
})
