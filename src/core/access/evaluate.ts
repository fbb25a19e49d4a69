// Decides whether a caller may perform an action on a resource. Owns the order that IAM documents:
// a Deny wins, then both the user and the session need an Allow, everything else is denied. Never
// knows where policies come from.

import { conditionHolds, leavesOpen } from './conditions.ts'
import { matchesPattern, type Pattern, reachBelow, textOf } from './pattern.ts'
import type { Policy, Statement } from './policy.ts'
import type { RequestContext } from './request-context.ts'

interface AccessRequest {
  /** `service:Operation`. */
  readonly action: string
  /** An ARN, or `*` if the action has no resource. */
  readonly resource: string
  readonly context: RequestContext
}

export interface Grants {
  readonly policies: readonly Policy[]
  /** Restricts a session: the action needs an Allow here too. */
  readonly sessionPolicy?: Policy
}

/** Names a statement: its index in the user's policies or in the session's policy. */
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
 * Decides for all resources whose ARNs begin with the request's: allowed if some of them may be,
 * denied if none can be. For requests whose resources are not known yet.
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

/** Whether a statement applies: action (in lower case), resource and all conditions match. */
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
  // The values that an Allow excludes must be known, or it would allow too much.
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

/** An Allow that matches some of the resources, or a Deny that matches all of them. */
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
  // An exclusion of an Allow and a match of a Deny must cover all resources; the other two count if
  // they cover any.
  const countsWhole = (effect === 'Allow') === resourcesExcluded
  const isCounted = reaches.some((reach) => (countsWhole ? reach === 'all' : reach !== 'none'))
  if (isCounted === resourcesExcluded) return false
  return statement.conditions.every((condition) => conditionHolds(condition, context))
}

/** The message for the caller: who, which action, which resource, in AWS's words. */
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
  return (
    `User: ${arn} is not authorized to perform: ${request.action} on resource: ` +
    `${request.resource} ${why}`
  )
}

const SESSION_DENY = 'with an explicit deny in a session policy'
