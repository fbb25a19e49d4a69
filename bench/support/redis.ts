// A Redis of a benchmark's own, on a unix socket in a folder of its own, without persistence; and
// the part of its protocol that keeps it busy.
// Owns the server and its folder; never knows the commands' meaning.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '../../tests/support/waiting.ts'
import type { Bench } from './benchmark.ts'

const PROGRAM = 'redis-server'

/** Returns the program's version; undefined if it is not installed. */
export function redisVersion(): string | undefined {
  const { stdout } = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' })
  return stdout ? /v=(\S+)/.exec(stdout)?.[1] : undefined
}

export async function startRedis(bench: Bench): Promise<RedisConnection> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-'))
  bench.defer(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'redis.sock')
  const settings = {
    port: 0,
    unixsocket: path,
    save: '',
    appendonly: 'no',
    daemonize: 'no',
    dir: folder,
  }
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const server = spawn(PROGRAM, options, { stdio: ['ignore', 'ignore', 'inherit'] })
  const exited = once(server, 'exit')
  bench.defer(async () => {
    server.kill('SIGKILL')
    await exited
  })
  await waitFor(() => existsSync(path), 'Redis to listen')
  const socket = connect(path)
  await once(socket, 'connect')
  bench.defer(() => void socket.destroy())
  return new RedisConnection(socket, folder)
}

/** Returns commands as bytes, one after another. */
export function encoded(commands: readonly (readonly (string | number)[])[]): Buffer {
  const text = commands.map((words) => {
    const bulks = words.map((word) => `$${String(word).length}\r\n${word}\r\n`)
    return `*${words.length}\r\n${bulks.join('')}`
  })
  return Buffer.from(text.join(''), 'latin1')
}

export class RedisConnection {
  /** Where the server writes what it saves. */
  readonly folder: string
  readonly #socket: Socket
  /** Callers that wait for answers, with the number still to arrive. */
  readonly #awaited: { answers: number; texts: string[]; resolve(texts: string[]): void }[] = []
  #partOfLine = ''
  /** Number of lines that still belong to the last answer. */
  #furtherLines = 0
  #failure: Error | undefined

  constructor(socket: Socket, folder: string) {
    this.folder = folder
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text: string) => this.#take(text))
  }

  /**
   * Sends commands, and returns the first line of each answer once all have arrived. Several calls
   * may be under way. Throws if an answer is an error.
   */
  async send(commands: Buffer, answers: number): Promise<string[]> {
    const texts = await new Promise<string[]>((resolve) => {
      this.#awaited.push({ answers, texts: [], resolve })
      this.#socket.write(commands)
    })
    if (this.#failure) throw this.#failure
    return texts
  }

  /** Returns a number from a section of INFO. */
  async info(section: string, name: string): Promise<number> {
    const found = `redis.call('INFO', '${section}')`
    const script = `return tonumber(string.match(${found}, '${name}:(%d+)'))`
    const [text] = await this.send(encoded([['EVAL', script, 0]]), 1)
    return Number(text.slice(1))
  }

  #take(text: string): void {
    const lines = (this.#partOfLine + text).split('\r\n')
    this.#partOfLine = lines.pop()!
    for (const line of lines) {
      if (this.#furtherLines > 0) this.#furtherLines--
      else this.#answer(line)
    }
  }

  /**
   * Understands only arrays of plain texts: each text has a line for its length and one for itself.
   */
  #answer(line: string): void {
    if (line.startsWith('-')) this.#failure ??= new Error(`Redis says: ${line}`)
    if (line.startsWith('*')) this.#furtherLines = 2 * Number(line.slice(1))
    const [first] = this.#awaited
    first.texts.push(line)
    if (first.texts.length < first.answers) return
    // Lines of a last array are still to arrive; they are skipped then.
    this.#awaited.shift()
    first.resolve(first.texts)
  }
}
