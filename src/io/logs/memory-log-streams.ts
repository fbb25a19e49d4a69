// Log streams inside one process, for tests and for worlds that leave no files.
// Owns the same limits as the files: two generations a stream; a full newer one replaces the older.

import { type GateLine, LineGate } from './line-gate.ts'
import {
  DEFAULT_LOG_LIMITS,
  type LogLine,
  type LogOptions,
  type LogStreams,
  type LogWriter,
  type ReadOptions,
  streamSegments,
} from './logs.ts'
import { type LogCursor, mergeLines } from './merge-lines.ts'

interface MemoryLogStreams extends LogStreams {
  /** Reads as `readLogs` does from files. */
  read(options?: ReadOptions): AsyncGenerator<LogLine>
}

interface MemoryStream {
  gate: LineGate
  lines: { line: LogLine; bytes: number }[]
  bytes: number
  /** Number of lines removed. */
  gone: number
}

export function openMemoryLogStreams({
  limits,
  now = Date.now,
}: LogOptions = {}): MemoryLogStreams {
  const allLimits = { ...DEFAULT_LOG_LIMITS, ...limits }
  const streams = new Map<string, MemoryStream>()
  const writers = new Map<string, LogWriter>()

  const add = (name: string, stream: MemoryStream, lines: GateLine[]) => {
    for (const { content } of lines) {
      const text = content.toString('utf8', 0, content.length - 1)
      const space = text.indexOf(' ')
      stream.lines.push({
        line: { stream: name, time: text.slice(0, space), text: text.slice(space + 1) },
        bytes: content.length,
      })
      stream.bytes += content.length
    }
    while (stream.bytes > allLimits.streamBytesMax * 2) {
      stream.bytes -= stream.lines.shift()!.bytes
      stream.gone++
    }
  }

  const streamOf = (name: string): MemoryStream => {
    streamSegments(name)
    const stream = streams.get(name) ?? {
      gate: new LineGate(allLimits, now),
      lines: [],
      bytes: 0,
      gone: 0,
    }
    streams.set(name, stream)
    return stream
  }

  return {
    writer(name) {
      const known = writers.get(name)
      if (known !== undefined) return known
      const stream = streamOf(name)
      const writer: LogWriter = {
        write: (chunk) => add(name, stream, stream.gate.pass(Buffer.from(chunk as string))),
      }
      writers.set(name, writer)
      return writer
    },
    async flush() {
      for (const [name, stream] of streams) add(name, stream, stream.gate.report())
    },
    async remove(name) {
      streamSegments(name)
      writers.delete(name)
      streams.delete(name)
    },
    async close() {
      for (const [name, stream] of streams) add(name, stream, stream.gate.end())
    },
    async *read(options = {}) {
      if (options.stream !== undefined) streamSegments(options.stream)
      const own = new Map<string, LogCursor>()
      yield* mergeLines(async () => {
        for (const [name, stream] of streams) {
          if (options.stream !== undefined && options.stream !== name) continue
          if (!own.has(name)) own.set(name, cursorOf(name, stream))
        }
        return own.values()
      }, options)
    },
  }
}

function cursorOf(name: string, stream: MemoryStream): LogCursor {
  let place = 0
  return {
    stream: name,
    async read() {
      const lines = stream.lines.slice(Math.max(0, place - stream.gone)).map(({ line }) => line)
      place = stream.gone + stream.lines.length
      return lines
    },
  }
}
