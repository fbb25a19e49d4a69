// A program of a user's project that packages.test.ts compiles: it names most of what the packages
// export. Never run.

import {
  HeddleApiError,
  HeddleClient,
  type InputOf,
  type OutputOf,
  startErrorReasons,
  type WaitOptions,
} from '@heddle/client'
import {
  type Application,
  type ColumnsOf,
  createStandaloneApplication,
  defineField,
  type Entity,
  HeddleError,
  type Nearby,
  type Neighbourhood,
  type OwnershipChange,
  type StandaloneOptions,
  type Subscription,
  type Transaction,
} from '@heddle/sdk'

const options: StandaloneOptions = { seconds: 1, tickRate: 'unlimited' }
const pair = defineField({ index: 2, typeId: 601, shape: { velocity: 'f32x2', health: 'u16' } })

function run(application: Application = createStandaloneApplication(options)): number {
  let seen = 0
  for (const transaction of application.updates()) seen += step(transaction)
  return seen
}

function step(transaction: Transaction): number {
  const entity: Entity = transaction.createEntity(512, [1, 2, 3])
  const [x, y] = transaction.loadEntityIndexKey(entity)
  const columns: ColumnsOf<typeof pair.shape> = transaction.owned.field(pair)
  const velocities: Float32Array = columns.velocity.values
  const healths: Uint16Array = columns.health.values
  const near: Nearby = transaction.neighbours(x, y, 5)
  const all: Neighbourhood = transaction.neighbourhood(5, { list: true })
  const subscription: Subscription = transaction.createSubscriptionBoundingBox2F32('Other', {
    minX: 0,
    minY: 0,
    maxX: 1,
    maxY: 1,
  })
  const changes: OwnershipChange[] = transaction.ownershipChanges()
  const covered = transaction
    .covered(subscription)
    .map(({ columns: { ids }, rows }) => ids.length + rows.length)
  return (
    velocities.length + healths.length + near.count + all.count + changes.length + covered.length
  )
}

function isRefused(error: unknown): boolean {
  return (
    (error instanceof HeddleError && error.code === 'NotOwned') || error instanceof HeddleApiError
  )
}

function start(client: HeddleClient, input: InputOf<'StartSimulation'>, wait: WaitOptions) {
  const started: PromiseLike<OutputOf<'StartSimulation'>> = client.startSimulation(input)
  return started
    .then(() => client.waitUntilStarted(input.Name, wait))
    .then(({ Status, StartError }) => {
      const when: Date | undefined = undefined
      return { Status, when, reasons: startErrorReasons(StartError ?? '[]') }
    })
}

const client = new HeddleClient({ endpoint: 'http://127.0.0.1:4310', region: 'us-west-2' })

void [run, isRefused, start, client]
