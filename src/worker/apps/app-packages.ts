// The unpacked packages of a simulation's domains: fetched once, and again when one has moved.
// Owns which folder a domain uses; never runs a program of a package.

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
  /** Folders of the host in which packages may lie. */
  packageFolders: readonly string[]
  signal: AbortSignal
}

export class AppPackages {
  readonly #plan: WorkerPlan
  readonly #folders = new Map<string, string>()

  constructor(plan: WorkerPlan) {
    this.#plan = plan
  }

  /** Fetches every domain's package from its current location. Throws StartFailure. */
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

  /** Moves the domain's package to another location. */
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
   * Fetches again, since the package at a location may have changed. The operator has named the
   * location, so it may be anywhere on the host.
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

/** Throws PackageError if the text is not a location. */
function locationOf(text: string): PackageLocation {
  const parsed = parsePackageLocation(text)
  if ('rule' in parsed) throw new PackageError('PackageInvalid', `package ${text}: ${parsed.rule}`)
  return parsed.location
}
