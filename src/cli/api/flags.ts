// A command's flags and arguments, from the input of its operation. Owns how a value is written on
// the command line; the service checks limits.

import { type Argument, createArgument, InvalidArgumentError, Option } from 'commander'
import { parseS3Uri, type S3Place } from '../../base/s3-uri.ts'
import { type InputMember, type OperationName, operationOf } from '../../core/api/operations.ts'
import { shapeOf } from '../../core/api/shapes.ts'

/** Short names for members whose own names would be long or odd on the command line. */
const FLAG_NAMES: Readonly<Record<string, string>> = {
  SchemaS3Location: 'schema',
  SnapshotS3Location: 'snapshot',
  Destination: 'to',
  LaunchOverrides: 'launch-command',
  Tags: 'tag',
}

/**
 * How values of a shape are written. For flags that may be repeated, `read` gets the previous
 * value.
 */
interface Form {
  readonly argument: string
  readonly hint?: string
  read(text: string, before: unknown): unknown
}

const TEXT: Form = { argument: '<text>', read: (text) => text }
const INTEGER: Form = { argument: '<number>', read: readInteger }
const FORMS: Readonly<Record<string, Form>> = {
  S3Location: { argument: '<s3://bucket/key>', read: readLocation },
  S3Destination: { argument: '<s3://bucket/prefix>', read: readDestination },
  TagMap: { argument: '<key=value>', hint: 'may be repeated', read: readTag },
  TagKeyList: {
    argument: '<key>',
    read: (text, before) => [...((before as string[] | undefined) ?? []), text],
  },
  LaunchOverrides: {
    argument: '<word>',
    hint: 'once for the program and once for each of its arguments, as --launch-command=--fast',
    read: readLaunchWord,
  },
}

/**
 * The options for all members that are not arguments, each with its member's name. `defaults` are
 * values by member.
 */
export function flagsOf(
  name: OperationName,
  positional: readonly string[],
  defaults: Readonly<Record<string, string>>,
): { member: string; option: Option }[] {
  return Object.entries(operationOf(name).input)
    .filter(([memberName]) => !positional.includes(memberName))
    .map(([memberName, member]) => {
      const form = formOf(member)
      const option = new Option(
        `--${flagName(memberName)} ${form.argument}`,
        describe(member, form),
      ).argParser(form.read)
      const fallback = defaults[memberName]
      if (fallback !== undefined) option.default(fallback)
      else if (member.required) option.makeOptionMandatory()
      return { member: memberName, option }
    })
}

/** A list or a map takes all remaining words. */
export function argumentOf(name: OperationName, memberName: string): Argument {
  const member = operationOf(name).input[memberName]!
  const { type } = shapeOf(member.shape)
  const word =
    memberName === 'Tags'
      ? 'key=value'
      : memberName === 'TagKeys'
        ? 'key'
        : argumentWord(memberName)
  const takesAll = type === 'map' || type === 'list'
  return createArgument(takesAll ? `<${word}...>` : `<${word}>`).argParser(formOf(member).read)
}

export function flagName(memberName: string): string {
  return (
    FLAG_NAMES[memberName] ?? memberName.replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, '-').toLowerCase()
  )
}

export function readLocation(text: string): { BucketName: string; ObjectKey: string } {
  const place = parseS3Uri(text)
  if (!place?.key) throw new InvalidArgumentError('Write it as s3://bucket/key.')
  return { BucketName: place.bucket, ObjectKey: place.key }
}

/** A bucket, or everything below a prefix in it. `key` is empty for the whole bucket. */
export function readPrefix(text: string): S3Place {
  const place = parseS3Uri(text)
  if (place === undefined)
    throw new InvalidArgumentError('Write it as s3://bucket or s3://bucket/prefix.')
  return place
}

function argumentWord(memberName: string): string {
  return memberName === 'ResourceArn' ? 'simulation or arn' : memberName.toLowerCase()
}

function formOf({ shape }: InputMember): Form {
  return FORMS[shape] ?? (shapeOf(shape).type === 'integer' ? INTEGER : TEXT)
}

function describe(member: InputMember, form: Form): string {
  const words = [member.summary ?? shapeOf(member.shape).summary ?? '', form.hint ?? ''].filter(
    (each) => each !== '',
  )
  return words
    .map((each) => each.charAt(0).toLowerCase() + each.slice(1).replace(/\.$/, ''))
    .join('; ')
}

function readInteger(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

function readDestination(text: string): { BucketName: string; ObjectKeyPrefix?: string } {
  const { bucket, key } = readPrefix(text)
  return key ? { BucketName: bucket, ObjectKeyPrefix: key } : { BucketName: bucket }
}

export function readTag(text: string, before: unknown): Record<string, string> {
  const equals = text.indexOf('=')
  if (equals < 1) throw new InvalidArgumentError('Write it as key=value.')
  // A null prototype, so that a key such as __proto__ is an ordinary key.
  const added = [[text.slice(0, equals), text.slice(equals + 1)]]
  return Object.fromEntries([...Object.entries((before ?? {}) as Record<string, string>), ...added])
}

function readLaunchWord(text: string, before: unknown): { LaunchCommands: string[] } {
  const words = (before as { LaunchCommands: string[] } | undefined)?.LaunchCommands ?? []
  return { LaunchCommands: [...words, text] }
}
