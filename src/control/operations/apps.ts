// DescribeApp, ListApps, StopApp, DeleteApp. Owns what these show, and the choice between the
// worker's answer and its last status; never starts an app.

import {
  deleteAppWithoutWorker,
  findApp,
  refuseMissingDomain,
  stopAppWithoutWorker,
} from '../../core/lifecycle/apps.ts'
import { isFinal, shownApps, shownStatus } from '../../core/lifecycle/simulation.ts'
import type { AppState } from '../../core/wire/worker-protocol.ts'
import type { OperationHandlers } from '../http/handlers.ts'
import { commandWorker, demand, findSimulation, type OperationContext, refused } from './context.ts'
import { cutPage, pageOf } from './paging.ts'

type Handlers = Pick<OperationHandlers, 'DescribeApp' | 'ListApps' | 'StopApp' | 'DeleteApp'>

export function appOperations(context: OperationContext): Handlers {
  return {
    async DescribeApp(input) {
      const { record, known } = await findSimulation(context, 'DescribeApp', input.Simulation)
      const found = findApp(known, input.Domain, input.App)
      if ('refusal' in found) throw refused('DescribeApp', found.refusal)
      return { ...summaryOf(record.name, found.app), ...detailsOf(found.app, context.address) }
    },

    /**
     * Sorted by domain and name, so that a page continues correctly when apps come and go between
     * two pages.
     */
    async ListApps(input) {
      const list = {
        operation: 'ListApps',
        filter: { Simulation: input.Simulation, Domain: input.Domain },
      } as const
      const page = pageOf(list, context.pageTokenKey, input)
      const { record, known } = await findSimulation(context, 'ListApps', input.Simulation)
      if (input.Domain !== undefined) demand('ListApps', refuseMissingDomain(known, input.Domain))
      const apps = shownApps(known)
        .filter((app) => input.Domain === undefined || app.domain === input.Domain)
        .sort((a, b) => (sortKeyOf(a) < sortKeyOf(b) ? -1 : 1))
        .filter((app) => page.after === undefined || sortKeyOf(app) > page.after)
      const { items, nextToken } = cutPage(page, apps, sortKeyOf)
      return {
        Apps: items.map((app) => summaryOf(record.name, app)),
        ...(nextToken !== undefined && { NextToken: nextToken }),
      }
    },

    async StopApp(input) {
      const simulation = await findSimulation(context, 'StopApp', input.Simulation)
      if (isFinal(shownStatus(simulation.known))) {
        demand('StopApp', stopAppWithoutWorker(simulation.known, input.Domain, input.App))
        return {}
      }
      await commandWorker(context, 'StopApp', simulation, {
        command: 'stopApp',
        domain: input.Domain,
        name: input.App,
      })
      return {}
    },

    async DeleteApp(input) {
      const simulation = await findSimulation(context, 'DeleteApp', input.Simulation)
      if (isFinal(shownStatus(simulation.known))) {
        const deleted = deleteAppWithoutWorker(simulation.known, input.Domain, input.App)
        if ('refusal' in deleted) throw refused('DeleteApp', deleted.refusal)
        await context.store.setWorkerStatus(simulation.record.executionId, deleted.status)
        return {}
      }
      await commandWorker(context, 'DeleteApp', simulation, {
        command: 'deleteApp',
        domain: input.Domain,
        name: input.App,
      })
      return {}
    },
  }
}

function summaryOf(simulation: string, app: AppState) {
  return {
    Name: app.name,
    Domain: app.domain,
    Simulation: simulation,
    Status: app.status,
    TargetStatus: app.targetStatus,
  }
}

function detailsOf(app: AppState, address: string) {
  return {
    ...(app.description !== undefined && { Description: app.description }),
    // As in the service: clients may read the list without checking that it is there.
    LaunchOverrides: { LaunchCommands: app.launchCommands ?? [] },
    ...(app.endpoint !== undefined &&
      app.status === 'STARTED' && {
        EndpointInfo: {
          Address: address,
          IngressPortMappings: app.endpoint.ports.map((port) => ({
            Declared: port.declared,
            Actual: port.actual,
          })),
        },
      }),
  }
}

/** A name contains no slash. */
function sortKeyOf(app: AppState): string {
  return `${app.domain}/${app.name}`
}
