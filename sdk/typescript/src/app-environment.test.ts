import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAppEnvironment } from './app-environment.ts'

const whole = { HEDDLE_FABRIC: '/dev/shm/x', HEDDLE_PARTITION: '3', HEDDLE_INCARNATION: '7' }

test('an app finds its place, its attempt and its ports', () => {
  const ports = { HEDDLE_ATTEMPT: '2', HEDDLE_PORTS: '{"7000":31000,"80":31001}' }
  const place = { folder: '/dev/shm/x', partition: 3, incarnation: 7 }
  assert.deepEqual(readAppEnvironment({ ...whole, ...ports }), {
    ...place,
    attempt: 2,
    ports: new Map([
      [80, 31_001],
      [7000, 31_000],
    ]),
  })
  assert.deepEqual(readAppEnvironment(whole), { ...place, attempt: 1, ports: new Map() })
})

for (const [name, value, expected] of [
  ['HEDDLE_FABRIC', undefined, /NotConnected: HEDDLE_FABRIC is not set: .*createStandalone/],
  ['HEDDLE_PARTITION', '-1', /HEDDLE_PARTITION is '-1', and not a whole number/],
  ['HEDDLE_INCARNATION', '', /HEDDLE_INCARNATION is '', and not a whole number/],
  ['HEDDLE_ATTEMPT', 'two', /HEDDLE_ATTEMPT is 'two', and not a whole number/],
  ['HEDDLE_PORTS', '{"7000":', /HEDDLE_PORTS is '{"7000":', and not a JSON object/],
  ['HEDDLE_PORTS', 'null', /HEDDLE_PORTS is 'null'/],
  ['HEDDLE_PORTS', '[7000]', /HEDDLE_PORTS is '\[7000\]'/],
  ['HEDDLE_PORTS', '{"http":31000}', /HEDDLE_PORTS is '{"http":31000}'/],
  ['HEDDLE_PORTS', '{"7000":"31000"}', /HEDDLE_PORTS is '{"7000":"31000"}'/],
  ['HEDDLE_PORTS', '{"7000":65536}', /HEDDLE_PORTS is '{"7000":65536}'/],
] as const)
  test(`${name}=${value ?? ''} is refused with its name and what it must be`, () => {
    assert.throws(() => readAppEnvironment({ ...whole, [name]: value }), expected)
  })
