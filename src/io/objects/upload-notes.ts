// Notes of puts to an S3 elsewhere, a file each from before something lies there until nothing unfinished does: whoever is killed meanwhile, the next one finds it.
// Owns the files and whose they are; never speaks to the endpoint.

import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, onFiles } from './file-faults.ts'
import { isAbandoned, temporaryPath } from './temporary-files.ts'

export interface UploadNote {
  endpoint: string
  bucket: string
  key: string
  /** Stands in the object's metadata, so that it is told from others under the key. */
  token: string
  /** The multipart upload; unknown until the endpoint has answered. */
  uploadId?: string
  /** How the put was answered, where something was left all the same; of one that failed, its object must not stay. */
  outcome?: 'stored' | 'failed'
}

export class UploadNotes {
  readonly #folder: string
  readonly #endpoint: string

  /** The folder must exist; it may hold notes of other endpoints too. */
  constructor(folder: string, endpoint: string) {
    this.#folder = folder
    this.#endpoint = endpoint
  }

  /** A place for a new note. */
  place(): string {
    return temporaryPath(this.#folder)
  }

  async write(path: string, note: Omit<UploadNote, 'endpoint'>): Promise<void> {
    await onFiles(async () => {
      const text = JSON.stringify({ endpoint: this.#endpoint, ...note })
      await writeFile(`${path}0`, text, { mode: 0o600, flush: true })
      await rename(`${path}0`, path)
    })
  }

  async remove(path: string): Promise<void> {
    await onFiles(() => rm(path, { force: true }))
  }

  /** Those of this endpoint whose writer has ended, or whose put has. */
  async abandoned(): Promise<{ path: string; note: UploadNote }[]> {
    return onFiles(async () => {
      const found = []
      for (const name of await readdir(this.#folder)) {
        const path = join(this.#folder, name)
        // In this order: what is written just before its writer's end is not missed.
        const isLeft = await isAbandoned(path)
        const note = await readNote(path)
        // Killed while the note was written: nothing had begun, or an older one is there.
        if (note === undefined && isLeft) await rm(path, { force: true })
        if (note?.endpoint === this.#endpoint && (isLeft || note.outcome !== undefined))
          found.push({ path, note })
      }
      return found
    })
  }
}

/** Undefined where it has just been removed, or was never written whole. */
async function readNote(path: string): Promise<UploadNote | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as UploadNote
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}
