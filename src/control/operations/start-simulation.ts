// StartSimulation: stores the simulation, starts its worker, and answers without waiting for it.
// Owns the order of these steps; never looks into schema or snapshot (the worker does).

import { z } from 'zod'
import type { ObjectLocation } from '../../base/object-location.ts'
import { ApiError } from '../../core/api/errors.ts'
import { durationText, parseMaximumDuration } from '../../core/lifecycle/duration.ts'
import { parseHeddleTags, tagNames } from '../../core/lifecycle/heddle-tags.ts'
import { simulationArn } from '../../core/lifecycle/resource-name.ts'
import type { SimulationRecord } from '../../io/store/store.ts'
import { operatorArn } from '../access/access.ts'
import type { CallContext, OperationHandlers } from '../http/handlers.ts'
import { type OperationContext, refused } from './context.ts'
import { idempotencyToken, readAnswer, tokenMisused } from './idempotency.ts'

type StartSimulation = OperationHandlers['StartSimulation']
type Input = Parameters<StartSimulation>[0]

/** As it is stored with the ClientToken. */
const answerShape = z.object({ arn: z.string(), createdAtMs: z.number(), executionId: z.string() })
type StoredAnswer = z.infer<typeof answerShape>

export function startSimulation(context: OperationContext): StartSimulation {
  return async (input, call) => {
    const record = recordFor(context, input, call)
    const { arn, createdAtMs, executionId } = record
    const answer: StoredAnswer = { arn, createdAtMs, executionId }
    const token = idempotencyToken('StartSimulation', input, createdAtMs)
    const created = await context.store.createSimulation(
      record,
      token,
      answer,
      context.limits.simulations,
    )
    if (created.outcome === 'misused') throw tokenMisused()
    if (created.outcome === 'repeated')
      return outputOf(readAnswer('StartSimulation', answerShape, created.answer))
    if (created.outcome === 'nameTaken') throw nameTaken(input.Name)
    if (created.outcome === 'tooMany') throw tooManySimulations(context.limits.simulations)
    context.supervisor.superviseOrLaunch(record)
    return outputOf(answer)
  }
}

function recordFor(context: OperationContext, input: Input, call: CallContext): SimulationRecord {
  const maximumDuration = input.MaximumDuration ?? durationText(context.limits.maximumDurationMs)
  const duration = parseMaximumDuration(maximumDuration, context.limits.maximumDurationMs)
  if ('refusal' in duration) throw refused('StartSimulation', duration.refusal)
  const schemaLocation = locationOf(input.SchemaS3Location)
  const snapshotLocation = locationOf(input.SnapshotS3Location)
  const tags = parseHeddleTags(input.Tags ?? {}, context.snapshots)
  if ('refusal' in tags) throw invalid(tags.refusal)
  if (tags.schema && !snapshotLocation)
    throw invalid('a schema in a tag is for a start from a snapshot; name it as SchemaS3Location')
  if (tags.hostPackages !== undefined && call.caller.arn !== operatorArn(context.owner.accountId))
    throw refused('StartSimulation', {
      error: 'AccessDeniedException',
      message: `the tag ${tagNames.hostPackages} is the operator's alone`,
    })
  return {
    name: input.Name,
    executionId: context.newExecutionId(),
    arn: simulationArn(context.owner, input.Name),
    createdAtMs: context.nowMs(),
    roleArn: input.RoleArn,
    maximumDuration,
    tags: { ...input.Tags },
    targetStatus: 'STARTED',
    launched: false,
    ...(input.Description !== undefined && { description: input.Description }),
    ...(schemaLocation !== undefined && { schemaLocation }),
    ...(snapshotLocation !== undefined && { snapshotLocation }),
  }
}

function invalid(message: string): ApiError {
  return refused('StartSimulation', { error: 'ValidationException', message })
}

function locationOf(location: Input['SchemaS3Location']): ObjectLocation | undefined {
  return location === undefined
    ? undefined
    : { bucket: location.BucketName, key: location.ObjectKey }
}

function nameTaken(name: string): ApiError {
  return new ApiError(
    'ConflictException',
    `there is a simulation named ${name} already; choose another name, or delete that one first`,
  )
}

function tooManySimulations(countMax: number): ApiError {
  return new ApiError(
    'ServiceQuotaExceededException',
    `there are ${countMax} simulations with target status STARTED, which is the quota; ` +
      'failed and timed-out ones count until they are deleted: stop or delete one first',
  )
}

function outputOf(answer: StoredAnswer): Awaited<ReturnType<StartSimulation>> {
  return {
    Arn: answer.arn,
    CreationTime: new Date(answer.createdAtMs),
    ExecutionId: answer.executionId,
  }
}
