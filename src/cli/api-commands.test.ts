// The commands that call the API, as real processes: against the example service, and against a
// control with scripted workers.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { resolveConfig } from '../control/config.ts'
import { openServer } from '../control/http/testing/open-server.ts'
import { serveControl } from '../control/server.ts'
import { SCRIPTED_WORKER } from '../control/testing/control-fixture.ts'
import { OPERATION_NAMES } from '../core/api/operations.ts'
import { killProcesses } from '../io/launch/processes.ts'
import { type Ended, runProgram } from './testing/run-program.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/heddle', import.meta.url))
const ARN = 'arn:aws:simspaceweaver:us-west-2:111122223333:simulation/world'
const SCRIPT = '/usr/bin/script'
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'a secret of this test' }

async function heddle(args: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  return await run(LAUNCHER, args.split(' '), env)
}

async function run(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return await runProgram(program, args, {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env },
  })
}

test('every operation has a command that answers in words or in JSON', async (context) => {
  const { endpoint, service } = await openServer(context)
  const said = async (args: string): Promise<string> => {
    const { code, out, err } = await heddle(args, { ...KEYS, HEDDLE_ENDPOINT: endpoint })
    assert.deepEqual({ code, err }, { code: 0, err: '' }, args)
    return out
  }
  assert.equal(
    await said(
      'simulation start world --schema s3://bucket/a/b.yaml --tag a=b=c --tag d= ' +
        '--maximum-duration 1H',
    ),
    'simulation world is STARTED\n',
  )
  const { ClientToken: _, ...input } = service.calls[0]!.input as Record<string, unknown>
  assert.deepEqual(input, {
    Name: 'world',
    RoleArn: 'arn:aws:iam::111122223333:role/heddle',
    SchemaS3Location: { BucketName: 'bucket', ObjectKey: 'a/b.yaml' },
    Tags: { a: 'b=c', d: '' },
    MaximumDuration: '1H',
  })
  assert.equal(
    await said('simulation start other --snapshot s3://bucket/k.zip --no-wait --json'),
    `{"Arn":"${ARN.replace('world', 'other')}","CreationTime":1664921418.09,` +
      '"ExecutionId":"01234567-89ab-cdef-0123-456789abcdef"}\n',
  )
  assert.match(
    await said('app start world view one --launch-command run --launch-command=--fast'),
    /^app one is STARTED\n {2}127\.0\.0\.1:7001, port 7000 of the schema\n$/,
  )
  // These calls do not affect each other.
  const [list, page, described, apps, tags, app, clock, clockJson] = await Promise.all([
    said('simulation list'),
    said('simulation list --max-results 1 --json'),
    said('simulation describe world'),
    said('app list world --domain view'),
    said('tag list world'),
    said('app describe world view one'),
    said('clock start world'),
    said('clock stop other --json'),
  ])
  assert.equal(
    list,
    [
      'NAME   STATUS   TARGET STATUS  CREATION TIME',
      'other  STARTED  STARTED        2022-10-04T22:10:18.090Z',
      'world  STARTED  STARTED        2022-10-04T22:10:18.090Z',
      '',
    ].join('\n'),
  )
  const { Simulations, NextToken } = JSON.parse(page)
  assert.deepEqual(
    [Simulations.length, Simulations[0].CreationTime, typeof NextToken],
    [1, 1664921418.09, 'string'],
  )
  assert.match(described, /^Schema S3 location +s3:\/\/bucket\/a\/b\.yaml$/m)
  assert.match(described, /^Live simulation state\n {2}Clocks +Status \w+, Target status \w+$/m)
  assert.equal(apps, 'NAME  DOMAIN  STATUS   TARGET STATUS\none   view    STARTED  STARTED\n')
  assert.equal(tags, 'KEY  VALUE\na    b=c\nd\n')
  assert.match(app, /^ {2}Launch commands +run\n +--fast$/m)
  assert.equal(clock, 'the clock of world is STARTED\n')
  assert.equal(clockJson, '{}\n')
  const texts = await Promise.all([
    said('clock stop world'),
    said('snapshot create world --to s3://bucket/saved/here'),
    said(`tag add ${ARN} e=f`),
    said('tag remove world a d'),
    said('app stop world view one'),
  ])
  assert.deepEqual(texts, [
    'the clock of world is STOPPED\n',
    "the snapshot of world has ended; 'heddle logs world' on its machine says how\n",
    'added e\n',
    'removed a, d\n',
    'app one is STOPPED\n',
  ])
  assert.equal(await said('app delete world view one'), 'app one is deleted\n')
  assert.equal(await said('simulation stop world'), 'simulation world is STOPPED\n')
  assert.equal(await said('simulation delete world'), 'simulation world is deleted\n')
  const snapshot = service.calls.find(({ operation }) => operation === 'CreateSnapshot')?.input
  assert.deepEqual(snapshot, {
    Simulation: 'world',
    Destination: { BucketName: 'bucket', ObjectKeyPrefix: 'saved/here' },
  })
  const called = new Set(service.calls.map(({ operation }) => operation))
  assert.deepEqual([...called].sort(), [...OPERATION_NAMES].sort())
})

