// A complete session with Debian's AWS CLI: its own model has 15 operations, and Heddle's model all
// 16.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchLine } from '../support/clients.ts'
import { type Heddle, startHeddle } from '../support/heddle.ts'
import { Simulation } from '../support/simulation.ts'
import { waitFor } from '../support/waiting.ts'
import {
  absent,
  HASH_TAG,
  makeWalkFiles,
  run,
  userEnvironment,
  viewCommand,
  type WalkFiles,
} from './walk.ts'

const PROGRAM = '/usr/bin/aws'
const BUCKET = 'walk-cli'
const NAME = 'walk-cli'
const arn = `arn:aws:simspaceweaver:us-west-2:111122223333:simulation/${NAME}`
const ROLE = 'arn:aws:iam::111122223333:role/walk'

interface Failure {
  stderr: string
}

test('a user of the AWS CLI goes from an empty bucket to two equal worlds', {
  skip: absent(PROGRAM),
}, async () => {
  const heddle = await startHeddle()
  try {
    await using files = await makeWalkFiles(BUCKET)
    await walk(heddle, files)
  } finally {
    await heddle.stop()
  }
})

async function walk(heddle: Heddle, files: WalkFiles): Promise<void> {
  const { AWS_DATA_PATH, ...plain } = await userEnvironment(heddle, files.folder)
  assert.match(AWS_DATA_PATH, /clients\/botocore$/)
  const call = async (env: Record<string, string>, args: string[]) => {
    const { stdout } = await run(PROGRAM, ['--endpoint-url', heddle.endpoint, ...args], {
      env,
      cwd: files.folder,
    })
    return stdout
  }
  /** Without the model folder, as a user would begin. */
  const weaver = async (...args: string[]) => {
    const text = await call(plain, ['--output', 'json', 'simspaceweaver', ...args])
    return text.trim() === '' ? {} : JSON.parse(text)
  }
  const s3 = (...args: string[]) => call(plain, ['s3', ...args])
  const refused = async (code: string, ...args: string[]) => {
    const failure = await weaver(...args).then(
      () => assert.fail(`${args[0]} was expected to be refused with ${code}`),
      (error: Failure) => error,
    )
    assert.match(
      failure.stderr,
      new RegExp(`An error occurred \\(${code}\\) when calling the \\w+ operation: \\S`),
    )
  }

  await s3('mb', `s3://${BUCKET}`)
  await s3(
    'sync',
    '.',
    `s3://${BUCKET}/apps`,
    '--exclude',
    '*',
    '--include',
    '*.zip',
    '--include',
    'schema.yaml',
  )

  const started = await weaver(
    ...['start-simulation', '--name', NAME, '--role-arn', ROLE, '--maximum-duration', '120M'],
    ...['--schema-s3-location', `BucketName=${BUCKET},ObjectKey=apps/schema.yaml`],
    ...['--tags', `${HASH_TAG}=1,Team=blue`],
  )
  assert.equal(started.Arn, arn)
  const world = new Simulation(heddle, NAME, started.ExecutionId)
  await world.is('STARTED')
  const described = await weaver('describe-simulation', '--simulation', NAME)
  assert.deepEqual(
    [described.Status, described.TargetStatus, described.MaximumDuration, described.CreationTime],
    ['STARTED', 'STARTED', '120M', started.CreationTime],
  )
  const query = 'Simulations[].[Name,Status]'
  assert.deepEqual(await weaver('list-simulations', '--max-results', '5', '--query', query), [
    [NAME, 'STARTED'],
  ])

  assert.deepEqual(await weaver('start-clock', '--simulation', NAME), {})
  const view = ['--simulation', NAME, '--domain', 'View']
  await Promise.all([
    weaver(
      'start-app',
      ...view,
      '--name',
      'view',
      '--launch-overrides',
      `LaunchCommands=${viewCommand.join(',')}`,
    ),
    weaver(
      'start-app',
      '--cli-input-json',
      JSON.stringify({ Simulation: NAME, Domain: 'View', Name: 'second', Description: 'by JSON' }),
    ),
  ])
  await world.appIs('View', 'second', 'STARTED')
  const { host, port } = await world.endpoint('View', 'view', 7000)
  await waitFor(async () => {
    const { made, seen } = await fetchLine(host, port)
    return made === 3 && seen > 0
  }, 'the view to see the world')
  const app = await weaver('describe-app', ...view, '--app', 'view')
  assert.deepEqual(app.LaunchOverrides, { LaunchCommands: viewCommand })
  assert.deepEqual(app.EndpointInfo, {
    Address: host,
    IngressPortMappings: [{ Declared: 7000, Actual: port }],
  })
  assert.equal((await world.app('View', 'second')).Description, 'by JSON')
  const first = await weaver('list-apps', '--simulation', NAME, '--max-results', '3')
  const second = await weaver(
    'list-apps',
    '--simulation',
    NAME,
    '--max-results',
    '3',
    '--next-token',
    first.NextToken,
  )
  assert.deepEqual([first.Apps.length, second.Apps.length, second.NextToken], [3, 1, undefined])
  assert.equal(second.Apps[0].Name, 'view')

  await weaver(
    'tag-resource',
    '--resource-arn',
    arn,
    '--tags',
    '{"x y+z%2F/é=&?#":"~!*()", "Plain": ""}',
  )
  await weaver('untag-resource', '--resource-arn', arn, '--tag-keys', 'Team', 'Plain')
  const { Tags } = await weaver('list-tags-for-resource', '--resource-arn', arn)
  assert.deepEqual(Tags, { [HASH_TAG]: '1', 'x y+z%2F/é=&?#': '~!*()' })

  // Only Heddle's model has this operation, and StartSimulation from a snapshot.
  const taught = async (...args: string[]) =>
    call({ ...plain, AWS_DATA_PATH }, ['--output', 'json', ...args])
  const destination = ['--destination', `BucketName=${BUCKET},ObjectKeyPrefix=saved`]
  await taught('simspaceweaver', 'create-snapshot', '--simulation', NAME, ...destination)
  await world.is('STARTED')
  const key = /saved\/snapshot\/\S+\.zip/.exec(
    await s3('ls', '--recursive', `s3://${BUCKET}/saved/`),
  )?.[0]
  assert.ok(key)
  const branched = JSON.parse(
    await taught(
      ...[
        'simspaceweaver',
        'start-simulation',
        '--name',
        'branch',
        '--role-arn',
        ROLE,
        '--tags',
        `${HASH_TAG}=1`,
      ],
      ...['--snapshot-s3-location', `BucketName=${BUCKET},ObjectKey=${key}`],
    ),
  )
  const branch = new Simulation(heddle, 'branch', branched.ExecutionId)
  await branch.is('STARTED')
  await weaver('start-clock', '--simulation', 'branch')
  await branch.reaches(branch.newest().tick + 20)
  const hashesOf = async (simulation: string) =>
    [
      ...(
        await heddle.command(
          'logs',
          simulation,
          '--stream',
          '/sim/management',
          '--data',
          heddle.data,
        )
      ).matchAll(/tick=(\d+) entities=(\d+) handoffs=\d+ state-hash=(\S+)/g),
    ].map(([, tick, entities, hash]) => `${tick} ${entities} ${hash}`)
  const ofBranch = await hashesOf('branch')
  await world.reaches(Number(ofBranch.at(-1)!.split(' ')[0]))
  const ofWorld = new Set(await hashesOf(NAME))
  assert.ok(ofBranch.length >= 20)
  assert.deepEqual(
    ofBranch.filter((line) => !ofWorld.has(line)),
    [],
    'the worlds differ',
  )

  await refused('ConflictException', 'delete-app', ...view, '--app', 'view')
  await weaver('stop-app', ...view, '--app', 'view')
  await world.appIs('View', 'view', 'STOPPED')
  await weaver('delete-app', ...view, '--app', 'view')
  await weaver('stop-clock', '--simulation', NAME)
  await Promise.all([NAME, 'branch'].map((each) => weaver('stop-simulation', '--simulation', each)))
  for (const each of [world, branch]) await each.is('STOPPED')
  await Promise.all(
    [NAME, 'branch'].map((each) => weaver('delete-simulation', '--simulation', each)),
  )
  await refused('ResourceNotFoundException', 'describe-simulation', '--simulation', NAME)
  await s3('rb', `s3://${BUCKET}`, '--force')
}

