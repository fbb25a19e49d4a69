// Writes clients/botocore: the table of operations in the form that boto3 and the AWS CLI load.
// Owns the translation; never adds a fact that the table lacks. Run it after a change of the table.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { API_ERRORS, type ApiErrorCode } from '../src/core/api/errors.ts'
import type { InputMember, Operation } from '../src/core/api/operations.ts'
import {
  API_VERSION,
  OPERATION_NAMES,
  operationOf,
  SERVICE_NAME,
} from '../src/core/api/operations.ts'
import { type Member, SHAPES, type Shape } from '../src/core/api/shapes.ts'

/** The generated files, each with what makes its text. */
export const BOTOCORE_FILES: readonly (readonly [path: string, text: () => string])[] = [
  [fileOf('service-2.json'), botocoreModelText],
  [fileOf('paginators-1.json'), botocorePaginatorsText],
]

/** The text of the model file. */
export function botocoreModelText(): string {
  const model = {
    version: '2.0',
    metadata: {
      apiVersion: API_VERSION,
      endpointPrefix: SERVICE_NAME,
      jsonVersion: '1.1',
      protocol: 'rest-json',
      protocols: ['rest-json'],
      serviceFullName: 'Heddle, a self-hosted server for the API of AWS SimSpace Weaver',
      serviceId: 'SimSpaceWeaver',
      signatureVersion: 'v4',
      signingName: SERVICE_NAME,
      uid: `${SERVICE_NAME}-${API_VERSION}`,
    },
    operations: Object.fromEntries(
      OPERATION_NAMES.map((name) => [name, operationModel(name, operationOf(name))]),
    ),
    shapes: {
      ...operationShapes(),
      ...errorShapes(),
      ...Object.fromEntries(
        Object.entries(SHAPES).map(([name, shape]) => [name, shapeModel(shape)]),
      ),
    },
    documentation: 'Runs large spatial simulations: starts, describes, saves and restores them.',
  }
  return `${JSON.stringify(model, undefined, 2)}\n`
}

/** The text of the file that lets clients walk through lists by themselves. */
function botocorePaginatorsText(): string {
  const paged = OPERATION_NAMES.map((name) => [name, operationOf(name).output] as const).filter(
    ([, output]) => 'NextToken' in output,
  )
  const pagination = Object.fromEntries(
    paged.map(([name, output]) => [name, paginatorModel(output)]),
  )
  return `${JSON.stringify({ pagination }, undefined, 2)}\n`
}

function paginatorModel(output: Operation['output']): object {
  const list = Object.keys(output).find(
    (name) => SHAPES[output[name]!.shape as keyof typeof SHAPES].type === 'list',
  )
  return {
    input_token: 'NextToken',
    output_token: 'NextToken',
    limit_key: 'MaxResults',
    result_key: list,
  }
}

function operationModel(name: string, operation: Operation): object {
  return {
    name,
    http: { method: operation.method, requestUri: operation.path, responseCode: 200 },
    input: { shape: `${name}Input` },
    output: { shape: `${name}Output` },
    errors: operation.errors.map((shape) => ({ shape })),
    documentation: operation.summary,
    idempotent: operation.method === 'DELETE' ? true : undefined,
  }
}

function operationShapes(): Record<string, object> {
  const shapes: Record<string, object> = {}
  for (const name of OPERATION_NAMES) {
    shapes[`${name}Input`] = structureModel(operationOf(name).input)
    shapes[`${name}Output`] = structureModel(operationOf(name).output)
  }
  return shapes
}

function errorShapes(): Record<string, object> {
  const declared = new Set<ApiErrorCode>(
    OPERATION_NAMES.flatMap((name) => operationOf(name).errors),
  )
  const shapes: Record<string, object> = { ErrorMessage: { type: 'string' } }
  for (const code of declared) {
    const { status, meaning } = API_ERRORS[code]
    shapes[code] = {
      type: 'structure',
      members: { Message: { shape: 'ErrorMessage' } },
      error: { httpStatusCode: status, senderFault: status < 500 ? true : undefined },
      exception: true,
      fault: status >= 500 ? true : undefined,
      documentation: meaning,
    }
  }
  return shapes
}

function shapeModel(shape: Shape): object {
  const documentation = shape.summary
  switch (shape.type) {
    case 'string':
      return {
        type: 'string',
        min: shape.lengthMin,
        max: shape.lengthMax,
        pattern: shape.pattern,
        enum: shape.values,
        sensitive: shape.sensitive,
        documentation,
      }
    case 'integer':
      return { type: 'integer', box: true, min: shape.min, max: shape.max, documentation }
    case 'timestamp':
      return { type: 'timestamp', documentation }
    case 'list':
      return {
        type: 'list',
        member: { shape: shape.item },
        min: shape.countMin,
        max: shape.countMax,
        documentation,
      }
    case 'map':
      return {
        type: 'map',
        key: { shape: shape.key },
        value: { shape: shape.value },
        min: shape.countMin,
        max: shape.countMax,
        documentation,
      }
    case 'structure':
      return { ...structureModel(shape.members), documentation }
  }
}

const LOCATION_NAMES = { query: 'querystring', path: 'uri' } as const

function structureModel(members: Readonly<Record<string, Member | InputMember>>): object {
  const entries = Object.entries(members)
  const required = entries.filter(([, member]) => member.required).map(([name]) => name)
  return {
    type: 'structure',
    required: required.length === 0 ? undefined : required,
    members: Object.fromEntries(entries.map(([name, member]) => [name, memberModel(member)])),
  }
}

function memberModel(member: Member | InputMember): object {
  const inUrl = 'location' in member && member.location !== 'body'
  return {
    shape: member.shape,
    location: inUrl ? LOCATION_NAMES[member.location] : undefined,
    locationName: inUrl ? member.wireName : undefined,
    idempotencyToken: member.idempotencyToken,
    deprecated: member.deprecated === undefined ? undefined : true,
    deprecatedMessage: member.deprecated,
    documentation: member.summary,
  }
}

function fileOf(name: string): string {
  return fileURLToPath(
    new URL(`../clients/botocore/${SERVICE_NAME}/${API_VERSION}/${name}`, import.meta.url),
  )
}

if (import.meta.main) {
  for (const [path, text] of BOTOCORE_FILES) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text())
  }
}
