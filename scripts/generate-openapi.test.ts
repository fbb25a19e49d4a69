import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { API_ERRORS } from '../src/core/api/errors.ts'
import { OPERATION_NAMES, operationOf } from '../src/core/api/operations.ts'
import { COMMON_ERRORS, OPENAPI_FILE, openapiText } from './generate-openapi.ts'

interface Response {
  headers: Record<string, { schema?: { enum?: string[] } }>
}
interface OperationObject {
  operationId: string
  parameters?: { name: string; in: string; required: boolean }[]
  requestBody?: { content: { 'application/json': { schema: { $ref: string } } } }
  responses: Record<string, Response>
}
interface Document {
  openapi: string
  paths: Record<string, Record<string, OperationObject>>
  components: { schemas: Record<string, { properties?: object; required?: string[] }> }
}

const text = openapiText()
const document = JSON.parse(text) as Document

test('the OpenAPI document is the one the table makes: run `npm run docs` after a change', () => {
  assert.equal(readFileSync(OPENAPI_FILE, 'utf8'), text)
})

test('every reference of the OpenAPI document leads somewhere, and every schema is led to', () => {
  const references = new Set([...text.matchAll(/"\$ref": "#\/([^"]+)"/g)].map((match) => match[1]!))
  for (const reference of references) {
    let found: unknown = document
    for (const key of reference.split('/'))
      found = (found as Record<string, unknown> | undefined)?.[key]
    assert.equal(typeof found, 'object', reference)
  }
  const unused = Object.keys(document.components.schemas).filter(
    (name) => !references.has(`components/schemas/${name}`),
  )
  assert.deepEqual(unused, [])
})

test('every operation has each member in its place, and each error under its status', () => {
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  )
  assert.deepEqual(ids.sort(), [...OPERATION_NAMES].sort())
  for (const name of OPERATION_NAMES) {
    const { path, method, input, errors } = operationOf(name)
    const found = document.paths[path]?.[method.toLowerCase()]
    assert.equal(found?.operationId, name)
    const parameters = found.parameters ?? []
    const body = document.components.schemas[`${name}Input`]
    for (const [memberName, member] of Object.entries(input)) {
      if (member.location === 'body') {
        assert.ok(Object.hasOwn(body?.properties ?? {}, memberName), `${name}: ${memberName}`)
        assert.equal(
          body?.required?.includes(memberName) ?? false,
          member.required ?? false,
          `${name}: ${memberName}`,
        )
      } else {
        const parameter = parameters.find(
          (each) => each.name === member.wireName && each.in === member.location,
        )
        assert.equal(parameter?.required, member.required ?? false, `${name}: ${memberName}`)
      }
    }
    const inPath = parameters.filter((each) => each.in === 'path').map((each) => `{${each.name}}`)
    assert.deepEqual(inPath, path.match(/\{.*?\}/g) ?? [], name)
    assert.equal(found.requestBody !== undefined, body !== undefined, name)
    for (const code of [...errors, ...COMMON_ERRORS]) {
      const response = found.responses[API_ERRORS[code].status]
      assert.ok(
        response?.headers['x-amzn-ErrorType']?.schema?.enum?.includes(code),
        `${name}: ${code}`,
      )
    }
  }
})
