// Reads the log streams of a simulation, also while they are written.
// Owns merging and following; never writes.

import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { oldStreamFile, streamFile, streamOfFile } from './stream-files.ts'

export interface LogLine {
  stream: string
  /** As written: an ISO time, a space and the text. */
  line: string
}

export interface ReadLogsOptions {
  /** Only this stream; all of them otherwise. */
  stream?: string
  /** Goes on with what is written from now on, until the signal ends it. */
  follow?: boolean
  signal?: AbortSignal
}

const followPollMs = 100
const pieceBytes = 1024 ** 2

/** Names of all streams in a folder, sorted; none where the folder doesn't exist. */
export function listStreams(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => streamOfFile(relative(folder, join(entry.parentPath, entry.name))))
    .filter((name) => name !== undefined)
    .sort()
}

/** All lines so far in the order of their times, and with `follow` all later ones as they come. */
export async function* readLogs(folder: string, options: ReadLogsOptions = {}): AsyncGenerator<LogLine> {
  const readers = new Map<string, StreamReader>()
  const readNew = (): LogLine[] => {
    for (const name of options.stream === undefined ? listStreams(folder) : [options.stream]) {
      if (!readers.has(name)) readers.set(name, new StreamReader(folder, name))
    }
    const lines = [...readers.values()].flatMap((reader) => reader.read())
    // The time is at the front of each line, so lines sort by time; the sort is stable, so a stream keeps its order.
    return lines.sort((a, b) => compare(a.line.slice(0, 24), b.line.slice(0, 24)))
  }
  yield* readNew()
  while (options.follow && !options.signal?.aborted) {
    const lines = readNew()
    yield* lines
    if (lines.length === 0) await sleep(followPollMs, undefined, { signal: options.signal }).catch(() => undefined)
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What of a stream was read. Survives rotation: the rest of a file that was replaced is in the old one. */
class StreamReader {
  readonly #folder: string
  readonly #name: string
  #inode = -1
  #offset = 0
  #rest = ''

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#name = name
  }

  read(): LogLine[] {
    const path = streamFile(this.#folder, this.#name)
    const oldPath = oldStreamFile(this.#folder, this.#name)
    let text = ''
    if (this.#inode < 0 && existsSync(oldPath)) text += readFileSync(oldPath, 'utf8')
    const rotated = this.#inode >= 0 && existsSync(oldPath) && statSync(oldPath).ino === this.#inode
    if (rotated) {
      text += readFrom(oldPath, this.#offset).text
      this.#offset = 0
      this.#inode = -1
    }
    if (existsSync(path)) {
      const { text: newer, inode, end } = readFrom(path, this.#offset)
      text += newer
      this.#inode = inode
      this.#offset = end
    }
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    return lines.map((line) => ({ stream: this.#name, line }))
  }
}

function readFrom(path: string, offset: number): { text: string; inode: number; end: number } {
  const file = openSync(path, 'r')
  try {
    const pieces: Buffer[] = []
    let end = offset
    for (;;) {
      const piece = Buffer.alloc(pieceBytes)
      const bytes = readSync(file, piece, 0, pieceBytes, end)
      if (bytes === 0) break
      pieces.push(piece.subarray(0, bytes))
      end += bytes
    }
    // A line may be half written: only whole characters up to the last newline are taken.
    const all = Buffer.concat(pieces)
    const whole = all.lastIndexOf(0x0a) + 1
    return { text: all.subarray(0, whole).toString('utf8'), inode: fstatSync(file).ino, end: offset + whole }
  } finally {
    closeSync(file)
  }
}
