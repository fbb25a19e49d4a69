import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APP_LIBRARIES_FOLDER, PYTHON_SDK_FOLDER } from '../../io/launch/app-libraries.ts'
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
    LD_LIBRARY_PATH: '/worker/lib',
    PYTHONPATH: '/worker/python',
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
  // Heddle's own folders, one each: launch scripts use the values as names of folders.
  assert.equal(environment.LD_LIBRARY_PATH, APP_LIBRARIES_FOLDER)
  assert.equal(environment.PYTHONPATH, PYTHON_SDK_FOLDER)
  delete process.env.NODE_COMPILE_CACHE
  assert.equal('NODE_COMPILE_CACHE' in appEnvironment(app, 2), false)
})
