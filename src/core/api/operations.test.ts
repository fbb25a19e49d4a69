import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { API_ERRORS, type ApiErrorCode } from './errors.ts'
import {
  API_VERSION,
  type InputMember,
  OPERATION_NAMES,
  operationOf,
  SERVICE_NAME,
} from './operations.ts'
import { type Member, SHAPES, type Shape } from './shapes.ts'

const MODEL_FILE = new URL(
  '../../../../shared/data/simspaceweaver-2022-10-28.service-2.json',
  import.meta.url,
)
const skip = existsSync(MODEL_FILE) ? false : 'the service model is not on this machine'

interface ModelShape {
  type: string
  required?: string[]
  members?: Record<string, ModelMember>
  member?: { shape: string }
  key?: { shape: string }
  value?: { shape: string }
  min?: number
  max?: number
  pattern?: string
  enum?: string[]
  sensitive?: boolean
  error?: { httpStatusCode: number }
}
interface ModelMember {
  shape: string
  location?: string
  locationName?: string
  deprecated?: boolean
  idempotencyToken?: boolean
}
interface Model {
  metadata: { apiVersion: string; signingName: string }
  operations: Record<
    string,
    {
      http: { method: string; requestUri: string; responseCode: number }
      input: { shape: string }
      output: { shape: string }
      errors: { shape: string }[]
    }
  >
  shapes: Record<string, ModelShape>
}

test('every shape that the table names exists', () => {
  const named: string[] = []
  for (const name of OPERATION_NAMES) {
    const { input, output } = operationOf(name)
    named.push(
      ...[...Object.values(input), ...Object.values(output)].map((member: Member) => member.shape),
    )
  }
  for (const shape of Object.values<Shape>(SHAPES)) {
    if (shape.type === 'list') named.push(shape.item)
    if (shape.type === 'map') named.push(shape.key, shape.value)
    if (shape.type === 'structure')
      named.push(...Object.values(shape.members).map((member) => member.shape))
  }
  assert.deepEqual(
    [...new Set(named)].sort(),
    Object.keys(SHAPES).sort(),
    'and every shape is used',
  )
})

