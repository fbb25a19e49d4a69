// Log streams: who writes lines to them, who reads them, and what is promised about their size.
// Owns the interface and the names of streams; `log-streams.ts` keeps them in files, `memory-log-streams.ts` in memory.

export interface LogWriter {
  /**
   * Output as it comes: whole lines, parts of lines, or many at once. Never throws, never waits; a line that there is no room or no rate for
   * is dropped and counted.
   */
  write(chunk: Buffer | string): void
}

export interface LogStreams {
  /** The writer of a stream such as `/sim/management`; the same one for the same name. Throws for a name that is none. */
  writer(stream: string): LogWriter
  /** Resolves once everything that was written by now can be read, unless it was dropped. */
  flush(): Promise<void>
  /** Takes a stream away with all of its lines. Nothing may be written to it while this is under way; afterwards the name is a new stream's. */
  remove(stream: string): Promise<void>
  /** Flushes, with lines that have no end yet. Nothing may be written afterwards. */
  close(): Promise<void>
}

export interface LogLimits {
  /** Bytes of a stream before its older part is let go: at most twice as much is kept. Default: 8 MiB. */
  streamBytesMax: number
  /** Bytes a second that a stream takes for long. Default: 1 MiB. */
  bytesPerSecond: number
  /** Bytes that a stream takes at once. Default: 4 MiB. */
  burstBytes: number
  /** A longer line is cut into several. Default: 16 KiB. */
  lineBytesMax: number
}

export interface LogOptions {
  limits?: Partial<LogLimits>
  /** Milliseconds since the epoch. Default: the system's clock. */
  now?: () => number
}

export interface LogLine {
  stream: string
  /** When the line was written: ISO 8601, UTC, with milliseconds. */
  time: string
  /** Without the end of the line. */
  text: string
}

export interface ReadOptions {
  /** Only this stream; otherwise all of them, in the order of time. */
  stream?: string
  /** Goes on with what is written later, until the signal is aborted. */
  follow?: boolean
  signal?: AbortSignal
}

export const DEFAULT_LOG_LIMITS: LogLimits = Object.freeze({
  streamBytesMax: 8 * 1024 * 1024,
  bytesPerSecond: 1024 * 1024,
  burstBytes: 4 * 1024 * 1024,
  lineBytesMax: 16 * 1024,
})

/** The parts of a stream's name. Throws where it could name anything but a file below the streams' folder. */
export function streamSegments(stream: string): string[] {
  const segments = stream.split('/').slice(1)
  const isName = (segment: string) =>
    /^[A-Za-z0-9_.-]{1,240}$/.test(segment) && !/^\.+$/.test(segment)
  if (!stream.startsWith('/') || segments.length > 16 || !segments.every(isName)) {
    throw new Error(`${JSON.stringify(stream)} is no name of a log stream`)
  }
  return segments
}
