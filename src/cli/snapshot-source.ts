// Finds the snapshot that a command reads: a file, an object in S3, or the newest one of a
// simulation. Owns finding it, the copy of an object (removed at the end), and how a refusal names
// it; never looks into it.

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { addConnectionOptions, type ConnectionOptions, connect } from './api/connection.ts'
import { readLocation } from './api/flags.ts'
import { withProgress } from './api/progress.ts'
import { removeAtEnd } from './ending.ts'
import { downloadObject, type FoundObject, findObjects } from './objects.ts'

export const SNAPSHOT_ARGUMENT = 'file|s3://bucket/key|simulation'
export const SNAPSHOT_DESCRIPTION =
  'a file, an object, or a simulation, which means its newest snapshot'

export const addSourceOptions: (command: Command) => Command = addConnectionOptions

/**
 * Passes a file on this machine to the command. Throws an error that names the snapshot if it is
 * refused.
 */
export async function withSnapshot<Result>(
  text: string,
  options: ConnectionOptions,
  act: (file: string) => Promise<Result>,
): Promise<Result> {
  const isUri = text.startsWith('s3://')
  if (!isUri && existsSync(text)) return named(text, act(text))
  const connection = await connect(options, process.env).catch((cause: unknown) => {
    if (isUri) throw cause
    throw new Error(
      `there is no file ${text}, and to look for a simulation: ${(cause as Error).message}`,
      { cause },
    )
  })
  const { BucketName, ObjectKey } = isUri
    ? readLocation(text)
    : await newestOf(text, await findObjects(connection))
  const uri = `s3://${BucketName}/${ObjectKey}`
  const folder = await mkdtemp(join(tmpdir(), 'heddle-snapshot-'))
  removeAtEnd(folder)
  try {
    const file = join(folder, 'snapshot.zip')
    await withProgress(`${uri} is being read`, undefined, ({ onProgress }) =>
      downloadObject(connection, BucketName, ObjectKey, file, (bytes, of) => {
        onProgress?.({ status: `${percent(bytes, of)} of ${of} bytes`, elapsedMs: 0 })
      }),
    ).catch((cause: Error & { fault?: string }) => {
      throw new Error(
        `the snapshot ${uri} can not be read: ${cause.fault ?? cause.name}: ${cause.message}`,
        { cause },
      )
    })
    return await named(uri, act(file))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The names that `CreateSnapshot` gives its objects. */
const SNAPSHOT_KEY = /(?:^|\/)snapshot\/(.+)-\d{6}-\d{4}-\d{2}\.zip$/

/** The simulation of a snapshot's object, by its key; undefined if the object is no snapshot. */
export function simulationOfKey(key: string): string | undefined {
  return SNAPSHOT_KEY.exec(key)?.[1]
}

/** The progress of some work, for its progress line. */
export function percent(done: number, all: number): string {
  return `${all === 0 ? 100 : Math.floor((done / all) * 100)} %`
}

function newestOf(
  simulation: string,
  objects: readonly FoundObject[],
): { BucketName: string; ObjectKey: string } {
  const newest = objects
    .filter(({ key }) => simulationOfKey(key) === simulation)
    .sort((one, other) => one.modifiedAtMs - other.modifiedAtMs || (one.key < other.key ? -1 : 1))
    .at(-1)
  if (newest === undefined)
    throw new Error(
      `there is neither a file ${simulation} nor a snapshot of a simulation of that name`,
    )
  return { BucketName: newest.bucket, ObjectKey: newest.key }
}

async function named<Result>(place: string, work: Promise<Result>): Promise<Result> {
  const { refusalText, SnapshotError } = await import('../joints/snapshot/snapshot-file.ts')
  return work.catch((cause: unknown) => {
    throw cause instanceof SnapshotError ? new Error(refusalText(place, cause), { cause }) : cause
  })
}
