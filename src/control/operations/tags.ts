// ListTagsForResource, TagResource, UntagResource. Owns the way from an ARN to a simulation's tags;
// the operations table has the rules of keys and values.

import { ApiError } from '../../core/api/errors.ts'
import { tagNames } from '../../core/lifecycle/heddle-tags.ts'
import { simulationNameOf, TAGS_COUNT_MAX } from '../../core/lifecycle/resource-name.ts'
import type { SimulationRecord } from '../../io/store/store.ts'
import type { OperationHandlers } from '../http/handlers.ts'
import { noSimulation, type OperationContext, refused } from './context.ts'

type TagOperation = 'ListTagsForResource' | 'TagResource' | 'UntagResource'

export function tagOperations(context: OperationContext): Pick<OperationHandlers, TagOperation> {
  return {
    async ListTagsForResource(input) {
      const record = await findResource(context, 'ListTagsForResource', input.ResourceArn)
      return { Tags: record.tags }
    },

    /** Rights are fixed at the start, so that callers cannot grant themselves any later. */
    async TagResource(input) {
      if (Object.hasOwn(input.Tags, tagNames.hostPackages))
        throw new ApiError(
          'ValidationException',
          `the tag ${tagNames.hostPackages} is given at the start alone`,
        )
      await changeTags(context, 'TagResource', input.ResourceArn, { set: { ...input.Tags } })
      return {}
    },

    /** Keys that are not there are ignored. */
    async UntagResource(input) {
      await changeTags(context, 'UntagResource', input.ResourceArn, { remove: input.TagKeys })
      return {}
    },
  }
}

async function changeTags(
  context: OperationContext,
  operation: TagOperation,
  arn: string,
  change: { set?: Record<string, string>; remove?: readonly string[] },
): Promise<void> {
  const record = await findResource(context, operation, arn)
  const outcome = await context.store.changeTags(record.executionId, change, TAGS_COUNT_MAX)
  if (outcome === 'missing') throw noSimulation(operation, record.name)
  if (outcome === 'tooMany') {
    throw new ApiError(
      'TooManyTagsException',
      `${record.name} would have more than ${TAGS_COUNT_MAX} tags; remove some with ` +
        'UntagResource first',
    )
  }
}

async function findResource(
  context: OperationContext,
  operation: TagOperation,
  arn: string,
): Promise<SimulationRecord> {
  const parsed = simulationNameOf(arn, context.owner)
  if ('refusal' in parsed) throw refused(operation, parsed.refusal)
  const record = await context.store.findSimulation(parsed.name)
  if (record === undefined) throw noSimulation(operation, parsed.name)
  return record
}
