import assert from 'node:assert/strict'
import { test } from 'node:test'
import { API_ERRORS } from '../../src/core/api/errors.ts'
import { Random } from '../simulator/random.ts'
import { fuzz, memoryGrowthMiB } from './fuzz.ts'
import { faultOf } from './judge.ts'
import { fuzzRequest } from './requests.ts'

const seed = Number(process.env.HEDDLE_FUZZ_SEED ?? 1)
const REQUESTS = 2000

test('two thousand right and wrong requests get well-formed answers, and no 5xx', async () => {
  const report = await fuzz({ seed, requests: REQUESTS })
  const { sent, answers } = report
  assert.equal(sent, REQUESTS)
  const seen = (pattern: RegExp) => [...answers.keys()].some((what) => pattern.test(what))
  // The fuzzer must reach successful calls, and rejections by each layer.
  for (const pattern of [
    /^200$/,
    /ValidationException/,
    /SerializationException/,
    /ResourceNotFoundException/,
    /InvalidSignatureException/,
    /UnknownOperationException/,
    /NoSuchKey/,
    /SignatureDoesNotMatch/,
  ])
    assert.ok(seen(pattern), `${pattern} is never answered: ${[...answers.keys()]}`)
  memoryGrowthMiB(report)
})

test('seed and number determine a request, so that it can be repeated', () => {
  const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' }
  const target = { host: 'localhost', credentials, now: new Date(0) }
  for (let number = 0; number < 300; number++) {
    const [one, other] = [1, 1].map((same) => fuzzRequest(new Random(same, number), target))
    assert.deepEqual(one, other)
  }
})

test('the judge tells faults from answers', () => {
  const answer = (status: number, code: string | undefined, body: string) => ({
    status,
    headers: new Map([
      ['x-amzn-requestid', '01234567-89ab-4def-8123-456789abcdef'],
      ['content-type', 'application/json'],
      ...(code === undefined ? [] : [['x-amzn-errortype', code] as const]),
    ]),
    body: Buffer.from(body),
  })
  const message = '{"Message":"m","message":"m"}'
  assert.equal(faultOf(answer(200, undefined, '{}'), 'api'), undefined)
  for (const [code, { status }] of Object.entries(API_ERRORS))
    assert.equal(faultOf(answer(status, code, message), 'api') === undefined, status < 500, code)
  assert.match(faultOf(answer(404, 'ValidationException', message), 'api') ?? '', /with status 404/)
  assert.match(faultOf(answer(400, 'OddException', message), 'api') ?? '', /unknown error/)
  assert.match(
    faultOf(answer(400, 'ValidationException', '{"message":"m"}'), 'api') ?? '',
    /no message/,
  )
  assert.match(faultOf(answer(400, 'ValidationException', 'oops'), 'api') ?? '', /no JSON/)
  assert.match(
    faultOf(answer(409, 'ConflictException', message), 'api', 'ListSimulations') ?? '',
    /not declare/,
  )
  assert.match(faultOf(answer(400, 'ValidationException', message), 's3') ?? '', /request id/)
})
