// An app's life: attached to its partition, tick by tick, until it shuts down.
// Owns the order of calls and what outlives a tick (subscriptions, metrics, ownership changes);
// what happens inside a tick is the transaction's.

import { setImmediate } from 'node:timers/promises'
import { cellOf } from '../../../src/core/fabric/memory/fabric.ts'
import { PartitionOwner } from '../../../src/core/fabric/owner/partition-owner.ts'
import type { ApplicationState } from './application-state.ts'
import { HeddleError } from './errors.ts'
import type { Host } from './host.ts'
import { emptyMetrics, type RuntimeMetrics } from './metrics.ts'
import type { Partition } from './model.ts'
import { NearbyFinder } from './nearby.ts'
import { NeighbourValues } from './neighbour-values.ts'
import { Neighbourhood } from './neighbourhood.ts'
import { Others } from './others.ts'
import { OwnershipLog } from './ownership-log.ts'
import { describePartition } from './partitions.ts'
import { PhaseTimer } from './phase-timer.ts'
import { Transaction } from './transaction.ts'

export type { StandaloneOptions } from './standalone-host.ts'

export type RuntimeLimitKind =
  | 'EntitiesPerPartition'
  | 'RemoteEntityTransfers'
  | 'LocalEntityTransfers'

export class Application {
  readonly #state: ApplicationState
  #open: Transaction | undefined
  #destroyed = false
  #lastErrorMessage = ''