test('members outside the body have a wire name, and a path ends with its one label', () => {
  for (const name of OPERATION_NAMES) {
    const operation = operationOf(name)
    const labels = [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    const inPath = Object.values(operation.input).filter((member) => member.location === 'path')
    assert.deepEqual(
      labels,
      inPath.map((member) => member.wireName),
      name,
    )
    if (labels.length > 0) assert.match(operation.path, /^[^{}]*\/\{\w+\}$/, name)
    for (const member of Object.values(operation.input)) {
      assert.equal(member.wireName === undefined, member.location === 'body', name)
    }
  }
})

test('the table has the operations, bindings and errors of the service model', { skip }, () => {
  const model = readModel()
  assert.equal(API_VERSION, model.metadata.apiVersion)
  assert.equal(SERVICE_NAME, model.metadata.signingName)
  assert.deepEqual([...OPERATION_NAMES].sort(), Object.keys(model.operations).sort())
  for (const name of OPERATION_NAMES) {
    const ours = operationOf(name)
    const theirs = model.operations[name]!
    assert.deepEqual(
      { method: ours.method, requestUri: ours.path, responseCode: 200 },
      theirs.http,
      `HTTP binding of ${name}`,
    )
    assert.deepEqual(
      [...ours.errors].sort(),
      theirs.errors.map((error) => error.shape).sort(),
      `errors of ${name}`,
    )
    for (const error of theirs.errors) {
      const status = API_ERRORS[error.shape as ApiErrorCode].status
      assert.equal(status, model.shapes[error.shape]!.error!.httpStatusCode, error.shape)
    }
  }
})

test('the table has the members, limits, patterns and values of the service model', {
  skip,
}, () => {
  const model = readModel()
  for (const name of OPERATION_NAMES) {
    const { input, output } = operationOf(name)
    const theirs = model.operations[name]!
    assert.deepEqual(
      expandMembers(input),
      expandModelMembers(model, theirs.input.shape),
      `input of ${name}`,
    )
    assert.deepEqual(
      expandMembers(output),
      expandModelMembers(model, theirs.output.shape),
      `output of ${name}`,
    )
  }
})

// Both sides are expanded to plain trees without shape names, so that only facts are compared.

function expandMembers(members: Readonly<Record<string, Member | InputMember>>): object {
  const entries = Object.entries(members).map(([name, member]) => {
    const location = 'location' in member ? member.location : 'body'
    const facts = {
      required: member.required === true,
      location,
      wireName: 'wireName' in member ? member.wireName : name,
      deprecated: member.deprecated !== undefined,
      idempotencyToken: member.idempotencyToken === true,
      value: expandShape(member.shape),
    }
    return [name, facts] as const
  })
  return Object.fromEntries(entries)
}

function expandShape(name: string): object {
  const shape: Shape = SHAPES[name as keyof typeof SHAPES]
  switch (shape.type) {
    case 'string':
      return stringFacts(
        shape.lengthMin,
        shape.lengthMax,
        shape.pattern,
        shape.values,
        shape.sensitive,
      )
    case 'integer':
      return { type: 'integer', min: shape.min, max: shape.max }
    case 'timestamp':
      return { type: 'timestamp' }
    case 'list':
      return {
        type: 'list',
        min: shape.countMin,
        max: shape.countMax,
        item: expandShape(shape.item),
      }
    case 'map':
      return {
        type: 'map',
        min: shape.countMin,
        max: shape.countMax,
        key: expandShape(shape.key),
        value: expandShape(shape.value),
      }
    case 'structure':
      return { type: 'structure', members: expandMembers(shape.members) }
  }
}

const LOCATIONS: Record<string, string> = { querystring: 'query', uri: 'path' }

function expandModelMembers(model: Model, shapeName: string): object {
  const shape = model.shapes[shapeName]!
  const entries = Object.entries(shape.members ?? {}).map(([name, member]) => {
    const facts = {
      required: shape.required?.includes(name) === true,
      location: member.location === undefined ? 'body' : LOCATIONS[member.location],
      wireName: member.locationName ?? name,
      deprecated: member.deprecated === true,
      idempotencyToken: member.idempotencyToken === true,
      value: expandModelShape(model, member.shape),
    }
    return [name, facts] as const
  })
  return Object.fromEntries(entries)
}

function expandModelShape(model: Model, name: string): object {
  const shape = model.shapes[name]!
  switch (shape.type) {
    case 'string':
      return stringFacts(shape.min, shape.max, shape.pattern, shape.enum, shape.sensitive)
    case 'integer':
      return { type: 'integer', min: shape.min, max: shape.max }
    case 'timestamp':
      return { type: 'timestamp' }
    case 'list':
      return {
        type: 'list',
        min: shape.min,
        max: shape.max,
        item: expandModelShape(model, shape.member!.shape),
      }
    case 'map':
      return {
        type: 'map',
        min: shape.min,
        max: shape.max,
        key: expandModelShape(model, shape.key!.shape),
        value: expandModelShape(model, shape.value!.shape),
      }
    case 'structure':
      return { type: 'structure', members: expandModelMembers(model, name) }
    default:
      throw new Error(`the model has a shape of another type: ${shape.type}`)
  }
}

/** A minimum length of 0 is no constraint. */
function stringFacts(
  min: number | undefined,
  max: number | undefined,
  pattern: string | undefined,
  values: readonly string[] | undefined,
  sensitive: boolean | undefined,
): object {
  return {
    type: 'string',
    min: min === 0 ? undefined : min,
    max,
    pattern,
    values,
    sensitive: sensitive === true,
  }
}

function readModel(): Model {
  return JSON.parse(readFileSync(MODEL_FILE, 'utf8')) as Model
}
