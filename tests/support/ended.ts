// Puts ended simulations into the store of a Heddle that is down: many at once, for tests of lists
// and queries.
// Owns what such a record contains; never touches a store in use.

import { randomUUID } from 'node:crypto'
import { simulationArn } from '../../src/core/lifecycle/resource-name.ts'
import { emptyStatus } from '../../src/core/lifecycle/simulation.ts'
import { openSqliteStore } from '../../src/io/store/sqlite-store.ts'

interface EndedSimulation {
  readonly name: string
  readonly tags?: Record<string, string>
  /** Apps of the domain `View`. */
  readonly apps?: readonly string[]
}

const owner = { region: 'us-west-2', accountId: '111122223333' }

export async function storeEnded(
  path: string,
  simulations: readonly EndedSimulation[],
): Promise<void> {
  const store = openSqliteStore(path)
  try {
    for (const { name, tags = {}, apps = [] } of simulations) {
      const executionId = randomUUID()
      await store.createSimulation({
        name,
        executionId,
        arn: simulationArn(owner, name),
        createdAtMs: Date.now(),
        roleArn: `arn:aws:iam::${owner.accountId}:role/any`,
        description: 'as its worker has left it',
        maximumDuration: '14D',
        schemaLocation: { bucket: 'schemas', key: 'schema.yaml' },
        tags,
        targetStatus: 'STOPPED',
        launched: true,
        workerStatus: {
          ...emptyStatus(executionId),
          revision: 12,
          status: 'STOPPED',
          tick: 1000,
          logGroup: 'ended',
          domains: [{ name: 'View', lifecycle: 'ByRequest' }],
          apps: apps.map((app) => ({
            domain: 'View',
            name: app,
            lifecycle: 'ByRequest',
            status: 'STOPPED',
            targetStatus: 'STOPPED',
          })),
        },
      })
    }
  } finally {
    await store.close()
  }
}
