// One file of DIR/access: a user with access keys and policies, as YAML or JSON. Owns the file's
// form and where in it a fault lies; never puts a line of the file, which may contain a secret,
// into a message.

import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import { type ParsedPolicy, type Policy, parsePolicy } from '../../core/access/policy.ts'
import { type Credentials, isUsableKeyId, isUsableSecret } from '../credentials.ts'

export interface AccessUser {
  readonly name: string
  /** The file's name, for messages. */
  readonly file: string
  readonly keys: readonly Credentials[]
  readonly policies: readonly Policy[]
  /** The line of each statement, by policy. */
  readonly lines: readonly (readonly number[])[]
}

export interface FileFault {
  readonly file: string
  readonly line: number
  readonly reason: string
}

const FILE_NAME = /^([\w+=,@-][\w+=,.@-]{0,63})\.(?:yaml|yml|json)$/

/** The user of a file with this name; undefined if it is not a user's file. */
export function userNameOf(file: string): string | undefined {
  return FILE_NAME.exec(file)?.[1]
}

export function parseAccessFile(
  name: string,
  file: string,
  text: string,
): { user: AccessUser } | { fault: FileFault } {
  const counter = new LineCounter()
  // Pretty errors would quote the file.
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
  const lineOf = (path: Path) => lineAt(document, counter, path)
  try {
    const [syntax] = document.errors
    if (syntax !== undefined) {
      return {
        fault: {
          file,
          line: counter.linePos(syntax.pos[0]).line,
          reason: `not well-formed (${syntax.code})`,
        },
      }
    }
    const { keys, policies } = contentOf(document)
    const lines = policies.map(({ statements }, policy) =>
      statements.map((_, index) =>
        lineOf(
          document.hasIn(['policies', policy, 'Statement', index])
            ? ['policies', policy, 'Statement', index]
            : ['policies', policy, 'Statement'],
        ),
      ),
    )
    return { user: { name, file, keys, policies, lines } }
  } catch (error) {
    if (!(error instanceof ContentFault)) throw error
    return { fault: { file, line: lineOf(error.path), reason: error.message } }
  }
}

/**
 * A policy from a file of its own, as `--policy` names one. Throws an Error that names file and
 * line.
 */
export function parsePolicyFile(file: string, text: string): { value: object; policy: Policy } {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
  const [syntax] = document.errors
  if (syntax !== undefined)
    throw new Error(`${file}:${counter.linePos(syntax.pos[0]).line}: not well-formed`)
  const value = contentValue(document) as object
  const parsed = parsePolicy(value)
  if ('policy' in parsed) return { value, policy: parsed.policy }
  throw new Error(`${file}:${lineAt(document, counter, parsed.fault.path)}: ${parsed.fault.reason}`)
}

type Path = readonly (string | number)[]

class ContentFault extends Error {
  readonly path: Path

  constructor(path: Path, reason: string) {
    super(reason)
    this.path = path
  }
}

function contentOf(document: Document): { keys: Credentials[]; policies: Policy[] } {
  const content = objectOf(contentValue(document), [], ['keys', 'policies'])
  const keys = listOf(content.keys, ['keys']).map((each, index) => keyOf(each, ['keys', index]))
  const policies = listOf(content.policies, ['policies']).map((each, index) =>
    policyOf(parsePolicy(each), ['policies', index]),
  )
  return { keys, policies }
}

function keyOf(value: unknown, path: Path): Credentials {
  const { accessKeyId, secretAccessKey } = objectOf(value, path, ['accessKeyId', 'secretAccessKey'])
  if (typeof accessKeyId !== 'string' || !isUsableKeyId(accessKeyId)) {
    throw new ContentFault(
      [...path, 'accessKeyId'],
      'accessKeyId must be up to 128 letters, digits and . _ -',
    )
  }
  if (typeof secretAccessKey !== 'string' || !isUsableSecret(secretAccessKey)) {
    throw new ContentFault(
      [...path, 'secretAccessKey'],
      'secretAccessKey must be text of 8 to 256 visible characters',
    )
  }
  return { accessKeyId, secretAccessKey }
}

function policyOf(parsed: ParsedPolicy, path: Path): Policy {
  if ('policy' in parsed) return parsed.policy
  throw new ContentFault([...path, ...parsed.fault.path], parsed.fault.reason)
}

function objectOf(value: unknown, path: Path, names: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ContentFault(
      path,
      `${path.length === 0 ? 'the file' : 'an entry'} must hold ${names.join(' and ')}`,
    )
  }
  const unknown = Object.keys(value).find((name) => !names.includes(name))
  if (unknown === undefined) return value as Record<string, unknown>
  throw new ContentFault(
    [...path, unknown],
    `there is no such member; there may be ${names.join(' and ')}`,
  )
}

/** A list that is missing or has no content is empty. */
function listOf(value: unknown, path: Path): unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new ContentFault(path, `${path[0]} must be a list`)
  return value
}

/** The library refuses aliases that would expand without end. */
function contentValue(document: Document): unknown {
  try {
    return document.toJS()
  } catch (cause) {
    if (cause instanceof ReferenceError)
      throw new ContentFault([], 'an alias leads nowhere, or unfolds without end')
    throw cause
  }
}

/**
 * The line of the nearest place on the path that the file has; for a member, the line of its name.
 */
function lineAt(document: Document, counter: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true)
    const parent =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const name = isMap(parent)
      ? parent.items.map(({ key }) => key).find((key) => nameOf(key) === path[length - 1])
      : node
    if (isNode(name) && name.range) return counter.linePos(name.range[0]).line
  }
  return 1
}

function nameOf(key: unknown): unknown {
  return isScalar(key) ? key.value : key
}
