// The view app's life: it watches the whole world and passes on what it sees.
// Owns what is read and how often; audience.ts owns the clients.

import type { Application, Subscription, Transaction } from '@heddle/sdk'
import type { Audience } from './audience.ts'
import { Census } from './census.ts'
import { encodeFrame, type Frame } from './frame.ts'

interface ViewOptions {
  /** The spatial domain to watch. */
  domain: string
  /** Interval between frames, in ticks. */
  every: number
}

/** Returns the domain of the simulation's first spatial partition. Throws if there is none. */
export function firstSpatialDomain(application: Application): string {
  const found = application.allPartitions().find(({ domainType }) => domainType === 'Spatial')
  if (!found) throw new Error('this simulation has no spatial domain')
  return found.domain
}

/** Runs until the simulation shuts down. */
export async function runView(
  application: Application,
  audience: Audience,
  options: ViewOptions,
): Promise<void> {
  const view = new View(application, options)
  for await (const transaction of application.updates()) {
    const frame = view.look(transaction)
    // Commits first: others wait for the commit, but not for the sending.
    transaction.commit()
    if (frame && audience.size > 0) audience.send(encodeFrame(frame))
  }
}

export class View {
  readonly #options: ViewOptions
  readonly #census: Census
  #crowd: Subscription | undefined

  constructor(application: Application, options: ViewOptions) {
    this.#options = options
    const cells = application.allPartitions().filter(({ domain }) => domain === options.domain)
    this.#census = new Census(cells.map(({ bounds }) => bounds!))
  }

  /** Returns the crowd as of the last tick if a frame is due; valid until the next call. */
  look(transaction: Transaction): Frame | undefined {
    const { domain, every } = this.#options
    this.#crowd ??= transaction.createSubscriptionBoundingBox2F32(domain, this.#census.world)
    const tick = transaction.tick - 1
    if (tick % every !== 0) return undefined
    this.#census.begin()
    for (const { columns, rows, x, y } of transaction.covered(this.#crowd)) {
      const { ids } = columns
      for (let place = 0; place < rows.length; place++)
        this.#census.seen(ids[rows[place]], x[place], y[place])
    }
    return this.#census.frame(tick)
  }
}
