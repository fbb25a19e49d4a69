// Answers of the API as text: a list as a table, anything else as names and values. Owns the form;
// the table of operations has the members and their order.

import { startErrorReasons } from '../../../clients/typescript/src/errors.ts'
import { type OperationName, type OutputOf, operationOf } from '../../core/api/operations.ts'
import { type Member, shapeOf } from '../../core/api/shapes.ts'
import { tableText } from '../table.ts'

/** A line for each member that has a value, and one for each item of a list. */
export function answerText<Name extends OperationName>(name: Name, output: OutputOf<Name>): string {
  return tableText(memberRows(operationOf(name).output, output as Values, ''))
}

/** The items of a list under the names of their members, without the members in `left`. */
export function listText(
  itemShape: string,
  items: readonly object[],
  options: { readonly empty: string; readonly left: readonly string[] },
): string {
  const shape = shapeOf(itemShape)
  if (items.length === 0 || shape.type !== 'structure') return `${options.empty}\n`
  const members = inReadingOrder(shape.members).filter(([name]) => !options.left.includes(name))
  const rows = items.map((item) =>
    members.map(([name, member]) => valueText(member.shape, (item as Values)[name])),
  )
  return tableText([members.map(([name]) => spaced(name).toUpperCase()), ...rows])
}

type Values = Readonly<Record<string, unknown>>

function memberRows(
  members: Readonly<Record<string, Member>>,
  values: Values,
  indent: string,
): string[][] {
  return inReadingOrder(members).flatMap(([name, member]) => {
    const value = values[name]
    if (value === undefined) return []
    const shape = shapeOf(member.shape)
    const label = indent + spaced(name)
    if (name === 'StartError') return startErrorRows(label, String(value))
    if (shape.type === 'structure' && !isLocation(value)) {
      const rows = memberRows(shape.members, value as Values, `${indent}  `)
      return rows.length === 0 ? [] : [[label], ...rows]
    }
    if (shape.type === 'map') {
      return Object.entries(value as Values).map(([key, item], index) => [
        index === 0 ? label : '',
        `${key}=${item}`,
      ])
    }
    const items = Array.isArray(value) ? value : [value]
    const itemShape = shape.type === 'list' ? shape.item : member.shape
    return items.map((item, index) => [index === 0 ? label : '', valueText(itemShape, item)])
  })
}

function valueText(shapeName: string, value: unknown): string {
  if (value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  if (isLocation(value)) return `s3://${value.BucketName}/${value.ObjectKey}`
  const shape = shapeOf(shapeName)
  if (shape.type !== 'structure') return String(value)
  return inReadingOrder(shape.members)
    .filter(([name]) => (value as Values)[name] !== undefined)
    .map(([name, member]) => `${spaced(name)} ${valueText(member.shape, (value as Values)[name])}`)
    .join(', ')
}

function startErrorRows(label: string, text: string): string[][] {
  const reasons = startErrorReasons(text)
  if (reasons.length === 0) return [[label, text]]
  return reasons.map(({ errorType, errorMessage }, index) => [
    index === 0 ? label : '',
    `${errorType}: ${errorMessage}`,
  ])
}

function isLocation(value: unknown): value is { BucketName: string; ObjectKey: string } {
  return (
    typeof value === 'object' && value !== null && 'BucketName' in value && 'ObjectKey' in value
  )
}

/** `TargetStatus` becomes `Target status`. */
function spaced(name: string): string {
  const words = name.replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, ' ').split(' ')
  return words
    .map((word, index) => SPELLINGS[word] ?? (index === 0 ? word : word.toLowerCase()))
    .join(' ')
}

const SPELLINGS: Readonly<Record<string, string>> = { Arn: 'ARN', Id: 'ID', S3: 'S3' }

/** The most important members come first; the rest keeps the table's order. */
function inReadingOrder(
  members: Readonly<Record<string, Member>>,
): [name: string, member: Member][] {
  const rank = ([name]: [string, Member]) =>
    FIRST_MEMBERS.includes(name) ? FIRST_MEMBERS.indexOf(name) : Infinity
  const entries = Object.entries(members)
  const first = entries
    .filter((entry) => rank(entry) !== Infinity)
    .sort((left, right) => rank(left) - rank(right))
  return [...first, ...entries.filter((entry) => rank(entry) === Infinity)]
}

const FIRST_MEMBERS = ['Name', 'Simulation', 'Domain', 'Status', 'TargetStatus', 'StartError']
