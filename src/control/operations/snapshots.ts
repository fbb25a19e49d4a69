// CreateSnapshot: finds a place for the snapshot, and has the worker make it. Owns the check of the
// bucket and the key; never reads or writes a snapshot.

import { ApiError } from '../../core/api/errors.ts'
import { refuseSnapshot } from '../../core/lifecycle/simulation.ts'
import { snapshotKey } from '../../core/lifecycle/snapshot-key.ts'
import { freeKey } from '../../io/objects/free-key.ts'
import { ObjectsError } from '../../io/objects/objects.ts'
import type { OperationHandlers } from '../http/handlers.ts'
import { commandWorker, demand, findSimulation, type OperationContext } from './context.ts'

const KEY_BYTES_MAX = 1024

export function createSnapshot(context: OperationContext): OperationHandlers['CreateSnapshot'] {
  return async (input, { signal }) => {
    const { BucketName: bucket, ObjectKeyPrefix: prefix } = input.Destination
    const simulation = await findSimulation(context, 'CreateSnapshot', input.Simulation)
    demand('CreateSnapshot', refuseSnapshot(simulation.known))
    const key = await explainFaults(bucket, async () => {
      const keyAt = (atMs: number) => boundedKey(snapshotKey(prefix, simulation.record.name, atMs))
      const free = await freeKey(context.objects, bucket, context.nowMs(), keyAt, signal)
      signal?.throwIfAborted()
      await context.objects.checkWritable(bucket, free)
      return free
    })
    await commandWorker(context, 'CreateSnapshot', simulation, {
      command: 'createSnapshot',
      location: { bucket, key },
    })
    return {}
  }
}

function boundedKey(key: string): string {
  if (Buffer.byteLength(key) <= KEY_BYTES_MAX) return key
  const message = `ObjectKeyPrefix makes a key longer than ${KEY_BYTES_MAX} bytes: ${key}`
  throw new ApiError('ValidationException', message)
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
        throw new ApiError(
          'ValidationException',
          `the bucket ${bucket} does not exist; create it first`,
          cause,
        )
      case 'AccessDenied':
        throw new ApiError(
          'AccessDeniedException',
          `the bucket ${bucket} may not be written to`,
          cause,
        )
      default:
        throw new ApiError(
          'InternalServerException',
          `the bucket ${bucket} can't be written now: ${error.message}`,
          cause,
        )
    }
  }
}
