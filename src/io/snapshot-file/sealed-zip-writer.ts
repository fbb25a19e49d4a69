// Writes named parts into one sealed zip, as a stream.
// Owns the order (a part is asked for when the one before it has been taken) and the cleaning up when either end breaks; never
// knows what the parts hold. Memory is bounded by the pieces in flight.

import { Readable } from 'node:stream'
import { pipeline, finished as streamFinished } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { SEAL_PLACEHOLDER, SealStream } from './seal.ts'

export interface ZipPart {
  /** Relative, with `/`. */
  path: string
  /** Read once, piece by piece, as fast as the zip is taken. */
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** 0 stores; 1 (fast) to 9 (small) deflates. */
  compressionLevel: number
}

export interface WrittenZip {
  /** The whole file's bytes. */
  bytes: number
  /** The seal: of every byte before its own digits. */
  sha256: string
}

export interface SealedZipWriting {
  /** The zip. Fails where a part fails; destroying it stops the parts. */
  stream: Readable
  /** Resolves when the stream has ended, and rejects when it was destroyed or failed. */
  finished: Promise<WrittenZip>
}

/** `modifiedAtMs` is the time that unpacked files will have. */
export function writeSealedZip(
  parts: Iterable<ZipPart> | AsyncIterable<ZipPart>,
  modifiedAtMs: number,
): SealedZipWriting {
  const zip = new ZipFile()
  const seal = new SealStream()
  let source: Readable | undefined
  zip.on('error', (error: Error) => seal.destroy(error))
  seal.on('close', () => source?.destroy())

  async function addParts(): Promise<void> {
    for await (const { path, content, compressionLevel } of parts) {
      if (seal.destroyed) throw new Error('the zip is no longer wanted')
      source = Readable.from(content, { objectMode: false })
      zip.addReadStream(source, path, { compressionLevel, mtime: new Date(modifiedAtMs), mode: 0o100644 })
      await streamFinished(source)
    }
    zip.end({ comment: SEAL_PLACEHOLDER, forceZip64Format: false })
  }

  async function run(): Promise<WrittenZip> {
    const adding = addParts().catch((error: unknown) => {
      seal.destroy(error instanceof Error ? error : new Error(String(error)))
      throw error
    })
    const [added, piped] = await Promise.allSettled([adding, pipeline(zip.outputStream, seal)])
    // What a part reports is the cause; that the stream closed early is only its consequence.
    const failure = added.status === 'rejected' && !isPrematureClose(added.reason) ? added : piped
    if (failure.status === 'rejected') throw failure.reason
    return { bytes: seal.bytes, sha256: seal.sha256 }
  }

  const finished = run()
  // The stream fails as well: who only reads it must not be surprised by a rejection that nobody took.
  finished.catch(() => undefined)
  return { stream: seal, finished }
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}
