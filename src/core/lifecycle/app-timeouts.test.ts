import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Domain } from '../schema/schema.ts'
import { appTimeoutMsOf, parseAppTimeouts, refuseUnknownDomains } from './app-timeouts.ts'

function domain(name: string, appTimeoutMs?: number): Domain {
  return {
    name,
    lifecycle: 'ByRequest',
    package: { kind: 'path', path: '/apps' },
    launchCommand: ['node'],
    resourceUnits: 1,
    ingressPorts: [],
    ...(appTimeoutMs !== undefined && { appTimeoutMs }),
  }
}

function accepted(tags: Record<string, string>) {
  const parsed = parseAppTimeouts(tags)
  assert.ok(parsed && 'timeouts' in parsed, JSON.stringify(parsed))
  return parsed.timeouts
}

test('tags set a timeout for all domains and for single ones, in seconds', () => {
  assert.equal(parseAppTimeouts({ team: 'x' }), undefined)
  assert.deepEqual(
    accepted({
      'heddle:app-timeout': '30',
      'heddle:app-timeout:Views': '0.25',
      'heddle:app-timeout:Cells': '0',
    }),
    { ofAllMs: 30_000, ofDomainMs: { Views: 250, Cells: 0 } },
  )
})

test('a tag with a bad number of seconds is refused by name', () => {
  for (const text of ['', 'x', '-1', '86401', '1e3', '0.0001', 'never']) {
    const refused = parseAppTimeouts({ 'heddle:app-timeout:Views': text })
    assert.ok(refused && 'refusal' in refused, text)
    assert.match(
      refused.refusal,
      /^the tag heddle:app-timeout:Views is a number of seconds up to 86400/,
    )
  }
})

test("a domain's tag overrides its schema, the tag for all, and the operator", () => {
  const timeouts = accepted({ 'heddle:app-timeout': '30', 'heddle:app-timeout:Views': '2' })
  assert.equal(appTimeoutMsOf(domain('Views', 500), timeouts, 10_000), 2_000)
  assert.equal(appTimeoutMsOf(domain('Cells', 500), timeouts, 10_000), 500)
  assert.equal(appTimeoutMsOf(domain('Cells', 0), timeouts, 10_000), 0)
  assert.equal(appTimeoutMsOf(domain('Cells'), timeouts, 10_000), 30_000)
  assert.equal(appTimeoutMsOf(domain('Cells'), undefined, 10_000), 10_000)
})

test('a domain may be named like a member of every object', () => {
  for (const name of ['constructor', 'toString', '__proto__']) {
    assert.equal(appTimeoutMsOf(domain(name), undefined, 10_000), 10_000)
    assert.equal(
      appTimeoutMsOf(domain(name), accepted({ 'heddle:app-timeout:Views': '2' }), 10_000),
      10_000,
    )
    const timeouts = accepted({ [`heddle:app-timeout:${name}`]: '2' })
    assert.equal(appTimeoutMsOf(domain(name), timeouts, 10_000), 2_000)
    assert.match(refuseUnknownDomains(timeouts, [domain('Views')]) ?? '', new RegExp(name))
  }
})

test('a tag for an unknown domain is refused with the known ones', () => {
  const domains = [domain('Views'), domain('Cells')]
  assert.equal(
    refuseUnknownDomains(accepted({ 'heddle:app-timeout:Views': '2' }), domains),
    undefined,
  )
  const refused = refuseUnknownDomains(accepted({ 'heddle:app-timeout:View': '2' }), domains)
  assert.match(
    refused ?? '',
    /heddle:app-timeout:View names no domain .*"Views".*there are Views, Cells/,
  )
})
