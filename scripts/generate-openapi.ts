// Writes docs/openapi.json: the table of operations as an OpenAPI 3.1 document, for tools that make
// clients, mocks and pages.
// Owns the translation; never adds a fact that the table lacks. Run it after a change of the table.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { API_ERRORS, type ApiErrorCode } from '../src/core/api/errors.ts'
import type { InputMember, Operation, OperationName } from '../src/core/api/operations.ts'
import {
  API_VERSION,
  OPERATION_NAMES,
  operationOf,
  SERVICE_NAME,
} from '../src/core/api/operations.ts'
import { type Member, SHAPES, type Shape, shapeOf } from '../src/core/api/shapes.ts'

export const OPENAPI_FILE = fileURLToPath(new URL('../docs/openapi.json', import.meta.url))

/**
 * Met with any operation: before it is reached, by a caller whom a policy denies it, or through a
 * fault; whether it declares them or not.
 */
export const COMMON_ERRORS: readonly ApiErrorCode[] = commonErrors()

/** The text of the document. */
export function openapiText(): string {
  const paths: Record<string, Record<string, object>> = {}
  for (const name of OPERATION_NAMES) {
    const { path, method } = operationOf(name)
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationObject(name) }
  }
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'Heddle, a self-hosted server for the API of AWS SimSpace Weaver',
      version: API_VERSION,
      description: 'Runs large spatial simulations: starts, describes, saves and restores them.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:4310', description: 'Default address of heddle up' }],
    security: [{ signature: [] }],
    paths,
    components: {
      securitySchemes: {
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: `AWS Signature Version 4 for the service ${SERVICE_NAME}.`,
          'x-amazon-apigateway-authtype': 'awsSigv4',
        },
      },
      headers: {
        RequestId: {
          description: 'Names the request in the log.',
          schema: { type: 'string', format: 'uuid' },
        },
      },
      schemas: {
        ...Object.fromEntries(OPERATION_NAMES.flatMap(operationSchemas)),
        ...Object.fromEntries(
          Object.entries(SHAPES).map(([name, shape]) => [name, schemaOf(shape)]),
        ),
        Error: {
          type: 'object',
          properties: { Message: { type: 'string' }, message: { type: 'string' } },
        },
      },
    },
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

function operationObject(name: OperationName): object {
  const operation = operationOf(name)
  const parameters = Object.entries(operation.input)
    .filter(([, member]) => member.location !== 'body')
    .map(([memberName, member]) => parameterOf(memberName, member))
  return {
    operationId: name,
    summary: operation.summary,
    ...(parameters.length > 0 && { parameters }),
    ...(hasBody(operation) && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: refTo(`${name}Input`) } },
      },
    }),
    responses: {
      200: {
        description: 'The operation succeeded or has begun.',
        headers: requestIdHeader(),
        content: { 'application/json': { schema: refTo(`${name}Output`) } },
      },
      ...errorResponses([...new Set([...operation.errors, ...COMMON_ERRORS])]),
    },
  }
}

function parameterOf(name: string, member: InputMember): object {
  return {
    name: member.wireName ?? name,
    in: member.location,
    required: member.required ?? false,
    description: member.summary,
    schema: refTo(member.shape),
    ...(shapeOf(member.shape).type === 'list' && { style: 'form', explode: true }),
  }
}

function errorResponses(codes: readonly ApiErrorCode[]): Record<string, object> {
  const byStatus = Map.groupBy(codes, (code) => API_ERRORS[code].status)
  const responses = [...byStatus].map(([status, group]) => [
    status,
    {
      description: group.map((code) => `${code}: ${API_ERRORS[code].meaning}`).join('\n'),
      headers: {
        'x-amzn-ErrorType': {
          description: 'The code of the error.',
          schema: { type: 'string', enum: group },
        },
        ...requestIdHeader(),
      },
      content: { 'application/json': { schema: refTo('Error') } },
    },
  ])
  return Object.fromEntries(responses)
}

function requestIdHeader(): object {
  return { 'x-amzn-RequestId': { $ref: '#/components/headers/RequestId' } }
}

function operationSchemas(name: OperationName): [string, object][] {
  const operation = operationOf(name)
  const output: [string, object] = [`${name}Output`, structureSchema(operation.output)]
  if (!hasBody(operation)) return [output]
  const inBody = Object.entries(operation.input).filter(([, member]) => member.location === 'body')
  const oneOf = operation.exactlyOneOf?.map((memberName) => ({ required: [memberName] }))
  return [
    [`${name}Input`, { ...structureSchema(Object.fromEntries(inBody)), ...(oneOf && { oneOf }) }],
    output,
  ]
}

function schemaOf(shape: Shape): object {
  const description = shape.summary
  switch (shape.type) {
    case 'string':
      return {
        type: 'string',
        description:
          shape.prefixRefused === undefined
            ? description
            : `Must not begin with ${shape.prefixRefused}`,
        minLength: shape.lengthMin,
        maxLength: shape.lengthMax,
        pattern: shape.pattern,
        ...(shape.dotsRefused && { not: { pattern: '^\\.+$' } }),
        enum: shape.values,
        ...(shape.sensitive && { format: 'password' }),
      }
    case 'integer':
      return {
        type: 'integer',
        format: 'int32',
        description,
        minimum: shape.min,
        maximum: shape.max,
      }
    case 'timestamp':
      return {
        type: 'number',
        description: description ?? 'Seconds since the epoch, with fractions.',
      }
    case 'list':
      return {
        type: 'array',
        description,
        items: refTo(shape.item),
        minItems: shape.countMin,
        maxItems: shape.countMax,
      }
    case 'map':
      return {
        type: 'object',
        description,
        propertyNames: refTo(shape.key),
        additionalProperties: refTo(shape.value),
        minProperties: shape.countMin,
        maxProperties: shape.countMax,
      }
    case 'structure':
      return { ...structureSchema(shape.members), description }
  }
}

function structureSchema(members: Readonly<Record<string, Member>>): object {
  const entries = Object.entries(members)
  const required = entries
    .filter(([, member]) => member.required || member.always)
    .map(([name]) => name)
  return {
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(entries.map(([name, member]) => [name, memberSchema(member)])),
  }
}

function memberSchema(member: Member): object {
  const description = member.deprecated ?? member.summary
  return {
    ...refTo(member.shape),
    description,
    deprecated: member.deprecated === undefined ? undefined : true,
  }
}

function refTo(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` }
}

function hasBody(operation: Operation): boolean {
  return Object.values(operation.input).some((member) => member.location === 'body')
}

function commonErrors(): ApiErrorCode[] {
  const declared = new Set(OPERATION_NAMES.flatMap((name) => operationOf(name).errors))
  const all = Object.keys(API_ERRORS) as ApiErrorCode[]
  const undeclared = all.filter(
    (code) => !declared.has(code) && code !== 'UnknownOperationException',
  )
  return ['AccessDeniedException', 'InternalServerException', ...undeclared]
}

if (import.meta.main) writeFileSync(OPENAPI_FILE, openapiText())
