// The unpacked packages of a simulation's domains: fetched once, and again where one has moved.
// Owns which folder is a domain's now; never runs anything of it.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { own } from '../../base/own.ts'
import type { PackageLocation } from '../../base/package-location.ts'
import { parsePackageLocation } from '../../core/schema/package-location.ts'
import type { SimulationSchema } from '../../core/schema/schema.ts'
import { PACKAGES_FOLDER } from '../../core/wire/places.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import type { Refusal } from '../../core/wire/worker-protocol.ts'
import type { Objects } from '../../io/objects/objects.ts'
import { openObjects } from '../../io/objects/open-objects.ts'
import { fetchPackage, PackageError } from '../../io/packages/packages.ts'
import { Patience } from '../start/patience.ts'
import { startFailure } from '../start/start-failure.ts'

interface FetchOptions {
  objects: Objects
  /** Where on the host packages may lie. */
  packageFolders: readonly string[]
  signal: AbortSignal
}

export class AppPackages {
  readonly #plan: WorkerPlan
  readonly #folders = new Map<string, string>()

  constructor(plan: WorkerPlan) {
    this.#plan = plan
  }

  /** Every domain's, from where it is by now. Throws StartFailure. */
  async fetchAll(schema: SimulationSchema, options: FetchOptions): Promise<void> {
    const { objects, signal } = options
    const { closedFolders, last } = this.#plan
    const places = { destinationFolder: packagesFolder(this.#plan), closedFolders }
    const patience = new Patience(signal)
    for (const domain of schema.domains) {
      const moved = own(last?.packages ?? {}, domain.name)
      const fetch = () =>
        moved === undefined
          ? fetchPackage(domain.package, { ...options, ...places })
          : this.#fetchAnew(moved, objects, signal)
      try {
        this.#folders.set(domain.name, await (last ? patience.with(fetch) : fetch()))
      } catch (cause) {
        if (!(cause instanceof PackageError)) throw cause
        throw startFailure(cause.errorType, `domain '${domain.name}': ${cause.message}`, cause)
      }
    }
  }

  folderOf(domain: string): string {
    return this.#folders.get(domain)!
  }

  /** From now on the domain's package is there. */
  async move(domain: string, location: string): Promise<Refusal | undefined> {
    await using opened = new AsyncDisposableStack()
    const objects = await openObjects(this.#plan.objects)
    opened.defer(() => objects.close())
    try {
      this.#folders.set(domain, await this.#fetchAnew(location, objects))
    } catch (cause) {
      if (!(cause instanceof PackageError)) throw cause
      return { error: 'ValidationException', message: cause.message }
    }
    return undefined
  }

  /**
   * Whatever was fetched from there before: the package may be another one by now. The operator has
   * named it, so it may lie anywhere on the host.
   */
  async #fetchAnew(text: string, objects: Objects, signal?: AbortSignal): Promise<string> {
    const name = `again-${randomBytes(6).toString('hex')}`
    return fetchPackage(locationOf(text), {
      objects,
      destinationFolder: join(packagesFolder(this.#plan), name),
      packageFolders: ['/'],
      closedFolders: this.#plan.closedFolders,
      ...(signal && { signal }),
    })
  }
}

export function packagesFolder(plan: WorkerPlan): string {
  return join(plan.runFolder, PACKAGES_FOLDER)
}

/** Throws PackageError where the text is no location. */
function locationOf(text: string): PackageLocation {
  const parsed = parsePackageLocation(text)
  if ('rule' in parsed) throw new PackageError('PackageInvalid', `package ${text}: ${parsed.rule}`)
  return parsed.location
}
