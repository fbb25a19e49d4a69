// The permission check before each API operation. Owns which resource and which tags an operation
// concerns; never performs an operation, and never reveals whether a simulation exists.

import { type ContextValues, tagValues } from '../../core/access/request-context.ts'
import { ApiError } from '../../core/api/errors.ts'
import { OPERATION_NAMES, type OperationName, SERVICE_NAME } from '../../core/api/operations.ts'
import { type Owner, simulationArn, simulationNameOf } from '../../core/lifecycle/resource-name.ts'
import type { Store } from '../../io/store/store.ts'
import type { CallContext, OperationHandlers } from '../http/handlers.ts'
import { Remembered } from '../operations/remembered.ts'
import type { Access } from './access.ts'

interface ApiGuardOptions {
  readonly access: Access
  readonly owner: Owner
  readonly store: Pick<Store, 'findSimulation' | 'revision'>
}

interface ApiGuard extends ApiGuardOptions {
  /** Tags by the resource that a call names, as conditions see them. */
  readonly tags: Remembered<ContextValues>
}

const RESOURCES_REMEMBERED_MAX = 4096

/**
 * The same operations, each with a permission check before it. Throws ApiError
 * AccessDeniedException.
 */
export function guardedHandlers(
  handlers: OperationHandlers,
  options: ApiGuardOptions,
): OperationHandlers {
  const tags = new Remembered<ContextValues>(
    () => options.store.revision(),
    RESOURCES_REMEMBERED_MAX,
  )
  const guard = { ...options, tags }
  const guarded = OPERATION_NAMES.map(
    (name) => [name, guardedHandler(name, handlers, guard)] as const,
  )
  return Object.fromEntries(guarded) as unknown as OperationHandlers
}

type Handler = (input: never, call: CallContext) => Promise<unknown>

function guardedHandler(
  name: OperationName,
  handlers: OperationHandlers,
  guard: ApiGuard,
): Handler {
  const handler = handlers[name] as Handler
  return async (input, call) => {
    await demandAccess(name, input, call, guard)
    // Awaiting is faster here than returning the promise itself.
    return await handler(input, call)
  }
}

async function demandAccess(
  name: OperationName,
  input: GuardedInput,
  call: CallContext,
  guard: ApiGuard,
) {
  const { caller, origin } = call
  const { accessKeyId, sessionToken } = caller
  const principal = guard.access.principal(accessKeyId, sessionToken)
  if (principal === undefined) {
    throw new ApiError(
      'UnrecognizedClientException',
      'The access key of the request is not known here.',
    )
  }
  if (principal.grants === undefined) return
  const resource = resourceOf(name, input, guard.owner)
  const values = [requestValues(input), await resourceValues(name, resource, guard)]
  const denial = guard.access.denial(principal, origin, {
    action: `${SERVICE_NAME}:${name}`,
    resource,
    values,
  })
  if (denial !== undefined) throw new ApiError('AccessDeniedException', denial)
}

/** The members of all operations that say what the call concerns. */
interface GuardedInput {
  readonly Simulation?: string
  readonly Name?: string
  readonly ResourceArn?: string
  readonly Tags?: Readonly<Record<string, string>>
  readonly TagKeys?: readonly string[]
}

/** Apps and snapshots belong to their simulation. */
function resourceOf(name: OperationName, input: GuardedInput, owner: Owner): string {
  if (name === 'ListSimulations') return '*'
  if (input.ResourceArn !== undefined) return input.ResourceArn
  return simulationArn(owner, (name === 'StartSimulation' ? input.Name : input.Simulation) ?? '')
}

function requestValues({ Tags: tags, TagKeys: keys }: GuardedInput): ContextValues {
  if (tags === undefined && keys === undefined) return {}
  const named = keys ?? Object.keys(tags ?? {})
  return { ...tagValues(tags ?? {}, 'aws:RequestTag'), 'aws:TagKeys': named }
}

/** A resource to be created has no tags yet, even if its name is in use. */
function resourceValues(
  name: OperationName,
  resource: string,
  { owner, store, tags }: ApiGuard,
): ContextValues | Promise<ContextValues> {
  if (name === 'StartSimulation' || name === 'ListSimulations') return {}
  return tags.answer(resource, async () => {
    const parsed = simulationNameOf(resource, owner)
    if (!('name' in parsed)) return {}
    const record = await store.findSimulation(parsed.name)
    return record === undefined ? {} : tagValues(record.tags, 'aws:ResourceTag')
  })
}