test('the AWS CLI is refused by name with a wrong secret, an unknown key, or no signature', {
  skip: absent(PROGRAM),
}, async () => {
  const heddle = await startHeddle()
  try {
    await using files = await makeWalkFiles(BUCKET)
    const { AWS_SHARED_CREDENTIALS_FILE: _, ...env } = await userEnvironment(heddle, files.folder)
    const { accessKeyId, secretAccessKey } = heddle.credentials
    const list = ['--endpoint-url', heddle.endpoint, 'simspaceweaver', 'list-simulations']
    const attempt = async (id: string, secret: string, ...more: string[]) =>
      run(PROGRAM, [...list, ...more], {
        env: { ...env, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret },
      }).then(
        ({ stdout }) => stdout,
        ({ stderr }: Failure) => stderr,
      )
    const [good, wrong, unknown, unsigned, elsewhere] = await Promise.all([
      attempt(accessKeyId, secretAccessKey),
      attempt(accessKeyId, `${secretAccessKey.slice(0, -1)}!`),
      attempt('AKIAUNKNOWNUNKNOWNUN', secretAccessKey),
      attempt(accessKeyId, secretAccessKey, '--no-sign-request'),
      attempt(accessKeyId, secretAccessKey, '--region', 'eu-central-1'),
    ])
    assert.match(good, /"Simulations": \[\]/)
    assert.match(wrong, /\(InvalidSignatureException\)/)
    assert.match(unknown, /\(UnrecognizedClientException\)/)
    assert.match(unsigned, /\(MissingAuthenticationTokenException\)/)
    assert.match(elsewhere, /\(InvalidSignatureException\).*us-west-2/)
    for (const text of [wrong, unknown, unsigned, elsewhere])
      assert.ok(!text.includes(secretAccessKey))
  } finally {
    await heddle.stop()
  }
})
