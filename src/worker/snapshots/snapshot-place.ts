// The destination of a snapshot: an object store or a local file.
// Owns writing such a file, which appears whole or not at all; never makes a snapshot.

import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { ObjectLocation } from '../../base/object-location.ts'
import type { ObjectsConfig } from '../../base/objects-config.ts'
import { s3Uri } from '../../base/s3-uri.ts'
import type { SnapshotRhythm } from '../../core/lifecycle/heddle-tags.ts'
import { snapshotKey } from '../../core/lifecycle/snapshot-key.ts'
import { freeKey } from '../../io/objects/free-key.ts'
import type { ObjectBody } from '../../io/objects/object-body.ts'
import { openObjects } from '../../io/objects/open-objects.ts'

export type SnapshotPlace = { objects: ObjectsConfig; location: ObjectLocation } | { file: string }

interface OpenPlace {
  /** Throws the signal's reason if aborted, and then leaves nothing behind. */
  put(zip: ObjectBody, signal: AbortSignal): Promise<unknown>
  close(): Promise<void>
}

export async function openPlace(place: SnapshotPlace): Promise<OpenPlace> {
  if ('file' in place)
    return {
      put: (zip, signal) => writeFile(place.file, zip, signal),
      close: async () => undefined,
    }
  const { bucket, key } = place.location
  const objects = await openObjects(place.objects)
  return {
    put: (zip, signal) => objects.put(bucket, key, zip, { contentType: 'application/zip', signal }),
    close: () => objects.close(),
  }
}

/** Finds an unused key where a simulation's own snapshots go. */
export async function freePlace(
  config: ObjectsConfig,
  { bucket, prefix }: Pick<SnapshotRhythm, 'bucket' | 'prefix'>,
  simulationName: string,
): Promise<SnapshotPlace> {
  const objects = await openObjects(config)
  try {
    const key = await freeKey(objects, bucket, Date.now(), (atMs) =>
      snapshotKey(prefix, simulationName, atMs),
    )
    return { objects: config, location: { bucket, key } }
  } finally {
    await objects.close()
  }
}

/** `s3://bucket/key`, or the file's path. */
export function placeText(place: SnapshotPlace): string {
  return 'file' in place ? place.file : s3Uri(place.location)
}

async function writeFile(file: string, zip: ObjectBody, signal: AbortSignal): Promise<void> {
  const partial = `${file}.new`
  try {
    await pipeline(zip, copied, createWriteStream(partial, { mode: 0o600, flush: true }), {
      signal,
    })
    await rename(partial, file)
  } catch (cause) {
    await rm(partial, { force: true })
    throw cause
  }
}

/**
 * Copies each chunk: a stream asks for the next chunk, which reuses the memory, before it has
 * written this one.
 */
async function* copied(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}
