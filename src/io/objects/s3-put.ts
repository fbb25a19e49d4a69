// One put to an S3: its requests, what the endpoint holds of it, and the removal of that.
// Owns the note of the put under way; never touches an object or an upload of another put.

import { randomUUID } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { UploadNote, UploadNotes } from './upload-notes.ts'

/**
 * Time an aborted put has to remove what the endpoint holds of it; `clearLeft` removes the rest.
 */
const CLEARING_LIMIT_MS_MAX = 5_000
/** Key of an object's metadata that names its put. */
export const TOKEN_NAME = 'heddle-put'

interface S3PutOptions {
  client: S3Client
  notes: UploadNotes
  bucket: string
  key: string
  answerLimitMs: number
  signal: AbortSignal | undefined
}

export class S3Put {
  /** Client for requests that carry this put's bytes; they end with the signal. */
  readonly client: S3Client
  readonly metadata: Record<string, string>
  readonly #options: S3PutOptions
  readonly #notePath: string
  readonly #late: AbortSignal | undefined
  #note: Omit<UploadNote, 'endpoint'>
  #hasBegun = false
  #mayBeStored = false

  constructor(options: S3PutOptions) {
    const { client, notes, bucket, key, answerLimitMs, signal } = options
    this.#options = options
    this.#notePath = notes.place()
    this.#note = { bucket, key, token: randomUUID() }
    this.#late = signal && abortedLater(signal, Math.min(CLEARING_LIMIT_MS_MAX, answerLimitMs))
    this.metadata = { [TOKEN_NAME]: this.#note.token }
    this.client = Object.create(client, {
      send: { value: (command: Command) => this.#send(command) },
    })
  }

  /** Checks for the object: it may exist though the answer to the last request was lost. */
  async isStored(): Promise<boolean> {
    if (!this.#mayBeStored) return false
    const { client } = this.#options
    return isStored(client, this.#note, this.#limit()).catch(() => false)
  }

  /** Call it once the object is stored. */
  async succeed(): Promise<void> {
    if (!this.#hasBegun) return
    // A lost answer to the first attempt to begin may have left a second upload.
    if (this.#note.uploadId === undefined) await this.#clear('stored')
    else await this.#options.notes.remove(this.#notePath)
  }

  /** Call it if the put has failed. Removes all of the put, or leaves a note of it. */
  async giveUp(): Promise<void> {
    if (this.#hasBegun || this.#mayBeStored) await this.#clear('failed')
  }

  async #clear(outcome: 'stored' | 'failed'): Promise<void> {
    const { client, notes } = this.#options
    const note = { ...this.#note, outcome }
    try {
      await clearLeft(client, note, this.#limit())
      await notes.remove(this.#notePath)
    } catch {
      await notes.write(this.#notePath, note)
    }
  }

  async #send(command: Command): Promise<unknown> {
    const { client, signal } = this.#options
    if (command instanceof CreateMultipartUploadCommand) return this.#begin(command)
    const isLast =
      command instanceof PutObjectCommand || command instanceof CompleteMultipartUploadCommand
    const abortSignal = isLast || command instanceof UploadPartCommand ? signal : this.#late
    this.#mayBeStored ||= isLast && signal?.aborted !== true
    try {
      return await client.send(command, { abortSignal })
    } catch (error) {
      // A missing upload may have been completed by a request whose answer was lost.
      if (isLast && isRefusal(error) && error.name !== 'NoSuchUpload') this.#mayBeStored = false
      throw error
    }
  }

  async #begin(command: CreateMultipartUploadCommand): Promise<unknown> {
    const { client, notes } = this.#options
    await notes.write(this.#notePath, this.#note)
    this.#hasBegun = true
    try {
      const answer = await client.send(command, { abortSignal: this.#late })
      if (answer.$metadata.attempts === 1 && answer.UploadId !== undefined) {
        this.#note = { ...this.#note, uploadId: answer.UploadId }
        await notes.write(this.#notePath, this.#note)
      }
      return answer
    } catch (error) {
      if (isRefusal(error)) {
        this.#hasBegun = false
        await notes.remove(this.#notePath)
      }
      throw error
    }
  }

  #limit(): AbortSignal {
    const { signal, answerLimitMs } = this.#options
    return signal?.aborted === true ? this.#late! : AbortSignal.timeout(answerLimitMs)
  }
}

type Command = Parameters<S3Client['send']>[0]
type Left = Omit<UploadNote, 'endpoint'>

/**
 * Aborts what a put has left unfinished, and deletes its object if it was reported as failed.
 * Throws if the endpoint is unreachable.
 */
export async function clearLeft(
  client: S3Client,
  note: Left,
  abortSignal: AbortSignal,
): Promise<void> {
  const { bucket: Bucket, key: Key, uploadId, outcome } = note
  try {
    // Aborts uploads first: one completed in between has become an object, deleted below.
    const uploadIds =
      uploadId === undefined ? await uploadsOf(client, Bucket, Key, abortSignal) : [uploadId]
    for (const UploadId of uploadIds)
      await client
        .send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), { abortSignal })
        .catch(ignoreMissing)
    if (outcome !== 'failed' || !(await isStored(client, note, abortSignal))) return
    await client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal })
  } catch (error) {
    ignoreMissing(error)
  }
}

/** Returns the uploads of exactly that key. It sorts before all keys that begin with it. */
async function uploadsOf(
  client: S3Client,
  Bucket: string,
  key: string,
  abortSignal: AbortSignal,
): Promise<string[]> {
  const { Uploads = [] } = await client.send(
    new ListMultipartUploadsCommand({ Bucket, Prefix: key }),
    { abortSignal },
  )
  return Uploads.flatMap(({ Key, UploadId }) =>
    Key === key && UploadId !== undefined ? [UploadId] : [],
  )
}

async function isStored(
  client: S3Client,
  { bucket, key, token }: Left,
  abortSignal: AbortSignal,
): Promise<boolean> {
  try {
    const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), {
      abortSignal,
    })
    return Metadata?.[TOKEN_NAME] === token
  } catch (error) {
    ignoreMissing(error)
    return false
  }
}

/** A missing object or upload needs no removal. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 404) throw error
}

/** True if the endpoint understood the request and rejected it. */
function isRefusal(error: unknown): error is S3ServiceException {
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
  return status !== undefined && status >= 400 && status < 500
}

function abortedLater(signal: AbortSignal, delayMs: number): AbortSignal {
  const later = new AbortController()
  const begin = () => setTimeout(() => later.abort(signal.reason), delayMs).unref()
  if (signal.aborted) begin()
  else signal.addEventListener('abort', begin, { once: true })
  return later.signal
}
