import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appEnvironment } from './app-environment.ts'

const app = {
  simulation: 'city',
  fabricFolder: '/dev/shm/x',
  partition: 3,
  ports: [{ declared: 7000, actual: 31_000 }],
}

test('an app is told where it belongs, and nothing else that its worker knows', (context) => {
  const before = { ...process.env }
  context.after(() => {
    process.env = before
  })
  Object.assign(process.env, {
    AWS_SECRET_ACCESS_KEY: 'secret',
    NODE_COMPILE_CACHE: '/cache',
    HEDDLE_DATA: '/data',
  })
  const environment = appEnvironment(app, 2)
  assert.equal(environment.NODE_COMPILE_CACHE, '/cache')
  assert.equal(environment.HEDDLE_PARTITION, '3')
  assert.equal(environment.HEDDLE_ATTEMPT, '2')
  assert.equal(environment.HEDDLE_PORTS, '{"7000":31000}')
  assert.deepEqual(
    ['AWS_SECRET_ACCESS_KEY', 'HEDDLE_DATA'].filter((name) => name in environment),
    [],
  )
  delete process.env.NODE_COMPILE_CACHE
  assert.equal('NODE_COMPILE_CACHE' in appEnvironment(app, 2), false)
})
