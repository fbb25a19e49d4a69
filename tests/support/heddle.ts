// A Heddle for tests: the program that users start, in folders of its own, on a free port, with
// real AWS clients beside it.
//
//   const heddle = await startHeddle({ appTimeoutSeconds: 2 })
//   const world = await heddle.startSimulation('world', schema({ domains: { … } }))
//   await heddle.stop()   // throws if anything is left behind
//
// Owns its processes and folders: `stop` ends and removes them all. Reaches simulations only
// through the public endpoints, and what a user has: logs, signals, files of snapshots.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import SimSpaceWeaver from 'aws-sdk/clients/simspaceweaver.js'
import { recordingEnvironment } from '../conformance/exchange.ts'
import { processesOf } from './processes.ts'
import { Simulation } from './simulation.ts'
import { Hopeless, waitFor } from './waiting.ts'

const repository = join(import.meta.dirname, '../..')
const launcher = join(repository, 'bin/heddle')
const REGION = 'us-west-2'
const SHARED_MEMORY = '/dev/shm'
const EXIT_LIMIT_MS = 10_000
const run = promisify(execFile)

interface HeddleOptions {
  /** Time limit of an app's tick. Default: Heddle's own, 10 s. */
  appTimeoutSeconds?: number
  /** An existing tmpfs folder for simulations' memory. Default: a new one, removed at the end. */
  fabricFolder?: string
  /** Its data folder. Default: a new one, removed at the end. */
  data?: string
  /**
   * Text of a configuration file. Unless it says otherwise, packages may lie in this repository.
   */
  configuration?: string
  /** Added to the environment of `heddle up`. */
  environment?: Record<string, string>
  /** A foreign S3, with `bucket` in it already. Default: Heddle's own. */
  otherS3?: { endpoint: string; credentials: Credentials }
}

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
}

/** Starts a Heddle, with a bucket (`bucket`) in it. */
export async function startHeddle(options: HeddleOptions = {}): Promise<Heddle> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-test-'))
  const fabricFolder =
    options.fabricFolder ??
    (await mkdtemp(join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : folder, 'heddle-test-')))
  const heddle = new Heddle(folder, fabricFolder, options)
  try {
    await heddle.up()
    if (options.otherS3 === undefined)
      await heddle.s3.send(new CreateBucketCommand({ Bucket: heddle.bucket }))
    return heddle
  } catch (error) {
    await heddle.stop().catch(() => undefined)
    throw error
  }
}

export class Heddle {
  readonly bucket = 'test-bucket'
  /** Folder of state, objects and logs; a Heddle started again finds them there. */
  readonly data: string
  readonly fabricFolder: string
  /** Address of the server; changes with each `up`. */
  endpoint = ''
  credentials: Credentials = { accessKeyId: '', secretAccessKey: '' }
  /** AWS's own client, with all 16 operations. */
  weaver!: SimSpaceWeaver
  s3!: S3Client
  readonly #folder: string
  readonly #options: HeddleOptions
  readonly #simulations: Simulation[] = []
  #control: ChildProcess | undefined
  #output = ''

  constructor(folder: string, fabricFolder: string, options: HeddleOptions) {
    this.#folder = folder
    this.data = options.data ?? join(folder, 'data')
    this.fabricFolder = fabricFolder
    this.#options = options
  }

