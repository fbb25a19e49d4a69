// A small, real service over maps, for tests of the HTTP server with real clients. Owns just enough
// state to answer all 16 operations; never launches anything.

import { ApiError } from '../../../core/api/errors.ts'
import type { OutputOf } from '../../../core/api/operations.ts'
import { decodePageToken, encodePageToken, type PagedList } from '../../../core/api/page-token.ts'
import type { ValueOf } from '../../../core/api/shapes.ts'
import type { CallContext, OperationHandlers } from '../handlers.ts'

export interface ExampleService {
  readonly handlers: OperationHandlers
  /** The calls that handlers got, oldest first. */
  readonly calls: {
    readonly operation: string
    readonly input: unknown
    readonly call: CallContext
  }[]
}

type Simulation = {
  -readonly [Key in keyof OutputOf<'DescribeSimulation'>]: OutputOf<'DescribeSimulation'>[Key]
}
type App = { -readonly [Key in keyof OutputOf<'DescribeApp'>]: OutputOf<'DescribeApp'>[Key] }
type ClockStatus = ValueOf<'ClockTargetStatus'>

const PAGE_KEY = new Uint8Array(32).fill(7)
export const EXAMPLE_TIME = new Date(1_664_921_418_090)

export function createExampleService(): ExampleService {
  const calls: ExampleService['calls'] = []
  const simulations = new Map<string, Simulation>()
  const apps = new Map<string, App>()
  const tags = new Map<string, Map<string, string>>()

  function simulationOf(name: string): Simulation {
    const simulation = simulations.get(name)
    if (simulation === undefined)
      throw new ApiError('ResourceNotFoundException', `There is no simulation '${name}'`)
    return simulation
  }
  function appKey(simulation: string, domain: string, name: string): string {
    return `${simulation}/${domain}/${name}`
  }
  function appOf(simulation: string, domain: string, name: string): App {
    const app = apps.get(appKey(simulation, domain, name))
    if (app === undefined)
      throw new ApiError('ResourceNotFoundException', `There is no app '${name}'`)
    return app
  }
  function tagsOf(arn: string): Map<string, string> {
    const found = tags.get(arn)
    if (found === undefined)
      throw new ApiError('ResourceNotFoundException', `There is no resource '${arn}'`)
    return found
  }
  function setClock(name: string, status: ClockStatus): void {
    simulationOf(name).LiveSimulationState = { Clocks: [{ Status: status, TargetStatus: status }] }
  }

  const handlers: OperationHandlers = {
    async StartSimulation(input) {
      if (simulations.has(input.Name))
        throw new ApiError('ConflictException', `'${input.Name}' exists already`)
      const Arn = `arn:aws:simspaceweaver:us-west-2:111122223333:simulation/${input.Name}`
      const ExecutionId = '01234567-89ab-cdef-0123-456789abcdef'
      const { ClientToken: _, Tags, ...kept } = input
      const Status = 'STARTED' as const
      simulations.set(input.Name, {
        ...kept,
        Arn,
        ExecutionId,
        CreationTime: EXAMPLE_TIME,
        Status,
        TargetStatus: Status,
      })
      tags.set(Arn, new Map(Object.entries(Tags ?? {})))
      setClock(input.Name, 'STOPPED')
      return { Arn, CreationTime: EXAMPLE_TIME, ExecutionId }
    },
    async DescribeSimulation(input) {
      return { ...simulationOf(input.Simulation) }
    },
    async ListSimulations(input) {
      const list: PagedList = { operation: 'ListSimulations', filter: {} }
      const sorted = [...simulations.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1))
      const page = pageOf(list, sorted, (simulation) => simulation.Name, input)
      return { Simulations: page.items, NextToken: page.nextToken }
    },
    async StopSimulation(input) {
      const simulation = simulationOf(input.Simulation)
      simulation.Status = 'STOPPED'
      simulation.TargetStatus = 'STOPPED'
      return {}
    },
    async DeleteSimulation(input) {
      const simulation = simulationOf(input.Simulation)
      if (simulation.Status !== 'STOPPED')
        throw new ApiError('ConflictException', 'Stop the simulation first')
      simulations.delete(input.Simulation)
      return {}
    },
    async StartClock(input) {
      setClock(input.Simulation, 'STARTED')
      return {}
    },
    async StopClock(input) {
      setClock(input.Simulation, 'STOPPED')
      return {}
    },
    async StartApp(input) {
      simulationOf(input.Simulation)
      const { ClientToken: _, ...kept } = input
      const EndpointInfo = {
        Address: '127.0.0.1',
        IngressPortMappings: [{ Declared: 7000, Actual: 7001 }],
      }
      const app: App = { ...kept, EndpointInfo, Status: 'STARTED', TargetStatus: 'STARTED' }
      apps.set(appKey(input.Simulation, input.Domain, input.Name), app)
      return { Simulation: input.Simulation, Domain: input.Domain, Name: input.Name }
    },
    async DescribeApp(input) {
      return { ...appOf(input.Simulation, input.Domain, input.App) }
    },
    async ListApps(input) {
      const list: PagedList = {
        operation: 'ListApps',
        filter: { simulation: input.Simulation, domain: input.Domain },
      }
      const keyOf = (app: App) => appKey(app.Simulation, app.Domain, app.Name)
      const sorted = [...apps.values()]
        .filter(
          (app) =>
            app.Simulation === input.Simulation && (input.Domain ?? app.Domain) === app.Domain,
        )
        .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
      const page = pageOf(list, sorted, keyOf, input)
      return { Apps: page.items, NextToken: page.nextToken }
    },
    async StopApp(input) {
      const app = appOf(input.Simulation, input.Domain, input.App)
      app.Status = 'STOPPED'
      app.TargetStatus = 'STOPPED'
      return {}
    },
    async DeleteApp(input) {
      appOf(input.Simulation, input.Domain, input.App)
      apps.delete(appKey(input.Simulation, input.Domain, input.App))
      return {}
    },
    async CreateSnapshot(input) {
      simulationOf(input.Simulation)
      return {}
    },
    async ListTagsForResource(input) {
      return { Tags: Object.fromEntries(tagsOf(input.ResourceArn)) }
    },
    async TagResource(input) {
      const found = tagsOf(input.ResourceArn)
      for (const [key, value] of Object.entries(input.Tags)) found.set(key, value)
      return {}
    },
    async UntagResource(input) {
      const found = tagsOf(input.ResourceArn)
      for (const key of input.TagKeys) found.delete(key)
      return {}
    },
  }
  return { handlers: recording(handlers, calls), calls }
}

function recording(handlers: OperationHandlers, calls: ExampleService['calls']): OperationHandlers {
  const entries = Object.entries(handlers).map(([operation, handler]) => [
    operation,
    (input: never, call: CallContext) => {
      calls.push({ operation, input, call })
      return handler(input, call)
    },
  ])
  return Object.fromEntries(entries) as OperationHandlers
}

function pageOf<Item>(
  list: PagedList,
  sorted: readonly Item[],
  keyOf: (item: Item) => string,
  asked: { readonly MaxResults?: number; readonly NextToken?: string },
): { items: Item[]; nextToken: string | undefined } {
  const start =
    asked.NextToken === undefined ? undefined : decodePageToken(list, asked.NextToken, PAGE_KEY)
  if (start?.ok === false) throw start.error
  const rest = sorted.filter((item) => start === undefined || keyOf(item) > start.after)
  const items = rest.slice(0, asked.MaxResults ?? 100)
  const last = items.at(-1)
  const more = items.length < rest.length && last !== undefined
  return { items, nextToken: more ? encodePageToken(list, keyOf(last), PAGE_KEY) : undefined }
}
