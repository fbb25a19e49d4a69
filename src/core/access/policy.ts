// Policies in IAM's JSON language: turns an unknown value into statements, or into what is wrong
// and where. Owns the grammar of an identity policy; never decides about a request.

import { type Condition, conditionOf } from './conditions.ts'
import {
  filledArn,
  type Pattern,
  parsePattern,
  resourcePattern,
  splitPattern,
  variablesIn,
} from './pattern.ts'
import {
  actionFault,
  arnFault,
  comparisonFault,
  type KeyUse,
  keyFault,
  variableFault,
} from './vocabulary.ts'

export interface Policy {
  readonly statements: readonly Statement[]
}

export interface Statement {
  readonly sid?: string
  readonly effect: 'Allow' | 'Deny'
  /** In lower case. */
  readonly actions: readonly Pattern[]
  /** True for NotAction: the statement matches all actions except these. */
  readonly actionsExcluded: boolean
  readonly resources: readonly Pattern[]
  readonly resourcesExcluded: boolean
  readonly conditions: readonly Condition[]
}

interface PolicyFault {
  /** Members and indices that lead to the place, such as `['Statement', 0, 'Effect']`. */
  readonly path: readonly (string | number)[]
  readonly reason: string
}

export type ParsedPolicy = { readonly policy: Policy } | { readonly fault: PolicyFault }

const VERSIONS = ['2012-10-17', '2008-10-17']

/**
 * Parses a policy and stops at the first fault. Unknown members are faults, and so are those that
 * an identity policy cannot have (Principal).
 */
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
  if (!VERSIONS.includes(version as string))
    throw new Fault(['Version'], `Version must be ${VERSIONS.join(' or ')}`)
  if (given === undefined) throw new Fault([], 'a policy needs a Statement')
  // Whether `${...}` is a variable or plain text.
  const variables = version === VERSIONS[0]
  if (!Array.isArray(given)) return { statements: [statementOf(given, ['Statement'], variables)] }
  return {
    statements: given.map((each, index) => statementOf(each, ['Statement', index], variables)),
  }
}

function statementOf(value: unknown, path: Path, variables: boolean): Statement {
  const names = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition']
  const { Sid: sid, Effect: effect, Condition: condition, ...rest } = membersOf(value, path, names)
  if (sid !== undefined && typeof sid !== 'string')
    throw new Fault([...path, 'Sid'], 'Sid must be text')
  if (effect !== 'Allow' && effect !== 'Deny')
    throw new Fault([...path, 'Effect'], 'Effect must be Allow or Deny')
  const actions = oneOf(rest, 'Action', 'NotAction', path)
  const resources = oneOf(rest, 'Resource', 'NotResource', path)
  const use: KeyUse = {
    effect,
    actions: actions.list.map(({ text, at }) => actionPattern(text, at)),
    actionsExcluded: actions.excluded,
  }
  return {
    ...(sid !== undefined && { sid }),
    ...use,
    resources: resources.list.flatMap(({ text, at }) => {
      if (variables) requireVariables(text, at, use)
      return resourcePatterns(text, at, variables)
    }),
    resourcesExcluded: resources.excluded,
    conditions: conditionsOf(condition, [...path, 'Condition'], variables, use),
  }
}

function actionPattern(action: string, at: Path): Pattern {
  if (!/^([\w-]+:[\w*?]+|\*:\*|\*)$/.test(action)) {
    throw new Fault(
      at,
      `'${action}' is no action; one reads service:Operation, such as s3:GetObject`,
    )
  }
  requireNone(actionFault(action), at)
  return parsePattern(action.toLowerCase(), { wildcards: true, variables: false })
}

/**
 * The patterns for a resource. An ARN that ends early matches both as it is written, where a `*`
 * may match its colons, and with its missing parts added.
 */
function resourcePatterns(resource: string, at: Path, variables: boolean): Pattern[] {
  const pattern = parsePattern(resource, { wildcards: true, variables })
  if (resource === '*') return [pattern]
  if (!resource.startsWith('arn:'))
    throw new Fault(at, `'${resource}' is no resource; one reads arn:aws:..., or *`)
  const [, partition, service, , , named] = splitPattern(pattern, ARN_PARTS)
  if (named?.length === 0)
    throw new Fault(at, `'${resource}' names no resource; for all of them it ends in a *`)
  requireNone(arnFault(literalOf(partition), literalOf(service)), at)
  const filled = filledArn(pattern)
  return (filled === pattern ? [pattern] : [pattern, filled]).map(resourcePattern)
}

const ARN_PARTS = 6

/** The literal text of a part; undefined if it is missing or contains a wildcard or a variable. */
function literalOf(part: Pattern | undefined): string | undefined {
  return part?.every((each) => typeof each === 'string') ? part.join('') : undefined
}

function requireVariables(text: string, at: Path, use: KeyUse): void {
  const variables = variablesIn(text)
  if ('reason' in variables) throw new Fault(at, variables.reason)
  for (const name of variables.names) requireNone(variableFault(name, use), at)
}

function requireNone(fault: string | undefined, at: Path): void {
  if (fault !== undefined) throw new Fault(at, fault)
}

function oneOf(
  members: Readonly<Record<string, unknown>>,
  name: string,
  notName: string,
  path: Path,
) {
  const excluded = members[notName] !== undefined
  if (excluded === (members[name] !== undefined)) {
    throw new Fault(path, `a statement needs ${name} or ${notName}, and not both`)
  }
  const at = [...path, excluded ? notName : name]
  return { excluded, list: textsOf(members[excluded ? notName : name], at) }
}

function conditionsOf(value: unknown, path: Path, variables: boolean, use: KeyUse): Condition[] {
  if (value === undefined) return []
  const conditions: Condition[] = []
  for (const [operator, keys] of Object.entries(membersOf(value, path))) {
    for (const [key, given] of Object.entries(membersOf(keys, [...path, operator]))) {
      const at = [...path, operator, key]
      requireNone(keyFault(key, use), at)
      const values = textsOf(given, at)
      if (variables) for (const each of values) requireVariables(each.text, each.at, use)
      const read = conditionOf(
        operator,
        key,
        values.map(({ text }) => text),
        variables,
      )
      if ('reason' in read) throw new Fault(at, read.reason)
      const { isNull, base } = read.operator
      if (!isNull) requireNone(comparisonFault(key, base.kind, read.values), at)
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
    throw new Fault(
      [...path, unknown],
      `'${unknown}' has no place here; there may be ${names?.join(', ')}`,
    )
  }
  return value as Record<string, unknown>
}

/** A text or a list of texts; numbers and booleans count as the text that they are written as. */
function textsOf(value: unknown, path: Path): { text: string; at: Path }[] {
  if (Array.isArray(value) && value.length === 0) throw new Fault(path, 'the list is empty')
  if (Array.isArray(value))
    return value.map((each, index) => ({
      text: textOf(each, [...path, index]),
      at: [...path, index],
    }))
  return [{ text: textOf(value, path), at: path }]
}

function textOf(value: unknown, at: Path): string {
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value)
  throw new Fault(at, 'must be text, or a list of texts')
}
