// Shared by the sessions of all clients: a small world as files to upload, and the environment of a
// user's clients.
// Owns the folder of those files; never calls the API.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Heddle } from '../support/heddle.ts'
import { appsFolder, buildPackage, schema } from '../support/packages.ts'

export const run = promisify(execFile)

/** A simulation with this tag logs the state's hash at every tick. */
export const HASH_TAG = 'heddle:state-hash-interval'
export const viewCommand = ['node', 'app.ts', '--to', 'Cells', '--port', '7000', '--entities', '3']

export interface WalkFiles extends AsyncDisposable {
  readonly folder: string
  /** Writes another file beside them, and returns its path. */
  write(name: string, bytes: Uint8Array): Promise<string>
}

/**
 * Writes schema.yaml, cells.zip and view.zip into a folder of their own; the schema names the
 * packages in that bucket.
 */
export async function makeWalkFiles(bucket: string): Promise<WalkFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-walk-'))
  const text = schema({
    domains: {
      Cells: {
        kind: 'spatial',
        grid: [2, 1],
        package: `s3://${bucket}/apps/cells.zip`,
        command: ['node', 'app.ts', '--entities', '20', '--seed', '5'],
      },
      View: {
        kind: 'custom',
        package: `s3://${bucket}/apps/view.zip`,
        command: ['node', 'app.ts', '--to', 'Cells', '--port', '7000'],
        ports: [7000],
      },
    },
  })
  await writeFile(join(folder, 'schema.yaml'), text)
  await writeFile(join(folder, 'cells.zip'), await walkPackage('wanderers.ts'))
  await writeFile(join(folder, 'view.zip'), await walkPackage('maker.ts'))
  return {
    folder,
    async write(name, bytes) {
      const file = join(folder, name.replaceAll('/', '_'))
      await writeFile(file, bytes)
      return file
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

async function walkPackage(app: string): Promise<Uint8Array> {
  const [program, chance] = await Promise.all(
    [app, 'random.ts'].map((name) => readFile(join(appsFolder, name))),
  )
  return buildPackage({
    'app.ts': program,
    'random.ts': chance,
    'package.json': '{ "type": "module" }\n',
  })
}

/**
 * Returns the environment of a terminal after a user has pasted what `heddle up` printed, without
 * this machine's AWS settings. `home` is an empty folder.
 */
export async function userEnvironment(
  heddle: Heddle,
  home: string,
): Promise<Record<string, string>> {
  const exports = heddle.output.split('\n').filter((line) => line.trim().startsWith('export '))
  const env = { PATH: '/usr/bin:/bin', HOME: home, LC_ALL: 'C.UTF-8' }
  const { stdout } = await run('/bin/sh', ['-c', `${exports.join('\n')}\nexec env -0`], { env })
  const pasted = stdout.split('\0').filter((entry) => entry.startsWith('AWS_'))
  return {
    ...env,
    ...Object.fromEntries(
      pasted.map((entry) => [
        entry.slice(0, entry.indexOf('=')),
        entry.slice(entry.indexOf('=') + 1),
      ]),
    ),
    PYTHONDONTWRITEBYTECODE: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  }
}

/** Returns a reason to skip a test if a program is not installed. */
export function absent(program: string): string | false {
  return existsSync(program) ? false : `${program} is not on this machine`
}
