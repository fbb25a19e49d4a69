// Policies in IAM's JSON language: from a value of unknown shape to statements, or to what is wrong and where.
// Owns the grammar of an identity policy; never decides about a request.

import { type Condition, conditionOf } from './conditions.ts'
import { type Pattern, parsePattern, resourcePattern } from './pattern.ts'

export interface Policy {
  readonly statements: readonly Statement[]
}

export interface Statement {
  readonly sid?: string
  readonly effect: 'Allow' | 'Deny'
  /** In lower case. */
  readonly actions: readonly Pattern[]
  /** NotAction: the statement is about all actions but these. */
  readonly actionsExcluded: boolean
  readonly resources: readonly Pattern[]
  readonly resourcesExcluded: boolean
  readonly conditions: readonly Condition[]
}

export interface PolicyFault {
  /** Members and indices that lead to the place, such as `['Statement', 0, 'Effect']`. */
  readonly path: readonly (string | number)[]
  readonly reason: string
}

export type ParsedPolicy = { readonly policy: Policy } | { readonly fault: PolicyFault }

const VERSIONS = ['2012-10-17', '2008-10-17']

/** Stops at the first fault. What an identity policy can't hold (Principal) is a fault, and so are unknown members. */
export function parsePolicy(value: unknown): ParsedPolicy {
  try {
    return { policy: policyOf(value) }
  } catch (error) {
    if (error instanceof Fault) return { fault: { path: error.path, reason: error.message } }
    throw error
  }
}

type Path = readonly (string | number)[]

/** Never leaves this file. */
class Fault extends Error {
  readonly path: Path

  constructor(path: Path, reason: string) {
    super(reason)
    this.path = path
  }
}

function policyOf(value: unknown): Policy {
  const members = membersOf(value, [], ['Version', 'Id', 'Statement'])
  const { Version: version = '2008-10-17', Statement: given } = members
  if (!VERSIONS.includes(version as string)) throw new Fault(['Version'], `Version must be ${VERSIONS.join(' or ')}`)
  if (given === undefined) throw new Fault([], 'a policy needs a Statement')
  // Whether `${...}` stands for a key of the request.
  const variables = version === VERSIONS[0]
  if (!Array.isArray(given)) return { statements: [statementOf(given, ['Statement'], variables)] }
  return { statements: given.map((each, index) => statementOf(each, ['Statement', index], variables)) }
}

function statementOf(value: unknown, path: Path, variables: boolean): Statement {
  const names = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition']
  const { Sid: sid, Effect: effect, Condition: condition, ...rest } = membersOf(value, path, names)
  if (sid !== undefined && typeof sid !== 'string') throw new Fault([...path, 'Sid'], 'Sid must be text')
  if (effect !== 'Allow' && effect !== 'Deny') throw new Fault([...path, 'Effect'], 'Effect must be Allow or Deny')
  const actions = oneOf(rest, 'Action', 'NotAction', path)
  const resources = oneOf(rest, 'Resource', 'NotResource', path)
  for (const action of actions.list) {
    if (action !== '*' && !/^[\w-]+:[\w*?]+$|^\*:\*$/.test(action)) {
      throw new Fault(actions.path, `'${action}' is no action; one reads service:Operation, such as s3:GetObject`)
    }
  }
  for (const resource of resources.list) {
    if (!/^(\*$|arn:)/.test(resource)) {
      throw new Fault(resources.path, `'${resource}' is no resource; one reads arn:aws:..., or *`)
    }
  }
  return {
    ...(sid !== undefined && { sid }),
    effect,
    actions: actions.list.map((each) => parsePattern(each.toLowerCase(), { wildcards: true, variables: false })),
    actionsExcluded: actions.excluded,
    resources: resources.list.map((each) => resourcePattern(parsePattern(each, { wildcards: true, variables }))),
    resourcesExcluded: resources.excluded,
    conditions: conditionsOf(condition, [...path, 'Condition'], variables),
  }
}

function oneOf(members: Readonly<Record<string, unknown>>, name: string, notName: string, path: Path) {
  const excluded = members[notName] !== undefined
  if (excluded === (members[name] !== undefined)) {
    throw new Fault(path, `a statement needs ${name} or ${notName}, and not both`)
  }
  const at = [...path, excluded ? notName : name]
  return { excluded, path: at, list: textsOf(members[excluded ? notName : name], at) }
}

function conditionsOf(value: unknown, path: Path, variables: boolean): Condition[] {
  if (value === undefined) return []
  const conditions: Condition[] = []
  for (const [operator, keys] of Object.entries(membersOf(value, path))) {
    for (const [key, given] of Object.entries(membersOf(keys, [...path, operator]))) {
      const at = [...path, operator, key]
      const read = conditionOf(operator, key, textsOf(given, at), variables)
      if ('reason' in read) throw new Fault(at, read.reason)
      conditions.push(read)
    }
  }
  return conditions
}

function membersOf(value: unknown, path: Path, names?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Fault(path, `${path.at(-1) ?? 'a policy'} must be an object`)
  }
  const unknown = names && Object.keys(value).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw new Fault([...path, unknown], `'${unknown}' has no place here; there may be ${names?.join(', ')}`)
  }
  return value as Record<string, unknown>
}

/** A text or a list of them; numbers and booleans are taken as they are written. */
function textsOf(value: unknown, path: Path): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw new Fault(path, 'the list is empty')
  return list.map((each) => {
    if (!['string', 'number', 'boolean'].includes(typeof each))
      throw new Fault(path, 'must be text, or a list of texts')
    return String(each)
  })
}
