// A Redis of a benchmark's own, on a unix socket in a folder of its own, that keeps nothing: and
// the little of its protocol that it takes to keep it busy.
// Owns the server and its folder; never knows what it is asked.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '../../tests/support/waiting.ts'
import type { Bench } from './benchmark.ts'

const PROGRAM = 'redis-server'

/** The program's version; undefined where it is not on this machine. */
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

/** Commands as bytes, one after another. */
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
  /** Answers that are still to come, and who waits for the last one of them. */
  readonly #awaited: { answers: number; texts: string[]; resolve(texts: string[]): void }[] = []
  #partOfLine = ''
  /** Lines that belong to the answer before them. */
  #furtherLines = 0
  #failure: Error | undefined

  constructor(socket: Socket, folder: string) {
    this.folder = folder
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text: string) => this.#take(text))
  }

  /**
   * Sends commands, and gives the first line of each answer once all are there. Several calls may
   * be under way. Throws where an answer is an error.
   */
  async send(commands: Buffer, answers: number): Promise<string[]> {
    const texts = await new Promise<string[]>((resolve) => {
      this.#awaited.push({ answers, texts: [], resolve })
      this.#socket.write(commands)
    })
    if (this.#failure) throw this.#failure
    return texts
  }

  /** A number that the server says of itself in a section of INFO. */
  async info(section: string, name: string): Promise<number> {
    const script = `return tonumber(string.match(redis.call('INFO', '${section}'), '${name}:(%d+)'))`
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
   * Of arrays only those are known that hold plain texts: each has a line for its length and one
   * for itself.
   */
  #answer(line: string): void {
    if (line.startsWith('-')) this.#failure ??= new Error(`Redis says: ${line}`)
    if (line.startsWith('*')) this.#furtherLines = 2 * Number(line.slice(1))
    const [first] = this.#awaited
    first.texts.push(line)
    if (first.texts.length < first.answers) return
    // The lines of a last array are still to come; they are skipped when they do.
    this.#awaited.shift()
    first.resolve(first.texts)
  }
}