test('a refusal exits with 1 and its code, wrong usage with 2', async (context) => {
  const { endpoint, service } = await openServer(context)
  const env = { ...KEYS, HEDDLE_ENDPOINT: endpoint }
  const [refused, usage, both, noKeys, nobody] = await Promise.all([
    heddle('simulation describe none', env),
    heddle('simulation start world --schema bucket/key', env),
    heddle('simulation start world', env),
    heddle('simulation list', { HEDDLE_ENDPOINT: endpoint }),
    heddle('clock start world', { HEDDLE_DATA: '/nonexistent/data' }),
  ])
  assert.deepEqual(refused, {
    code: 1,
    out: '',
    err: "heddle: ResourceNotFoundException: There is no simulation 'none'\n",
  })
  assert.equal(usage.code, 2)
  assert.match(usage.err, /Write it as s3:\/\/bucket\/key/)
  assert.equal(both.code, 2)
  assert.match(both.err, /give exactly one of --schema, --snapshot/)
  assert.equal(noKeys.code, 1)
  assert.match(noKeys.err, /^heddle: no keys to sign with/)
  assert.equal(nobody.code, 1)
  assert.match(
    nobody.err,
    /^heddle: no control serves the data folder \/nonexistent\/data; start it with heddle up/,
  )
  assert.equal(service.calls.length, 1)
})

test('run uploads a schema and starts it in the Heddle of the data folder', async (context) => {
  const folder = await temporaryFolder(context)
  const data = join(folder, 'data')
  const config = resolveConfig({ data, fabricDir: join(folder, 'fabric'), port: '0' }, {})
  const log = pino({ level: 'silent' })
  const served = await serveControl(config, {
    log,
    environment: {},
    workerProgram: SCRIPTED_WORKER,
  })
  try {
    const env = { HEDDLE_DATA: data, HEDDLE_WORKER_PROGRAM: SCRIPTED_WORKER }
    await mkdir(join(folder, 'other'))
    for (const name of ['schema.yaml', 'fail-at-start.yaml'])
      await writeFile(join(folder, name), 'sdk_version: 1\n')
    const ran = await heddle(`run ${folder}/schema.yaml --name world --start-clock`, env)
    assert.deepEqual(ran, {
      code: 0,
      out:
        'uploaded s3://heddle-schemas/world/schema.yaml\nsimulation world is STARTED\n' +
        'the clock of world is STARTED\n',
      err: '',
    })
    await writeFile(join(folder, 'other', 'schema.yaml'), 'sdk_version: 2\n')
    const undone = 'nothing was uploaded or started'
    for (const [words, refusal] of [
      ['--name world', `there is a simulation named world already; ${undone}`],
      [
        '--name other --tag heddle:snapshot-eveyr=5M',
        /the tag heddle:snapshot-eveyr means nothing; .*; nothing was uploaded/,
      ],
    ] as const) {
      const refused = await heddle(`run ${folder}/other/schema.yaml ${words}`, env)
      assert.equal(refused.code, 1)
      assert.match(
        refused.err,
        typeof refusal === 'string' ? new RegExp(`^heddle: ${refusal}\n$`) : refusal,
      )
    }
    const { objects } = served.control
    const { body } = await objects.get('heddle-schemas', 'world/schema.yaml')
    assert.equal(await text(body), 'sdk_version: 1\n')
    await assert.rejects(objects.head('heddle-schemas', 'other/schema.yaml'), {
      fault: 'NoSuchKey',
    })
    const failed = await heddle(`run ${folder}/fail-at-start.yaml --name faulty`, env)
    assert.equal(failed.code, 1)
    assert.match(
      failed.err,
      /^heddle: simulation faulty is FAILED: SchemaFormatInvalid: 3:7: no such property\n$/,
    )
    const [described, saved] = await Promise.all([
      heddle('simulation describe faulty', env),
      heddle('snapshot create world --to s3://heddle-schemas/saved', env),
    ])
    assert.match(described.out, /^Start error +SchemaFormatInvalid: 3:7: no such property$/m)
    assert.match(
      saved.out,
      /^saved tick 0 of world, 1 bytes: s3:\/\/heddle-schemas\/saved\/snapshot\/world-\S+\.zip\n$/,
      saved.err,
    )
    assert.equal((await heddle('simulation stop world', env)).out, 'simulation world is STOPPED\n')
  } finally {
    const records = await served.control.store.listSimulations()
    await served.close()
    for (const { executionId } of records) await killProcesses(executionId)
  }
})

