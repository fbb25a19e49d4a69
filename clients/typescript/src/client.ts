// The client of the API: a method for each operation, lists without pages, and waits.
// Owns what a wait asks for; the operations come from the table (caller.ts). Keeps no state of the
// service.

import type { InputOf, OutputOf } from '../../../src/core/api/operations.ts'
import type { ValueOf } from '../../../src/core/api/shapes.ts'
import { type CallOptions, OperationCaller } from './caller.ts'
import { HeddleApiError, startErrorReasons } from './errors.ts'
import { type PagedName, pages } from './pages.ts'
import { type Seen, type WaitOptions, waitFor } from './waiting.ts'

/** What names one app. */
export type AppName = InputOf<'DescribeApp'>

type Simulation = OutputOf<'DescribeSimulation'>
type App = OutputOf<'DescribeApp'>
type SimulationStatus = Simulation['Status']

/** From these no simulation comes back. */
const ENDING: readonly SimulationStatus[] = ['FAILED', 'STOPPING', 'STOPPED', 'DELETING', 'DELETED']

/**
 * A client for one endpoint, region and set of credentials.
 *
 *     const client = new HeddleClient({ endpoint: 'http://127.0.0.1:4310' })
 *     await client.startSimulation({ Name: 'world', RoleArn, SchemaS3Location })
 *     await client.waitUntilStarted('world')
 */
export class HeddleClient extends OperationCaller {
  /** Every page of a list, as the service answers them. */
  pages<Name extends PagedName>(
    name: Name,
    input: InputOf<Name>,
    options?: CallOptions,
  ): AsyncGenerator<OutputOf<Name>, void, undefined> {
    return pages(this, name, input, options)
  }

  /** Every simulation that is not deleted; a page is asked for when it is needed. */
  async *listAllSimulations(
    input: InputOf<'ListSimulations'> = {},
    options?: CallOptions,
  ): AsyncGenerator<ValueOf<'SimulationSummary'>, void, undefined> {
    for await (const page of this.pages('ListSimulations', input, options)) yield* page.Simulations
  }

  /** Every app of a simulation, or of one of its domains. */
  async *listAllApps(
    input: InputOf<'ListApps'>,
    options?: CallOptions,
  ): AsyncGenerator<ValueOf<'AppSummary'>, void, undefined> {
    for await (const page of this.pages('ListApps', input, options)) yield* page.Apps
  }

  /** Fails with the StartError where the simulation does. */
  async waitUntilStarted(name: string, options: WaitOptions = {}): Promise<Simulation> {
    return await this.#waitForSimulation(
      name,
      options,
      (found) => found.Status === 'STARTED',
      ENDING,
    )
  }

  /** Fails where the simulation has failed instead. */
  async waitUntilStopped(name: string, options: WaitOptions = {}): Promise<Simulation> {
    return await this.#waitForSimulation(name, options, (found) => found.Status === 'STOPPED', [
      'FAILED',
    ])
  }

  /** Until there is no simulation of that name. */
  async waitUntilDeleted(name: string, options: WaitOptions = {}): Promise<void> {
    const look = async (): Promise<Seen<true>> => {
      try {
        const { Status } = await this.describeSimulation({ Simulation: name }, callOptions(options))
        return { status: Status }
      } catch (error) {
        const isGone = error instanceof HeddleApiError && error.code === 'ResourceNotFoundException'
        if (isGone) return { status: 'DELETED', result: true }
        throw error
      }
    }
    await waitFor(`simulation ${name}`, look, options)
  }

  /**
   * Until the snapshot that was asked for is no longer being made. The service does not tell here
   * whether it is good.
   */
  async waitUntilSnapshotEnds(name: string, options: WaitOptions = {}): Promise<Simulation> {
    return await this.#waitForSimulation(
      name,
      options,
      (found) => found.Status === 'STARTED',
      ENDING,
    )
  }

  async waitUntilClockStarted(name: string, options: WaitOptions = {}): Promise<Simulation> {
    return await this.#waitForSimulation(
      name,
      options,
      (found) => clockStatus(found) === 'STARTED',
      ENDING,
      clockStatus,
    )
  }

  async waitUntilClockStopped(name: string, options: WaitOptions = {}): Promise<Simulation> {
    return await this.#waitForSimulation(
      name,
      options,
      (found) => clockStatus(found) === 'STOPPED',
      ENDING,
      clockStatus,
    )
  }

  async waitUntilAppStarted(app: AppName, options: WaitOptions = {}): Promise<App> {
    return await this.#waitForApp(app, options, 'STARTED', ['ERROR', 'STOPPING', 'STOPPED'])
  }

  /** Fails where the app has failed instead. */
  async waitUntilAppStopped(app: AppName, options: WaitOptions = {}): Promise<App> {
    return await this.#waitForApp(app, options, 'STOPPED', ['ERROR'])
  }

  async #waitForSimulation(
    name: string,
    options: WaitOptions,
    isDone: (found: Simulation) => boolean,
    failed: readonly SimulationStatus[],
    shown: (found: Simulation) => string = (found) => found.Status,
  ): Promise<Simulation> {
    const look = async (): Promise<Seen<Simulation>> => {
      const found = await this.describeSimulation({ Simulation: name }, callOptions(options))
      if (isDone(found)) return { status: shown(found), result: found }
      if (!failed.includes(found.Status)) return { status: shown(found) }
      return {
        status: found.Status,
        failure: `simulation ${name} is ${found.Status}${startErrorText(found)}`,
      }
    }
    return await waitFor(`simulation ${name}`, look, options)
  }

  async #waitForApp(
    app: AppName,
    options: WaitOptions,
    wanted: App['Status'],
    failed: readonly App['Status'][],
  ): Promise<App> {
    const look = async (): Promise<Seen<App>> => {
      const found = await this.describeApp(app, callOptions(options))
      if (found.Status === wanted) return { status: found.Status, result: found }
      if (!failed.includes(found.Status)) return { status: found.Status }
      return { status: found.Status, failure: `app ${app.App} is ${found.Status}` }
    }
    return await waitFor(`app ${app.App}`, look, options)
  }
}

function callOptions({ signal }: WaitOptions): CallOptions {
  return signal === undefined ? {} : { signal }
}

function clockStatus(found: Simulation): string {
  return found.LiveSimulationState?.Clocks?.[0]?.Status ?? 'UNKNOWN'
}

function startErrorText({ StartError }: Simulation): string {
  if (StartError === undefined) return ''
  const reasons = startErrorReasons(StartError).map(
    ({ errorType, errorMessage }) => `${errorType}: ${errorMessage}`,
  )
  return `: ${reasons.length === 0 ? StartError : reasons.join('; ')}`
}
