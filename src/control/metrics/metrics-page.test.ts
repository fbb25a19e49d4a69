import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFixture, waitFor } from '../testing/control-fixture.ts'
import { MetricsPage } from './metrics-page.ts'
import { RequestMetrics } from './request-metrics.ts'
import { ParsedPage } from './testing/parsed-page.ts'

test('simulations are counted by status, and one without metrics is not up', async () => {
  await using fixture = await openFixture()
  const requests = new RequestMetrics()
  const { store, supervisor } = fixture.control
  const page = new MetricsPage({
    store,
    supervisor,
    requests,
    identity: () => ({ endsAtMs: 1_800_000_000_500 }),
  })
  const read = async () => new ParsedPage(await page.text())
  assert.deepEqual((await read()).all('heddle_simulations'), [])
  assert.equal(
    (await read()).value('heddle_tls_certificate_expiry_timestamp_seconds', {}),
    1_800_000_000.5,
  )
  // The worker of these tests has no fabric, and answers like one that has not created it yet.
  await fixture.start('silent')
  await fixture.waitForStatus('silent', 'STARTED')
  await fixture.start('broken', 'fail-at-start')
  await fixture.waitForStatus('broken', 'FAILED')
  const both = await read()
  assert.equal(both.value('heddle_simulations', { status: 'STARTED' }), 1)
  assert.equal(both.value('heddle_simulations', { status: 'FAILED' }), 1)
  assert.equal(both.value('heddle_simulation_up', { simulation: 'silent' }), 0)
  assert.deepEqual(both.all('heddle_simulation_up', { simulation: 'broken' }), [])
  await fixture.call('StopSimulation', { Simulation: 'silent' })
  await waitFor('the stopped one to leave', async () =>
    (await read()).all('heddle_simulation_up').length === 0 ? true : undefined,
  )
})

test('concurrent readers share one page, and later readers get a new one', async () => {
  await using fixture = await openFixture()
  const { store, supervisor } = fixture.control
  let asked = 0
  const listSimulations = () => {
    asked++
    return store.listSimulations()
  }
  const page = new MetricsPage({
    store: { ...store, listSimulations },
    supervisor,
    requests: new RequestMetrics(),
    identity: () => undefined,
  })
  const texts = await Promise.all(Array.from({ length: 20 }, () => page.text()))
  assert.equal(asked, 1)
  assert.equal(new Set(texts).size, 1)
  await page.text()
  assert.equal(asked, 2)
})