test('the AWS CLI model is installed once and removed, and others are kept', async (context) => {
  const HOME = await temporaryFolder(context)
  const models = join(HOME, '.aws', 'models')
  const folder = join(models, 'simspaceweaver', '2022-10-28')
  const file = join(folder, 'service-2.json')
  const own = fileURLToPath(
    new URL('../../clients/botocore/simspaceweaver/2022-10-28', import.meta.url),
  )
  assert.deepEqual(await heddle('clients install', { HOME }), {
    code: 0,
    out: `installed ${folder}\n`,
    err: '',
  })
  assert.deepEqual((await readdir(folder)).sort(), ['paginators-1.json', 'service-2.json'])
  for (const name of await readdir(own)) {
    assert.equal(
      await readFile(join(folder, name), 'utf8'),
      await readFile(join(own, name), 'utf8'),
    )
  }
  assert.equal((await heddle('clients install', { HOME })).out, `${folder} is there already\n`)
  // A model as an earlier Heddle left it.
  await rm(join(folder, 'paginators-1.json'))
  assert.equal((await heddle('clients install', { HOME })).out, `replaced ${folder}\n`)
  assert.equal((await heddle('clients install --remove', { HOME })).out, `removed ${folder}\n`)
  assert.equal(existsSync(join(models, 'simspaceweaver')), false)
  await mkdir(folder, { recursive: true })
  await writeFile(file, '{"metadata":{"serviceFullName":"AWS SimSpace Weaver"}}')
  const refusals = await Promise.all(
    ['', ' --remove'].map((flag) => heddle(`clients install${flag}`, { HOME })),
  )
  for (const refused of refusals) {
    assert.equal(refused.code, 1)
    assert.match(refused.err, /is not Heddle's model; use --force/)
  }
  assert.equal((await heddle('clients install --force', { HOME })).out, `replaced ${folder}\n`)
})

test('a wait shows its progress on a terminal, and takes the line away', async (context) => {
  if (!existsSync(SCRIPT)) return context.skip(`there is no ${SCRIPT} to make a terminal`)
  const { endpoint } = await openServer(context)
  const command = `"${LAUNCHER}" simulation start world --schema s3://bucket/key`
  const { out } = await run(SCRIPT, ['-qec', command, '/dev/null'], {
    ...KEYS,
    HEDDLE_ENDPOINT: endpoint,
  })
  const clear = '\r\x1b[2K'
  assert.equal(
    out,
    `${clear}simulation world is starting: STARTED, 0 s${clear}simulation world is STARTED\r\n`,
  )
})

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-cli-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