  /**
   * Starts `heddle up`, also after `stop`, `killControl` or `interrupt`; returns once it is ready.
   */
  async up(): Promise<void> {
    const { appTimeoutSeconds, configuration = '', environment, otherS3 } = this.#options
    const file = join(this.#folder, 'heddle.yaml')
    const folders = configuration.includes('package_folders')
      ? ''
      : `package_folders: [${JSON.stringify(repository)}]`
    await writeFile(file, `${configuration}\n${folders}\n`)
    const config = ['--config', file]
    const limits =
      appTimeoutSeconds === undefined ? [] : ['--app-timeout', String(appTimeoutSeconds)]
    const objects = otherS3 === undefined ? [] : ['--s3-endpoint', otherS3.endpoint]
    const keys = otherS3 && {
      HEDDLE_S3_ACCESS_KEY_ID: otherS3.credentials.accessKeyId,
      HEDDLE_S3_SECRET_ACCESS_KEY: otherS3.credentials.secretAccessKey,
    }
    const control = spawn(
      launcher,
      ['up', '--port', '0', ...this.#places, ...config, ...limits, ...objects],
      {
        // A process group of its own: Ctrl-C in a terminal then reaches the test, which stops
        // Heddle in order.
        detached: true,
        env: { ...cleanEnvironment(), ...recordingEnvironment(), ...keys, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    this.#control = control
    this.#output = ''
    for (const stream of [control.stdout!, control.stderr!])
      stream.on('data', (chunk) => {
        this.#output += chunk
      })
    this.endpoint = await waitFor(
      () => {
        if (control.exitCode !== null) throw new Hopeless(`heddle up ended: ${this.#output}`)
        return /^heddle ready (http\S+)$/m.exec(this.#output)?.[1]
      },
      () => `heddle up to be ready; it said: ${this.#output}`,
    )
    const text = await readFile(join(this.data, 'credentials'), 'utf8')
    const value = (name: string) =>
      new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)`, 'm').exec(text)?.[1] ?? ''
    this.credentials = {
      accessKeyId: value('aws_access_key_id'),
      secretAccessKey: value('aws_secret_access_key'),
    }
    const { endpoint, credentials } = this
    this.s3?.destroy()
    this.weaver = new SimSpaceWeaver({ endpoint, region: REGION, credentials, maxRetries: 0 })
    this.s3 = new S3Client({
      ...(otherS3 ?? { endpoint, credentials }),
      region: REGION,
      forcePathStyle: true,
    })
  }

  /** Everything `heddle up` has printed since it was started. */
  get output(): string {
    return this.#output
  }

  /** The server's process. */
  get controlPid(): number {
    return this.#control!.pid!
  }

  /** Kills control without warning, as a machine out of memory does. */
  async killControl(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Sends Ctrl-C and returns the output. */
  async interrupt(): Promise<string> {
    await this.#end('SIGINT')
    return this.#output
  }

  /**
   * Runs `heddle <command>` with this Heddle's folders; returns its output, and throws if it fails.
   */
  async command(...args: string[]): Promise<string> {
    const { stdout } = await run(launcher, args, {
      env: cleanEnvironment(),
      maxBuffer: 64 * 1024 ** 2,
    })
    return stdout
  }

  /** Runs a command from another machine: it has the address and the keys, but no data folder. */
  async commandFromAfar(...args: string[]): Promise<string> {
    const { accessKeyId, secretAccessKey } = this.credentials
    const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
    const { stdout } = await run(launcher, args, {
      env: { ...cleanEnvironment(), ...keys, HEDDLE_ENDPOINT: this.endpoint },
    })
    return stdout
  }

  /** Runs `heddle down`; returns its output. */
  async down(): Promise<string> {
    return this.command('down', ...this.#places)
  }

  /**
   * Starts a simulation from a schema's text (uploaded as `<name>.yaml`), and waits until it has
   * started.
   */
  async startSimulation(
    name: string,
    schemaText: string,
    input: Partial<SimSpaceWeaver.StartSimulationInput> = {},
  ): Promise<Simulation> {
    const simulation = await this.beginSimulation(name, schemaText, input)
    await simulation.is('STARTED')
    return simulation
  }

  /** Does the same without waiting. */
  async beginSimulation(
    name: string,
    schemaText: string,
    input: Partial<SimSpaceWeaver.StartSimulationInput> = {},
  ): Promise<Simulation> {
    await this.put(`${name}.yaml`, schemaText)
    return this.begin(name, {
      SchemaS3Location: { BucketName: this.bucket, ObjectKey: `${name}.yaml` },
      ...input,
    })
  }

  /** Starts a simulation from a snapshot (a key of `bucket`), without waiting. */
  async branch(
    name: string,
    snapshotKey: string,
    input: Partial<SimSpaceWeaver.StartSimulationInput> = {},
  ): Promise<Simulation> {
    return this.begin(name, {
      SnapshotS3Location: { BucketName: this.bucket, ObjectKey: snapshotKey },
      ...input,
    })
  }

  /** Calls StartSimulation with the given input. */
  async begin(
    name: string,
    input: Partial<SimSpaceWeaver.StartSimulationInput>,
  ): Promise<Simulation> {
    const RoleArn = 'arn:aws:iam::111122223333:role/test'
    const { ExecutionId } = await this.weaver
      .startSimulation({ Name: name, RoleArn, ...input })
      .promise()
    const simulation = new Simulation(this, name, ExecutionId!)
    this.#simulations.push(simulation)
    return simulation
  }

  /** Returns a simulation that another client has started. */
  async find(name: string): Promise<Simulation> {
    const { ExecutionId } = await this.weaver.describeSimulation({ Simulation: name }).promise()
    const simulation = new Simulation(this, name, ExecutionId!)
    this.#simulations.push(simulation)
    return simulation
  }

  async put(key: string, body: string | Uint8Array): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: body }))
  }

  async get(key: string): Promise<Buffer> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }))
    return buffer(Body as Readable)
  }

  async remove(key: string): Promise<void> {
    await this.s3.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key }))
  }

  /** Downloads an object into a file, which is removed at the end. */
  async download(key: string): Promise<string> {
    // A key may be longer than a file's name.
    const file = join(this.#folder, key.replaceAll('/', '_').slice(-200))
    await writeFile(file, await this.get(key))
    return file
  }

  async keys(prefix = ''): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(
      new ListObjectsV2Command({ Bucket: this.bucket, Prefix: prefix }),
    )
    return Contents.map(({ Key }) => Key ?? '')
  }

  /**
   * Stops everything and removes it. Throws if anything was left behind: that is a defect of
   * Heddle.
   */
  async stop(): Promise<void> {
    const left: string[] = []
    try {
      await this.down()
    } catch (error) {
      left.push(`heddle down failed: ${(error as Error).message}`)
    }
    // Waits for the process, which ends a moment after it unlocks the data folder.
    if (this.#control)
      await Promise.race([ended(this.#control), sleep(EXIT_LIMIT_MS, undefined, { ref: false })])
    if (this.#control?.exitCode === null && this.#control.signalCode === null) {
      left.push(`heddle up goes on after heddle down: ${this.#output}`)
      await this.#end('SIGKILL')
    }
    for (const { name, executionId } of this.#simulations) {
      for (const { pid, app } of processesOf(executionId)) {
        left.push(`process ${pid} (${app ?? 'worker'}) of simulation ${name}`)
        process.kill(pid, 'SIGKILL')
      }
    }
    if (existsSync(this.fabricFolder)) {
      const files = await readdir(this.fabricFolder, { recursive: true })
      if (files.length > 0) left.push(`in ${this.fabricFolder}: ${files.join(', ')}`)
      if (this.#options.fabricFolder === undefined)
        await rm(this.fabricFolder, { recursive: true, force: true })
    }
    this.s3?.destroy()
    await rm(this.#folder, { recursive: true, force: true })
    if (left.length > 0) throw new Error(`heddle down left behind:\n  ${left.join('\n  ')}`)
  }

  get #places(): string[] {
    return ['--data', this.data, '--fabric-dir', this.fabricFolder]
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const control = this.#control
    if (!control || control.exitCode !== null || control.signalCode !== null) return
    const closed = once(control, 'close')
    control.kill(signal)
    await closed
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Removes settings made for another Heddle. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('HEDDLE_')),
  )
}
