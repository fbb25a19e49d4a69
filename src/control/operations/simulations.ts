// DescribeSimulation, ListSimulations, StopSimulation, DeleteSimulation. Owns what these show and
// the order of storing and doing; never starts a worker.

import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectLocation } from '../../base/object-location.ts'
import { logGroupArn } from '../../core/lifecycle/resource-name.ts'
import { isFinal, refuseDeletion, shownStatus } from '../../core/lifecycle/simulation.ts'
import { startErrorText } from '../../core/schema/start-error.ts'
import type { WorkerStatus } from '../../core/wire/worker-protocol.ts'
import type { OperationHandlers } from '../http/handlers.ts'
import { demand, findSimulation, noSimulation, type OperationContext } from './context.ts'
import { cutPage, pageOf } from './paging.ts'
import { Remembered } from './remembered.ts'

type Handlers = Pick<
  OperationHandlers,
  'DescribeSimulation' | 'ListSimulations' | 'StopSimulation' | 'DeleteSimulation'
>
type Description = Awaited<ReturnType<OperationHandlers['DescribeSimulation']>>
type ListInput = Parameters<OperationHandlers['ListSimulations']>[0]
type SimulationList = Awaited<ReturnType<OperationHandlers['ListSimulations']>>

/** A list may have 1,000 simulations. */
const LISTS_REMEMBERED_MAX = 64
const DESCRIPTIONS_REMEMBERED_MAX = 4096
/**
 * How long DeleteSimulation waits for processes to end. Afterwards it answers, and the ending goes
 * on.
 */
const REMOVAL_WAIT_MS = 3_000

export function simulationOperations(context: OperationContext): Handlers {
  const revision = () => `${context.store.revision()} ${context.supervisor.revision}`
  const descriptions = new Remembered<Description>(revision, DESCRIPTIONS_REMEMBERED_MAX)
  const lists = new Remembered<SimulationList>(revision, LISTS_REMEMBERED_MAX)
  return {
    async DescribeSimulation(input) {
      return descriptions.answer(input.Simulation, () => describe(context, input.Simulation))
    },

    async ListSimulations(input) {
      return lists.answer(`${input.MaxResults} ${input.NextToken}`, () => list(context, input))
    },

    /**
     * Stopping a simulation that is stopping or has ended succeeds, because the caller gets what it
     * asked for.
     */
    async StopSimulation(input) {
      const { record } = await findSimulation(context, 'StopSimulation', input.Simulation)
      if (!(await context.store.setTargetStatus(record.executionId, 'STOPPED'))) {
        throw noSimulation('StopSimulation', input.Simulation)
      }
      await context.supervisor.find(record.executionId)?.stop()
      return {}
    },

    async DeleteSimulation(input) {
      const { record, known } = await findSimulation(context, 'DeleteSimulation', input.Simulation)
      demand('DeleteSimulation', refuseDeletion(known))
      if (!(await context.store.deleteSimulation(record.executionId))) {
        throw noSimulation('DeleteSimulation', input.Simulation)
      }
      await Promise.race([
        context.supervisor.remove(record.executionId),
        sleep(REMOVAL_WAIT_MS, undefined, { ref: false }),
      ])
      return {}
    },
  }
}

async function describe(context: OperationContext, name: string): Promise<Description> {
  const { record, known } = await findSimulation(context, 'DescribeSimulation', name)
  const { workerStatus } = known
  return {
    Name: record.name,
    Arn: record.arn,
    ExecutionId: record.executionId,
    CreationTime: new Date(record.createdAtMs),
    RoleArn: record.roleArn,
    MaximumDuration: record.maximumDuration,
    Status: shownStatus(known),
    TargetStatus: record.targetStatus,
    ...(record.description !== undefined && { Description: record.description }),
    ...(record.schemaLocation !== undefined && {
      SchemaS3Location: s3Location(record.schemaLocation),
    }),
    ...(record.snapshotLocation !== undefined && {
      SnapshotS3Location: s3Location(record.snapshotLocation),
    }),
    ...(workerStatus !== undefined && runtimeOf(context, workerStatus)),
  }
}

async function list(context: OperationContext, input: ListInput): Promise<SimulationList> {
  const page = pageOf({ operation: 'ListSimulations', filter: {} }, context.pageTokenKey, input)
  const records = await context.store.listSimulations({
    countMax: page.countMax + 1,
    ...(page.after !== undefined && { afterName: page.after }),
  })
  const { items, nextToken } = cutPage(page, records, (record) => record.name)
  return {
    Simulations: items.map((record) => ({
      Name: record.name,
      Arn: record.arn,
      CreationTime: new Date(record.createdAtMs),
      Status: shownStatus(context.supervisor.known(record)),
      TargetStatus: record.targetStatus,
    })),
    ...(nextToken !== undefined && { NextToken: nextToken }),
  }
}

/** The facts that only the worker knows. */
function runtimeOf(context: OperationContext, status: WorkerStatus): Partial<Description> {
  return {
    ...(status.startErrors.length > 0 && { StartError: startErrorText(status.startErrors) }),
    ...(status.logGroup !== undefined && {
      LoggingConfiguration: {
        Destinations: [
          { CloudWatchLogsLogGroup: { LogGroupArn: logGroupArn(context.owner, status.logGroup) } },
        ],
      },
    }),
    // Before the schema is read there is nothing to show; an ended simulation keeps its last state.
    ...((status.domains.length > 0 ||
      (!isFinal(status.status) && status.status !== 'STARTING')) && {
      LiveSimulationState: {
        Clocks: [{ Status: status.clock.status, TargetStatus: status.clock.targetStatus }],
        Domains: status.domains.map((domain) => ({
          Name: domain.name,
          Lifecycle: domain.lifecycle,
        })),
      },
    }),
  }
}

function s3Location(location: ObjectLocation): { BucketName: string; ObjectKey: string } {
  return { BucketName: location.bucket, ObjectKey: location.key }
}
