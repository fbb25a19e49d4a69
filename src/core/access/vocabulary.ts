// The names that a policy may contain: actions, services and condition keys. Owns which of them
// have an effect here, so that a mistyped name is refused instead of disabling a Deny; never
// decides about a request.

import { OPERATION_NAMES, SERVICE_NAME } from '../api/operations.ts'
import { suggestion } from '../suggest.ts'
import { AWS_CONDITION_KEYS, AWS_S3_ACTIONS, AWS_SERVICES } from './aws-names.ts'
import type { ValueKind } from './conditions.ts'
import { matchesPattern, type Pattern, parsePattern } from './pattern.ts'

export const METRICS_ACTION = 'heddle:ReadMetrics'

const ACTIONS: readonly string[] = [
  ...OPERATION_NAMES.map((name) => `${SERVICE_NAME}:${name}`),
  METRICS_ACTION,
  ...AWS_S3_ACTIONS,
]

/** Services whose actions are known by name. */
const SERVICES: readonly string[] = [...new Set(ACTIONS.map(serviceOf))]

/** A key that Heddle sets. A name that ends in a slash is followed by a tag's key. */
interface OwnKey {
  readonly name: string
  /** The only actions whose requests have the key; absent if all have it. */
  readonly actions?: readonly string[]
  /** The key may have several values, so it cannot be a variable in a text. */
  readonly isList?: true
  /** Types of its values besides text; values of tags may have any type. */
  readonly kinds?: readonly ValueKind[]
}

const weaver = (...names: readonly string[]) => names.map((name) => `${SERVICE_NAME}:${name}`)
const UNTAGGED = ['StartSimulation', 'ListSimulations']

const OWN_KEYS: readonly OwnKey[] = [
  { name: 'aws:username' },
  { name: 'aws:PrincipalArn', kinds: ['ARNs'] },
  { name: 'aws:PrincipalAccount' },
  { name: 'aws:PrincipalType' },
  { name: 'aws:PrincipalIsAWSService', kinds: ['booleans'] },
  { name: 'aws:ViaAWSService', kinds: ['booleans'] },
  { name: 'aws:ResourceAccount' },
  { name: 'aws:SourceIp', kinds: ['addresses'] },
  { name: 'aws:SecureTransport', kinds: ['booleans'] },
  { name: 'aws:CurrentTime', kinds: ['dates'] },
  { name: 'aws:EpochTime', kinds: ['dates', 'numbers'] },
  { name: 'aws:RequestedRegion' },
  { name: 'aws:TokenIssueTime', kinds: ['dates'] },
  {
    name: 'aws:ResourceTag/',
    actions: weaver(...OPERATION_NAMES.filter((name) => !UNTAGGED.includes(name))),
  },
  { name: 'aws:RequestTag/', actions: weaver('StartSimulation', 'TagResource') },
  {
    name: 'aws:TagKeys',
    actions: weaver('StartSimulation', 'TagResource', 'UntagResource'),
    isList: true,
  },
  { name: 's3:prefix', actions: ['s3:ListBucket'] },
  { name: 's3:delimiter', actions: ['s3:ListBucket'] },
  { name: 's3:max-keys', actions: ['s3:ListBucket'], kinds: ['numbers'] },
]

/** What is wrong with an action in a policy, wildcards included; undefined if nothing is. */
export function actionFault(action: string): string | undefined {
  if (action === '*' || action === '*:*') return undefined
  const service = serviceOf(action)
  const isKnown = SERVICES.includes(service)
  if (!isKnown && AWS_SERVICES.has(service)) return undefined
  if (!isKnown)
    return `there is no service '${service}'${suggestion(service, [...SERVICES, ...AWS_SERVICES])}`
  const pattern = parsePattern(action.toLowerCase(), { wildcards: true, variables: false })
  const names = ACTIONS.filter((name) => serviceOf(name) === service)
  if (names.some((name) => matchesPattern(pattern, name.toLowerCase(), () => undefined)))
    return undefined
  // A name with a final `*`, such as `Delte*`, is compared with beginnings of names.
  const beginning = /^[^*?]*(?=\*$)/.exec(action)?.[0]
  const near =
    beginning === undefined ? names : names.map((name) => `${name.slice(0, beginning.length)}*`)
  return `no action is called '${action}'${suggestion(action, near)}`
}

