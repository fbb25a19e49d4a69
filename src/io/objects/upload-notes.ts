// Notes of puts to a foreign S3, one file each. A note lasts while the put may have left anything
// unfinished there, so that another process can clear up after a kill.
// Owns the files and whose they are; never speaks to the endpoint.

import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { parseValue } from '../../base/parse.ts'
import { codeOf, onFiles } from './file-faults.ts'
import { isAbandoned, temporaryPath } from './temporary-files.ts'

export interface UploadNote {
  endpoint: string
  bucket: string
  key: string
  /** Stands in the object's metadata, and identifies this put's object under the key. */
  token: string
  /** The multipart upload; absent until the endpoint has answered. */
  uploadId?: string
  /**
   * Set if the put was answered but left something behind. The object of a failed put must be
   * deleted.
   */
  outcome?: 'stored' | 'failed'
}

const noteShape: z.ZodType<UploadNote> = z.object({
  endpoint: z.string(),
  bucket: z.string(),
  key: z.string(),
  token: z.string(),
  uploadId: z.exactOptional(z.string()),
  outcome: z.exactOptional(z.enum(['stored', 'failed'])),
})

/** `faults` name the files of notes that are no notes. */
interface LeftNotes {
  left: { path: string; note: UploadNote }[]
  faults: string[]
}

export class UploadNotes {
  readonly #folder: string
  readonly #endpoint: string

  /** The folder must exist; it may contain notes of other endpoints too. */
  constructor(folder: string, endpoint: string) {
    this.#folder = folder
    this.#endpoint = endpoint
  }

  /** Returns the path for a new note. */
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

  /** Returns this endpoint's notes whose writer or put has ended. */
  async abandoned(): Promise<LeftNotes> {
    return onFiles(async () => {
      const found: LeftNotes = { left: [], faults: [] }
      for (const name of await readdir(this.#folder)) {
        const path = join(this.#folder, name)
        // Checks the writer before the note, so as not to miss what it writes just before its end.
        const isLeft = await isAbandoned(path)
        const { content: note, fault } = await readNote(path)
        if (fault !== undefined) found.faults.push(`${path} is damaged: ${fault}`)
        // The writer was killed while it wrote the note: nothing had begun, or an older note
        // exists.
        else if (note === undefined && isLeft) await rm(path, { force: true })
        if (note?.endpoint === this.#endpoint && (isLeft || note.outcome !== undefined))
          found.left.push({ path, note })
      }
      return found
    })
  }
}

/** Returns nothing if the note was just removed, or never written whole. */
async function readNote(path: string): Promise<{ content?: UploadNote; fault?: string }> {
  try {
    return parseValue(noteShape, JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return {}
    throw error
  }
}
