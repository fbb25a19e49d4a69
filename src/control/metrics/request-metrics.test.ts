import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { HEALTH_PATH } from '../http/audit-hook.ts'
import { openServer } from '../http/testing/open-server.ts'
import { waitFor } from '../testing/control-fixture.ts'
import { type Answered, RequestMetrics } from './request-metrics.ts'
import { ParsedPage } from './testing/parsed-page.ts'

test('the server counts each API request once, by operation and status', async (context) => {
  const told: Answered[] = []
  const { endpoint } = await openServer(context, { onAnswered: (answered) => told.push(answered) })
  const signed = {
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKID/20260101/us-west-2/simspaceweaver/aws4_request',
  }
  await fetch(`${endpoint}/listsimulations`, { headers: signed })
  await fetch(`${endpoint}/describesimulation?simulation=none`, { headers: signed })
  await fetch(`${endpoint}/stopsimulation`, { method: 'POST', headers: signed, body: '{' })
  await fetch(`${endpoint}/nothing`, { headers: signed })
  await fetch(`${endpoint}/listsimulations`)
  await fetch(`${endpoint}${HEALTH_PATH}`)
  await waitFor('five to be told', () => (told.length >= 5 ? true : undefined))
  assert.deepEqual(
    told.map(({ operation, status }) => `${operation} ${status}`),
    [
      'ListSimulations 200',
      'DescribeSimulation 404',
      'StopSimulation 400',
      'unknown 404',
      'ListSimulations 403',
    ],
  )
  assert.ok(
    told.every(({ service, durationMs }) => service === 'simspaceweaver' && durationMs >= 0),
  )
})

test('a caller that goes away before it is answered is told of too', async (context) => {
  const told: Answered[] = []
  const { port } = await openServer(context, { onAnswered: (answered) => told.push(answered) })
  const socket = connect(port, '127.0.0.1')
  socket.write(
    'POST /startclock HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n',
  )
  // Now the server has begun with the request.
  await once(socket, 'data')
  socket.destroy()
  const [{ operation }] = await waitFor('the request to be told', () =>
    told.length > 0 ? told : undefined,
  )
  assert.equal(operation, 'StartClock')
})

test('requests and durations are on the page, and so is the process', async () => {
  const metrics = new RequestMetrics()
  for (const durationMs of [3, 40, 20_000])
    metrics.count({ service: 's3', operation: 'PutObject', status: 200, durationMs })
  metrics.count({ service: 's3', operation: 'PutObject', status: 503, durationMs: 1 })
  const page = new ParsedPage(await metrics.registry.metrics())
  assert.equal(page.value('heddle_requests_total', { operation: 'PutObject', status: '200' }), 3)
  assert.equal(page.value('heddle_requests_total', { operation: 'PutObject', status: '503' }), 1)
  assert.equal(
    page.value('heddle_request_duration_seconds_bucket', { operation: 'PutObject', le: '0.05' }),
    3,
  )
  assert.equal(page.value('heddle_request_duration_seconds_count', { operation: 'PutObject' }), 4)
  const startedAgoSeconds = Date.now() / 1000 - page.value('process_start_time_seconds')
  assert.ok(startedAgoSeconds > 0 && startedAgoSeconds < 600)
  assert.ok(page.value('process_cpu_seconds_total') > 0)
  assert.ok(page.value('nodejs_heap_size_used_bytes') < page.value('process_resident_memory_bytes'))
})
