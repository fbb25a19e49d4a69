// Heddle as the demo starts it: the program that users start, in a temporary folder, on a free
// port.
// Owns its process and folder: whatever happens, `stop` leaves nothing running. Knows nothing of
// simulations.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const launcher = fileURLToPath(new URL('../../bin/heddle', import.meta.url))
const run = promisify(execFile)

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
}

export class Heddle {
  readonly folder: string
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  #output = ''

  private constructor(folder: string) {
    this.folder = folder
    // A group of its own: Ctrl-C reaches the demo, which then takes Heddle down in order.
    this.#process = spawn(launcher, ['up', '--port', '0', '--data', this.data], {
      detached: true,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process.stderr!.on('data', (chunk) => {
      this.#output += chunk
    })
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', () => resolve())
      this.#process.once('error', () => resolve())
    })
  }

  static async create(): Promise<Heddle> {
    return new Heddle(await mkdtemp(join(tmpdir(), 'heddle-demo-')))
  }

  get data(): string {
    return join(this.folder, 'data')
  }

  /** Where it serves, once it does. */
  async ready(): Promise<string> {
    const lines = createInterface({ input: this.#process.stdout! })
    for await (const line of lines) {
      this.#output += `${line}\n`
      const url = /^heddle ready (http\S+)$/.exec(line)?.[1]
      if (!url) continue
      // What comes later is kept flowing.
      this.#process.stdout!.resume()
      return url
    }
    throw new Error(`heddle up ended without being ready\n${this.#output}`)
  }

  /** The key that Heddle made at its first start. */
  async credentials(): Promise<Credentials> {
    const text = await readFile(join(this.data, 'credentials'), 'utf8')
    const value = (name: string) =>
      new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)`, 'm').exec(text)?.[1] ?? ''
    return {
      accessKeyId: value('aws_access_key_id'),
      secretAccessKey: value('aws_secret_access_key'),
    }
  }

  /** Lines of a log stream. */
  async log(simulation: string, stream: string): Promise<string[]> {
    const { stdout } = await run(
      launcher,
      ['logs', simulation, '--stream', stream, '--data', this.data],
      {
        env: environment(),
        maxBuffer: 64 * 1024 * 1024,
      },
    )
    return stdout.split('\n')
  }

  /**
   * `heddle down`, and the end of `heddle up`. Kills what is left; returns the processes that had
   * to be killed.
   */
  async stop(): Promise<string[]> {
    let said = ''
    try {
      const { stdout } = await run(launcher, ['down', '--data', this.data], {
        env: environment(),
        timeout: 30_000,
      })
      said = stdout
    } catch (error) {
      said = `heddle down failed: ${(error as Error).message}`
    }
    await Promise.race([this.#exited, new Promise((resolve) => setTimeout(resolve, 5_000).unref())])
    const left = this.processes()
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    const commands = left.map(({ pid, command }) => `process ${pid}: ${command}`)
    return commands.length === 0 ? [] : [...commands, ...said.trim().split('\n')]
  }

  /** The tmpfs folders of these executions that are still there. */
  sharedMemory(executionIds: readonly string[]): string[] {
    const parent = process.env.HEDDLE_FABRIC_DIR ?? `/dev/shm/heddle-${process.geteuid?.()}`
    return executionIds
      .map((executionId) => join(parent, executionId))
      .filter((folder) => existsSync(folder))
  }

  /** Processes that run in, or were told of, this data folder. */
  processes(): { pid: number; command: string }[] {
    const found: { pid: number; command: string }[] = []
    for (const entry of readdirSync('/proc')) {
      const pid = Number(entry)
      if (!Number.isInteger(pid) || pid === process.pid) continue
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        const cwd = command && readlinkSync(`/proc/${pid}/cwd`)
        if (command.includes(this.folder) || cwd.startsWith(this.folder))
          found.push({ pid, command })
      } catch (error) {
        // Ended meanwhile, or another user's: not one of ours.
        if (
          !['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(
            (error as NodeJS.ErrnoException).code ?? '',
          )
        )
          throw error
      }
    }
    return found
  }

  /** The last lines of everything that was logged; of apps, only a few. */
  async lastLines(count: number): Promise<string[]> {
    const lines = ['heddle up:', ...this.#output.trim().split('\n').slice(-count)]
    if (!existsSync(this.data)) return lines
    const entries = await readdir(this.data, { recursive: true, withFileTypes: true })
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name)
      if (
        !entry.isFile() ||
        !(entry.name.endsWith('.log') || path.startsWith(join(this.data, 'logs')))
      )
        continue
      const text = (await readFile(path, 'utf8')).trim()
      if (text)
        lines.push(`${path}:`, ...text.split('\n').slice(path.includes('/domain/') ? -2 : -count))
    }
    return lines
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

/**
 * The demo's Heddle is its own: settings made for another one don't count. Only where the tmpfs is
 * stays.
 */
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('HEDDLE_') || name === 'HEDDLE_FABRIC_DIR',
  )
  return Object.fromEntries(entries)
}
