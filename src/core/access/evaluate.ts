// The decision over a request: may this caller do this action with this resource?
// Owns the order that IAM documents: a Deny wins over all, then an Allow is needed, of the user and of the session; all else is denied.
// Never knows where policies come from.

import { conditionHolds, leavesOpen } from './conditions.ts'
import { matchesPattern, type Pattern, reachBelow, textOf } from './pattern.ts'
import type { Policy, Statement } from './policy.ts'
import type { RequestContext } from './request-context.ts'

interface AccessRequest {
  /** `service:Operation`. */
  readonly action: string
  /** An ARN, or `*` where the action is about no resource in particular. */
  readonly resource: string
  readonly context: RequestContext
}

export interface Grants {
  readonly policies: readonly Policy[]
  /** Narrows a session: what it does not allow too is denied. */
  readonly sessionPolicy?: Policy
}

/** Which statement: of the user's policies by index, or of the session's. */
interface StatementPlace {
  readonly policy: number | 'session'
  readonly statement: number
}

export type Decision =
  | { readonly allowed: true; readonly by: StatementPlace }
  | { readonly allowed: false; readonly why: 'explicitDeny'; readonly by: StatementPlace }
  | { readonly allowed: false; readonly why: 'noAllow' | 'noSessionAllow' }

export function evaluate(request: AccessRequest, grants: Grants): Decision {
  return decide(request, grants, statementApplies)
}

/**
 * The decision over all resources that begin with the request's at once: allowed where some of them may be, denied where none of them
 * can be. For requests whose resources are not known yet.
 */
export function evaluateBelow(request: AccessRequest, grants: Grants): Decision {
  return decide(request, grants, statementAppliesBelow)
}

function decide(
  request: AccessRequest,
  { policies, sessionPolicy }: Grants,
  applies: typeof statementApplies,
): Decision {
  const action = request.action.toLowerCase()
  const applying = (policy: Policy, effect: Statement['effect']) =>
    policy.statements.findIndex((each) => each.effect === effect && applies(each, action, request))
  const firstIn = (effect: Statement['effect']): StatementPlace | undefined => {
    for (const [policy, each] of policies.entries()) {
      const statement = applying(each, effect)
      if (statement !== -1) return { policy, statement }
    }
    return undefined
  }
  const inSession = (effect: Statement['effect']): StatementPlace | undefined => {
    const statement = sessionPolicy === undefined ? -1 : applying(sessionPolicy, effect)
    return statement === -1 ? undefined : { policy: 'session', statement }
  }
  const denied = firstIn('Deny') ?? inSession('Deny')
  if (denied !== undefined) return { allowed: false, why: 'explicitDeny', by: denied }
  const allowed = firstIn('Allow')
  if (allowed === undefined) return { allowed: false, why: 'noAllow' }
  if (sessionPolicy !== undefined && inSession('Allow') === undefined)
    return { allowed: false, why: 'noSessionAllow' }
  return { allowed: true, by: allowed }
}

/** Whether a statement is about the request: action (in lower case), resource and all conditions fit. */
function statementApplies(
  statement: Statement,
  action: string,
  { resource, context }: AccessRequest,
): boolean {
  const variableOf = (name: string) => context.variable(name)
  const isAction = statement.actions.some((each) => matchesPattern(each, action, variableOf))
  if (isAction === statement.actionsExcluded) return false
  const isResource = statement.resources.some((each) => matchesPattern(each, resource, variableOf))
  if (isResource === statement.resourcesExcluded) return false
  // What is left out of an Allow must be known, or it would allow too much.
  const isUnclear = (each: Pattern) => textOf(each, variableOf) === undefined
  if (
    statement.effect === 'Allow' &&
    statement.resourcesExcluded &&
    statement.resources.some(isUnclear)
  )
    return false
  if (
    statement.effect === 'Allow' &&
    statement.conditions.some((each) => leavesOpen(each, context))
  )
    return false
  return statement.conditions.every((condition) => conditionHolds(condition, context))
}

/** An Allow that is about some of the resources, or a Deny that is about all of them. */
function statementAppliesBelow(
  statement: Statement,
  action: string,
  { resource, context }: AccessRequest,
): boolean {
  const variableOf = (name: string) => context.variable(name)
  const isAction = statement.actions.some((each) => matchesPattern(each, action, variableOf))
  if (isAction === statement.actionsExcluded) return false
  const reaches = statement.resources.map((each) => reachBelow(each, resource, variableOf))
  const { effect, resourcesExcluded } = statement
  // What an Allow leaves out, or a Deny is about, counts where it is all; the other two where it is anything.
  const countsWhole = (effect === 'Allow') === resourcesExcluded
  const isCounted = reaches.some((reach) => (countsWhole ? reach === 'all' : reach !== 'none'))
  if (isCounted === resourcesExcluded) return false
  return statement.conditions.every((condition) => conditionHolds(condition, context))
}

/** What the caller is told: who, what and on what, in the words that AWS's users know. */
export function denialMessage(
  arn: string,
  request: AccessRequest,
  decision: Decision & { allowed: false },
): string {
  const reasons = {
    explicitDeny: 'with an explicit deny in an identity-based policy',
    noAllow: `because no identity-based policy allows the ${request.action} action`,
    noSessionAllow: `because no session policy allows the ${request.action} action`,
  }
  const why =
    decision.why === 'explicitDeny' && decision.by.policy === 'session'
      ? SESSION_DENY
      : reasons[decision.why]
  return `User: ${arn} is not authorized to perform: ${request.action} on resource: ${request.resource} ${why}`
}

const SESSION_DENY = 'with an explicit deny in a session policy'
