// Notices that files of the data folder were deleted or replaced while control runs. Changes that
// are stored then would be lost.
// Owns which files count and when they are checked; never repairs anything.

import { statSync } from 'node:fs'
import { relative } from 'node:path'
import { ApiError } from '../core/api/errors.ts'
import type { OperationName } from '../core/api/operations.ts'
import type { DataFolder } from './data-folder.ts'
import { isReadOnly } from './http/audit-hook.ts'
import type { CallContext, OperationHandlers } from './http/handlers.ts'

export class KeptFiles {
  readonly #data: DataFolder
  /** By path, what identifies the file. */
  readonly #known: ReadonlyMap<string, string>

  /**
   * Create it once all files are open. Others (logs, audit, users, objects) are opened by name at
   * each use.
   */
  constructor(data: DataFolder) {
    this.#data = data
    const paths = [
      data.folder,
      data.lock,
      data.run,
      data.store,
      `${data.store}-wal`,
      `${data.store}-shm`,
    ]
    this.#known = new Map(
      paths.flatMap((path) => {
        const identity = identityOf(path)
        return identity === undefined ? [] : [[path, identity]]
      }),
    )
  }

  /** Throws ApiError if a file is not the one that was opened. */
  demand(): void {
    for (const [path, identity] of this.#known) {
      const now = identityOf(path)
      if (now === identity) continue
      const name = relative(this.#data.folder, path) || 'it'
      throw new ApiError(
        'InternalServerException',
        `The service's data folder was changed under it: ` +
          `${name} was ${now === undefined ? 'deleted' : 'replaced'}. ` +
          'No change is made until the file is back that was there, ' +
          'or the service is started again',
      )
    }
  }
}

/**
 * Wraps the operations: those that make changes check the files before the change and before the
 * answer.
 */
export function withKeptFiles(handlers: OperationHandlers, files: KeptFiles): OperationHandlers {
  type Handler = (input: unknown, call: CallContext) => Promise<unknown>
  const guarded = (handle: Handler): Handler => {
    return async (input, call) => {
      files.demand()
      const output = await handle(input, call)
      files.demand()
      return output
    }
  }
  const entries = Object.entries(handlers) as [OperationName, Handler][]
  return Object.fromEntries(
    entries.map(([name, handle]) => [name, isReadOnly(name) ? handle : guarded(handle)]),
  ) as unknown as OperationHandlers
}

/** Inode numbers are soon reused; with the creation time the pair is unique. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino} ${found.birthtimeNs}`
}
