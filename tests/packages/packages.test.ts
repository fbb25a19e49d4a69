// The packed SDK and client in a project outside of the clone: they run under its node_modules, and
// compile with any compiler options of the project.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { writePackages } from '../../scripts/packages.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PROJECT = mkdtempSync(join(tmpdir(), 'heddle-packages-project-'))
const INSTALLED = join(PROJECT, 'node_modules')
const COMPILERS = {
  'TypeScript 7': join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
  'TypeScript 5.9': join(import.meta.dirname, 'node_modules', 'typescript', 'bin', 'tsc'),
}
/** Every switch that makes a compiler stricter. */
const STRICTEST = {
  noEmit: true,
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noFallthroughCasesInSwitch: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  noUncheckedSideEffectImports: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  isolatedModules: true,
  verbatimModuleSyntax: true,
  forceConsistentCasingInFileNames: true,
  types: [],
}
const WITH_ANY_COMPILER = [
  { target: 'es2015', module: 'esnext', moduleResolution: 'bundler' },
  { target: 'es2022', module: 'node16', moduleResolution: 'node16' },
  { target: 'es2024', module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2024'] },
  { target: 'esnext', module: 'preserve', moduleResolution: 'bundler', lib: ['esnext', 'dom'] },
]
/** Options that the newer compiler no longer knows. */
const WITH_THE_OLDER_COMPILER = [
  { target: 'es5', module: 'esnext', moduleResolution: 'node10', downlevelIteration: true },
  { target: 'es2017', module: 'es2020', moduleResolution: 'node10', lib: ['es2017'] },
]

installPackages()
after(() => rmSync(PROJECT, { recursive: true }))

test('an app runs alone under node_modules, as JavaScript and as TypeScript of the project', () => {
  const app = `
    import { createStandaloneApplication, defineField } from '@heddle/sdk'
    const speed = defineField({ index: 1, typeId: 600, shape: 'f32x3' })
    const application = createStandaloneApplication({ seconds: 2, tickRate: 'unlimited' })
    for (const transaction of application.updates()) {
      if (transaction.tick === 1) {
        const row = transaction.owned.create(512, 1)[0]
        transaction.owned.field(speed).values[3 * row] = 2
        transaction.owned.stored(speed)
      }
      const { values } = transaction.owned.field(speed)
      transaction.owned.sweep((positions, from, to) => {
        for (let at = 3 * from; at < 3 * to; at++) positions[at] += values[at]
      })
      if (transaction.tick === 60) console.log(transaction.owned.positions.slice(0, 3).join(' '))
    }`
  for (const name of ['app.js', 'app.ts']) {
    writeFileSync(join(PROJECT, name), app)
    const { stdout, stderr } = spawnSync(process.execPath, [name], {
      cwd: PROJECT,
      encoding: 'utf8',
    })
    assert.equal(stdout, '120 0 0\n', stderr)
  }
})

test('an app outside of a simulation is told so by the packed SDK', () => {
  const { stderr, status } = spawnSync(
    process.execPath,
    ['-e', "import('@heddle/sdk').then((sdk) => sdk.createApplication())"],
    { cwd: PROJECT, encoding: 'utf8', env: { PATH: process.env.PATH } },
  )
  assert.match(stderr, /HeddleError: NotConnected: HEDDLE_FABRIC is not set/)
  assert.equal(status, 1)
})

test('the packed client signs a call, reads its answer, and throws errors', async () => {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(
      `${request.method} ${request.url} ${request.headers.authorization?.split('/')[3]}`,
    )
    if (request.url === '/listsimulations') response.end('{"Simulations":[{"Name":"world"}]}')
    else
      response
        .writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' })
        .end('{"Message":"none"}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    writeFileSync(
      join(PROJECT, 'client.js'),
      `
      import { HeddleApiError, HeddleClient } from '@heddle/client'
      const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a secret of this test' }
      const endpoint = process.argv[2]
      const client = new HeddleClient({ endpoint, region: 'us-west-2', credentials })
      for await (const { Name } of client.listAllSimulations()) console.log(Name)
      await client.describeSimulation({ Simulation: 'other' }).catch((error) =>
        console.log(error instanceof HeddleApiError, error.code, error.message))`,
    )
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const child = spawn(process.execPath, ['client.js', endpoint], {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    assert.equal(await text(child.stdout), 'world\ntrue ResourceNotFoundException none\n')
    assert.deepEqual(requests, [
      'GET /listsimulations simspaceweaver',
      'GET /describesimulation?simulation=other simspaceweaver',
    ])
  } finally {
    server.close()
  }
})

for (const [name, compiler] of Object.entries(COMPILERS)) {
  const settings = [
    ...WITH_ANY_COMPILER,
    ...(name === 'TypeScript 5.9' ? WITH_THE_OLDER_COMPILER : []),
  ]
  for (const setting of settings) {
    const told = `${setting.target}, ${setting.moduleResolution}`
    test(`the strictest project compiles with ${name} for ${told} without Heddle's source`, () => {
      const { status, stdout } = compile(compiler, setting)
      assert.equal(status, 0, stdout)
      const files = stdout.trim().split('\n')
      const packaged = files.filter((file) => file.includes('/@heddle/'))
      assert.ok(packaged.some((file) => file.endsWith('sdk/typescript/src/transaction.d.ts')))
      assert.ok(packaged.some((file) => file.endsWith('clients/typescript/src/client.d.ts')))
      assert.deepEqual(
        packaged.filter((file) => !file.endsWith('.d.ts')),
        [],
      )
      assert.deepEqual(
        files.filter((file) => file.startsWith(ROOT) && !file.includes('/node_modules/')),
        [],
      )
    })
  }
}

test('a wrong call is an error of the project’s compiler: the types are no any', () => {
  writeFileSync(
    join(PROJECT, 'user.ts'),
    `import { createStandaloneApplication } from '@heddle/sdk'
     import { HeddleClient } from '@heddle/client'
     createStandaloneApplication({ second: 2 })
     await new HeddleClient({ endpoint: '' }).describeSimulation({ Name: 'world' })
     await new HeddleClient({ endpoint: '' }).listApps({ Simulation: 'world' }, { signal: 7 })
     export {}`,
  )
  const { stdout } = compileWritten(COMPILERS['TypeScript 7'], WITH_ANY_COMPILER[3]!)
  const faults = [...stdout.matchAll(/^user\.ts\((\d+),\d+\): error (TS\d+)/gm)].map(
    ([, line, code]) => [line, code],
  )
  assert.deepEqual(faults, [
    ['3', 'TS2561'],
    ['4', 'TS2353'],
    ['5', 'TS2322'],
  ])
})

test('a folder of the clone refuses to be packed as it is, and says what to do', () => {
  for (const folder of ['sdk/typescript', 'clients/typescript']) {
    const { status, stderr } = spawnSync('npm', ['pack', '--dry-run'], {
      cwd: join(ROOT, folder),
      encoding: 'utf8',
    })
    assert.notEqual(status, 0)
    assert.match(stderr, /npm run packages/)
  }
})

function compile(compiler: string, setting: object) {
  cpSync(join(import.meta.dirname, 'user-project.ts'), join(PROJECT, 'user.ts'))
  return compileWritten(compiler, setting)
}

function compileWritten(compiler: string, setting: object) {
  const compilerOptions = { ...STRICTEST, ...setting }
  writeFileSync(
    join(PROJECT, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['user.ts'] }),
  )
  return spawnSync(process.execPath, [compiler, '--listFiles'], { cwd: PROJECT, encoding: 'utf8' })
}

/**
 * Unpacks the tarballs as npm does. Links the clone's libraries as their dependencies, so no
 * registry is needed.
 */
function installPackages(): void {
  writeFileSync(join(PROJECT, 'package.json'), JSON.stringify({ name: 'project', type: 'module' }))
  for (const tarball of writePackages(PROJECT)) {
    const unpacked = join(PROJECT, 'package')
    const { status, stderr } = spawnSync('tar', ['xzf', tarball, '-C', PROJECT], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    const { name, dependencies } = readManifest(unpacked)
    for (const [library, version] of Object.entries(dependencies)) {
      const own = join(ROOT, 'node_modules', library)
      assert.equal(readManifest(own).version, version)
      mkdirSync(dirname(join(INSTALLED, library)), { recursive: true })
      symlinkSync(own, join(INSTALLED, library))
    }
    cpSync(unpacked, join(INSTALLED, name), { recursive: true })
    rmSync(unpacked, { recursive: true })
  }
}

function readManifest(folder: string): {
  name: string
  version: string
  dependencies: Record<string, string>
} {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
