// The interface of log streams: their writers, their readers, and the limits on their size.
// Owns the interface and the names of streams; `log-streams.ts` keeps them in files,
// `memory-log-streams.ts` in memory.

export interface LogWriter {
  /**
   * Takes output in any form: whole lines, parts of lines, or many lines. Never throws or waits;
   * drops and counts lines beyond the room or the rate.
   */
  write(chunk: Buffer | string): void
}

export interface LogStreams {
  /**
   * Returns the writer of a stream such as `/sim/management`, always the same one for a name.
   * Throws if the name is invalid.
   */
  writer(stream: string): LogWriter
  /** Resolves once every line written so far can be read, or was dropped. */
  flush(): Promise<void>
  /**
   * Removes a stream with all of its lines. Do not write to it meanwhile; a later write to the name
   * begins a new stream.
   */
  remove(stream: string): Promise<void>
  /** Flushes all lines, including those without an end. Do not write afterwards. */
  close(): Promise<void>
}

export interface LogLimits {
  /**
   * Bytes of a stream before its older part is removed; a stream keeps at most twice as much.
   * Default: 8 MiB.
   */
  streamBytesMax: number
  /** Sustained rate of a stream, in bytes a second. Default: 1 MiB. */
  bytesPerSecond: number
  /** Burst of a stream, in bytes. Default: 4 MiB. */
  burstBytes: number
  /** Length at which a longer line is cut. Default: 16 KiB. */
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
  /** Without the line end. */
  text: string
}

export interface ReadOptions {
  /** Reads only this stream; by default all, sorted by time. */
  stream?: string
  /** Waits for later lines until the signal is aborted. */
  follow?: boolean
  signal?: AbortSignal
}

export const DEFAULT_LOG_LIMITS: LogLimits = Object.freeze({
  streamBytesMax: 8 * 1024 * 1024,
  bytesPerSecond: 1024 * 1024,
  burstBytes: 4 * 1024 * 1024,
  lineBytesMax: 16 * 1024,
})

/**
 * Returns the parts of a stream's name. Throws if they could name anything but a file below the
 * streams' folder.
 */
export function streamSegments(stream: string): string[] {
  const segments = stream.split('/').slice(1)
  const isName = (segment: string) =>
    /^[A-Za-z0-9_.-]{1,240}$/.test(segment) && !/^\.+$/.test(segment)
  if (!stream.startsWith('/') || segments.length > 16 || !segments.every(isName)) {
    throw new Error(`${JSON.stringify(stream)} is no name of a log stream`)
  }
  return segments
}
