// One put to an S3: the requests that carry it, what the endpoint has of it, and the clearing away of that.
// Owns the note of what is under way; never touches an object or an upload of another put.

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

/** An aborted put has so long to clear away what the endpoint has of it; what is left then is left to `clearLeft`. */
const CLEARING_LIMIT_MS_MAX = 5_000
/** Of an object's metadata: which put it comes from. */
export const TOKEN_NAME = 'heddle-put'

export interface S3PutOptions {
  client: S3Client
  notes: UploadNotes
  bucket: string
  key: string
  answerLimitMs: number
  signal: AbortSignal | undefined
}

export class S3Put {
  /** Sends for this put: what carries its bytes ends with the signal. */
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

  /** Where the answer to the last request was lost, the object may be there all the same. */
  async isStored(): Promise<boolean> {
    if (!this.#mayBeStored) return false
    const { client } = this.#options
    return isStored(client, this.#note, this.#limit()).catch(() => false)
  }

  /** To be called once the object is there. */
  async succeed(): Promise<void> {
    if (!this.#hasBegun) return
    // The answer to the first attempt to begin was lost: there may be another upload.
    if (this.#note.uploadId === undefined) await this.#clear('stored')
    else await this.#options.notes.remove(this.#notePath)
  }

  /** To be called where the put has failed: nothing of it stays, or else a note of it. */
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
      // An upload that is not there any more may have been completed by a request whose answer was lost.
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

/** Aborts what a put has left unfinished, and deletes its object where it was reported as failed. Throws where the endpoint can't be asked. */
export async function clearLeft(
  client: S3Client,
  note: Left,
  abortSignal: AbortSignal,
): Promise<void> {
  const { bucket: Bucket, key: Key, uploadId, outcome } = note
  try {
    // The uploads first: one that is completed in between has become an object.
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

/** Of exactly that key: it comes before all that begin with it. */
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

/** What is not there needs no clearing away. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 404) throw error
}

/** The endpoint has understood, and does not do it. */
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
