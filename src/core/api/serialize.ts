// Writes the output of an operation as the JSON of its answer. Owns the wire form of outputs; never
// decides what is in one.

import { assert } from '../../base/assert.ts'
import type { OperationName, OutputOf } from './operations.ts'
import { operationOf } from './operations.ts'
import { type Member, shapeOf } from './shapes.ts'

/**
 * Leaves out members without a value and members that the table does not name; timestamps are
 * seconds.
 */
export function outputText<Name extends OperationName>(name: Name, output: OutputOf<Name>): string {
  return JSON.stringify(membersToWire(operationOf(name).output, output))
}

function membersToWire(
  members: Readonly<Record<string, Member>>,
  value: object,
): Record<string, unknown> {
  const wire: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(members)) {
    const memberValue = (value as Readonly<Record<string, unknown>>)[name]
    if (memberValue !== undefined && memberValue !== null)
      wire[name] = valueToWire(member.shape, memberValue)
  }
  return wire
}

function valueToWire(shapeName: string, value: unknown): unknown {
  const shape = shapeOf(shapeName)
  switch (shape.type) {
    case 'string':
    case 'integer':
      return value
    case 'timestamp':
      assert(
        value instanceof Date && !Number.isNaN(value.getTime()),
        `${shapeName} must be a valid Date`,
      )
      return value.getTime() / 1000
    case 'list':
      return (value as readonly unknown[]).map((item) => valueToWire(shape.item, item))
    case 'map': {
      const entries = Object.entries(value as Readonly<Record<string, unknown>>)
      return Object.fromEntries(entries.map(([key, item]) => [key, valueToWire(shape.value, item)]))
    }
    case 'structure':
      return membersToWire(shape.members, value as object)
  }
}