  /** @internal Use createApplication or createStandaloneApplication. */
  constructor(host: Host) {
    this.#state = {
      host,
      cell: cellOf(host.fabric, host.fabric.partition(host.partition)),
      owner: new PartitionOwner(host.fabric, host.partition, { refusesOutside: true }),
      subscriptions: new Map(),
      ownership: new OwnershipLog(),
      metrics: emptyMetrics(),
      phases: new PhaseTimer(host),
      nextSubscriptionId: 1,
      subscriptionsVersion: 0,
      others: new Others(),
      nearby: new NearbyFinder(),
      neighbourhood: new Neighbourhood(),
      neighbourValues: new NeighbourValues(),
      failed: (error) => {
        this.#lastErrorMessage = error.message
        return error
      },
      committed: () => {
        this.#open = undefined
      },
    }
  }

  /**
   * Every tick until the simulation shuts down, as a loop:
   * `for (const transaction of application.updates())` blocks between ticks, `for await (…)`
   * leaves the event loop to others.
   * A transaction that the body did not commit is committed when the body ends; at shutdown the
   * application is destroyed.
   */
  updates(): Iterable<Transaction> & AsyncIterable<Transaction> {
    const application = this
    return {
      *[Symbol.iterator]() {
        for (;;) {
          if (application.#waitForTick() === 'shutdown') break
          const transaction = application.#begin()
          yield transaction
          if (!transaction.isCommitted) transaction.commit()
        }
        application.destroy()
      },
      async *[Symbol.asyncIterator]() {
        for (;;) {
          if ((await application.#waitForTickAsync()) === 'shutdown') break
          const transaction = application.#begin()
          yield transaction
          if (!transaction.isCommitted) transaction.commit()
        }
        application.destroy()
      },
    }
  }

  /** Would `beginUpdate` wait now? */
  beginUpdateWillBlock(): boolean {
    this.#requireAlive()
    return this.#state.host.poll() === 'wait'
  }

  /**
   * Waits for the next tick and opens it. Throws HeddleError ShuttingDown where there will be none.
   */
  beginUpdate(): Transaction {
    if (this.#waitForTick() === 'shutdown') throw this.#shuttingDown()
    return this.#begin()
  }

  /** The same without blocking the event loop. */
  async beginUpdateAsync(): Promise<Transaction> {
    if ((await this.#waitForTickAsync()) === 'shutdown') throw this.#shuttingDown()
    return this.#begin()
  }

  /** The tick that is open, or the last one committed. */
  get currentTick(): number {
    return this.#open?.tick ?? this.#state.host.fabric.control.committedTick
  }

  /**
   * 1, as a rule. More where processes of this app before this one have failed in the tick that is
   * to be computed first: 2 after one of them, 3 after two. Whoever was ended by a message meets it
   * again then, and may look at it more carefully, or leave it out. It is 1 again after this
   * process's first commit.
   */
  get attempt(): number {
    return this.#state.metrics.totalCommittedTicks === 0 ? this.#state.host.attempt : 1
  }

  /** The partition that this app owns, as a list of one. */
  assignedPartitions(): Partition[] {
    return [describePartition(this.#state.host, this.#state.host.partition)]
  }

  allPartitions(): Partition[] {
    const { host } = this.#state
    return [...host.fabric.partitions()].map((index) => describePartition(host, index))
  }

  /** The port to bind to for a port that the schema declares. */
  ingressPort(declared: number): number {
    const actual = this.#state.host.ports.get(declared)
    if (actual === undefined)
      throw this.#state.failed(
        new HeddleError(
          'NotFound',
          `the schema declares no ingress port ${declared} for this domain`,
        ),
      )
    return actual
  }

  runtimeLimit(kind: RuntimeLimitKind): number {
    const { control, world } = this.#state.host.fabric
    const { entityLimit } = control.sizes
    const transfers = Math.min(entityLimit, world.description.transfersPerTick ?? entityLimit)
    const limits: Record<RuntimeLimitKind, number> = {
      EntitiesPerPartition: entityLimit,
      RemoteEntityTransfers: transfers,
      LocalEntityTransfers: transfers,
    }
    const limit = limits[kind]
    if (limit === undefined)
      throw this.#state.failed(
        new HeddleError('InvalidArgument', `there is no limit called '${kind}'`),
      )
    return limit
  }

  runtimeMetrics(): RuntimeMetrics {
    return { ...this.#state.metrics, activeEntity: this.#state.owner.population }
  }

  /** Counters begin at 0 again; gauges stay. */
  resetRuntimeMetrics(): void {
    this.#state.metrics = {
      ...emptyMetrics(),
      totalCommittedTicks: this.#state.metrics.totalCommittedTicks,
    }
  }

  /**
   * The message of the last error that a call of this application threw; empty where there was
   * none.
   */
  get lastErrorMessage(): string {
    return this.#lastErrorMessage
  }

  /**
   * Says that this app is done. Exiting without it counts as a failure. An open transaction is
   * dropped.
   */
  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#state.host.destroy()
  }

  #begin(): Transaction {
    const { host, owner, ownership, metrics, phases } = this.#state
    phases.end('wait')
    owner.begin(host.fabric.control.tick)
    const { added, removed, rejected } = owner.ownership
    ownership.add(owner)
    metrics.enteredEntity += added.length
    metrics.exitedEntity += removed.length
    metrics.rejectedOutgoingTransfer += rejected.length
    metrics.rejectedIncomingTransfer += owner.rejectedIncoming
    this.#open = new Transaction(this.#state)
    phases.end('read')
    return this.#open
  }

  #waitForTick(): 'tick' | 'shutdown' {
    this.#requireNoUpdate()
    for (;;) {
      const found = this.#state.host.poll()
      if (found !== 'wait') return found
      this.#state.host.wait()
    }
  }

  async #waitForTickAsync(): Promise<'tick' | 'shutdown'> {
    this.#requireNoUpdate()
    // Where the tick is there already too: else the sockets and timers of an app that is always
    // late would never have their turn.
    if (this.#state.host.poll() !== 'wait') await setImmediate()
    for (;;) {
      const found = this.#state.host.poll()
      if (found !== 'wait') return found
      await this.#state.host.waitAsync()
    }
  }

  #requireAlive(): void {
    if (this.#destroyed)
      throw this.#state.failed(new HeddleError('InvalidState', 'the application is destroyed'))
  }

  #requireNoUpdate(): void {
    this.#requireAlive()
    if (this.#open)
      throw this.#state.failed(
        new HeddleError('InvalidState', 'an update is open: commit it first'),
      )
  }

  #shuttingDown(): HeddleError {
    return this.#state.failed(
      new HeddleError(
        'ShuttingDown',
        'the simulation shuts down: destroy the application and exit',
      ),
    )
  }
}