/** The facts about a statement that decide whether it may use a key. */
export interface KeyUse {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly Pattern[]
  readonly actionsExcluded: boolean
}

/** What is wrong with a condition key in a statement; undefined if nothing is. */
export function keyFault(key: string, use: KeyUse): string | undefined {
  const own = ownKey(key)
  const fault = unknownKeyFault(key)
  if (fault !== undefined || use.effect === 'Allow') return fault
  if (own === undefined) {
    return (
      `Heddle never sets the condition key '${key}', so that this Deny would not deny: see ` +
      'docs/access.md'
    )
  }
  if (own.actions === undefined || own.actions.some((action) => covers(use, action)))
    return undefined
  const having = own.actions.map((action) => action.slice(action.indexOf(':') + 1)).join(', ')
  return `no action of this Deny has the condition key '${key}', which requests of ${having} have`
}

/** Like `keyFault`, but for a key alone, independent of its place. */
export function unknownKeyFault(key: string): string | undefined {
  const isKnown = ownKey(key) !== undefined || isOfAws(key)
  return isKnown ? undefined : `there is no condition key '${key}'${nearestKey(key)}`
}

/**
 * What is wrong with the operator for a key: the comparison can never hold, or always does;
 * undefined if nothing is.
 */
export function comparisonFault(
  key: string,
  kind: ValueKind,
  values: readonly string[],
): string | undefined {
  const own = ownKey(key)
  if (own === undefined || own.name.endsWith('/')) return undefined
  const { kinds = [] } = own
  if (kind !== 'text' && !kinds.includes(kind)) {
    return (
      `'${key}' is compared as ${[...kinds, 'text'].join(' or ')}, and this operator ` +
      `compares ${kind}`
    )
  }
  const range =
    kind === 'text' && kinds.includes('addresses')
      ? values.find((value) => value.includes('/'))
      : undefined
  return range === undefined
    ? undefined
    : `'${range}' is a range of addresses, which IpAddress and NotIpAddress compare`
}

/** Like `keyFault`, but for a variable (`${...}`): the key must have one value. */
export function variableFault(key: string, use: KeyUse): string | undefined {
  if (ownKey(key)?.isList) return `'${key}' has several values, and can't be a variable`
  return keyFault(key, use)
}

/** What is wrong with the first parts of an ARN, if it has them; undefined if nothing is. */
export function arnFault(
  partition: string | undefined,
  service: string | undefined,
): string | undefined {
  if (partition !== undefined && !/^aws(-[a-z-]+)?$/.test(partition)) {
    return `there is no partition '${partition}'; an ARN begins with arn:aws:`
  }
  if (service === undefined || SERVICES.includes(service) || AWS_SERVICES.has(service))
    return undefined
  return `there is no service '${service}'${suggestion(service, [...SERVICES, ...AWS_SERVICES])}`
}

function serviceOf(name: string): string {
  return name.slice(0, name.indexOf(':')).toLowerCase()
}

function covers({ actions, actionsExcluded }: KeyUse, action: string): boolean {
  const isNamed = actions.some((pattern) =>
    matchesPattern(pattern, action.toLowerCase(), () => undefined),
  )
  return isNamed !== actionsExcluded
}

function ownKey(key: string): OwnKey | undefined {
  return OWN_KEYS.find(({ name }) => isKey(key, name))
}

/**
 * Keys of services that Heddle does not have, and of identity providers (`example.com/id:sub`), are
 * accepted unchecked.
 */
function isOfAws(key: string): boolean {
  if (AWS_CONDITION_KEYS.some((name) => isKey(key, name))) return true
  const service = serviceOf(key)
  return AWS_SERVICES.has(service) || service === 'saml' || service.includes('.')
}

function isKey(key: string, name: string): boolean {
  const [written, known] = [key.toLowerCase(), name.toLowerCase()]
  return known.endsWith('/')
    ? written.startsWith(known) && written.length > known.length
    : written === known
}

/** The most similar known key. Tags are not compared, but appended to the result. */
function nearestKey(key: string): string {
  const [, name = key, tag = ''] = /^([^/]*)\/(.*)$/s.exec(key) ?? []
  const known = [...OWN_KEYS.map((each) => each.name), ...AWS_CONDITION_KEYS]
  return suggestion(
    tag === '' ? name : `${name}/${tag}`,
    known.map((each) => (each.endsWith('/') ? `${each}${tag || 'tag'}` : each)),
  )
}
