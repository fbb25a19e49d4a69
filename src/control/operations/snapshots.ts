// CreateSnapshot: finds a place for the snapshot, and has the worker make it.
// Owns the check of the bucket and the choice of a free key; never reads or writes a snapshot.

import { ApiError } from '../../core/api/errors.ts'
import { refuseSnapshot } from '../../core/lifecycle/simulation.ts'
import { snapshotKey } from '../../core/lifecycle/snapshot-key.ts'
import { type Objects, ObjectsError } from '../../io/objects/objects.ts'
import type { OperationHandlers } from '../http/handlers.ts'
import { commandWorker, demand, findSimulation, type OperationContext } from './context.ts'

const KEY_BYTES_MAX = 1024

export function createSnapshot(context: OperationContext): OperationHandlers['CreateSnapshot'] {
  return async (input) => {
    const { BucketName: bucket, ObjectKeyPrefix: prefix } = input.Destination
    const simulation = await findSimulation(context, 'CreateSnapshot', input.Simulation)
    demand('CreateSnapshot', refuseSnapshot(simulation.known))
    const key = await explainFaults(bucket, async () => {
      await context.objects.checkWritable(bucket)
      return await freeKey(context, bucket, (atMs) => snapshotKey(prefix, simulation.record.name, atMs))
    })
    await commandWorker(context, 'CreateSnapshot', simulation, { command: 'createSnapshot', location: { bucket, key } })
    return {}
  }
}

/**
 * The key of this second, or of the next one that is free: an object is never overwritten. One simulation makes one
 * snapshot at a time, so a key can't be taken between this look and the writing.
 */
async function freeKey(context: OperationContext, bucket: string, keyAt: (atMs: number) => string): Promise<string> {
  for (let atMs = context.nowMs(); ; atMs += 1000) {
    const key = keyAt(atMs)
    if (Buffer.byteLength(key) > KEY_BYTES_MAX) {
      throw new ApiError(
        'ValidationException',
        `ObjectKeyPrefix makes a key longer than ${KEY_BYTES_MAX} bytes: ${key}`,
      )
    }
    if (!(await objectExists(context.objects, bucket, key))) return key
  }
}

async function objectExists(objects: Objects, bucket: string, key: string): Promise<boolean> {
  try {
    await objects.head(bucket, key)
    return true
  } catch (error) {
    if (error instanceof ObjectsError && error.fault === 'NoSuchKey') return false
    throw error
  }
}

async function explainFaults<Result>(bucket: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ObjectsError)) throw error
    const cause = { cause: error }
    switch (error.fault) {
      case 'NoSuchBucket':
      case 'InvalidName':
        throw new ApiError('ValidationException', `the bucket ${bucket} does not exist; create it first`, cause)
      case 'AccessDenied':
        throw new ApiError('AccessDeniedException', `the bucket ${bucket} may not be written to`, cause)
      default:
        throw new ApiError(
          'InternalServerException',
          `the bucket ${bucket} can't be written now: ${error.message}`,
          cause,
        )
    }
  }
}
