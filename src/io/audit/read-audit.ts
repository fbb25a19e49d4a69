// Reads records back, file by file, and goes on with what is written if asked to.
// Owns the way from bytes to whole lines; never writes, and never knows what a record says.

import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { auditFileNames } from './audit-files.ts'

export interface ReadAuditOptions {
  /** Goes on until the signal; ends with the last record otherwise. */
  follow: boolean
  signal: AbortSignal
}

const POLL_MS = 200
const CHUNK_BYTES = 256 * 1024

/**
 * Lines of several folders, oldest first as `timeOf` says, without empty ones. A last line that is still being written is left out. A
 * follower waits a moment for an older line of another folder.
 */
export async function* readAudits(
  folders: readonly string[],
  timeOf: (line: string) => string,
  options: ReadAuditOptions,
): AsyncGenerator<string> {
  const sources = folders.map((folder) => new Source(readAudit(folder, options)))
  for (;;) {
    const late = sources.filter((source) => source.isExpected)
    if (late.length > 0) {
      await settled(late, options)
      for (const source of late) source.isExpected = false
    }
    const ready = sources.filter(({ line }) => line !== undefined)
    if (ready.length === 0) {
      const open = sources.filter(({ isOver }) => !isOver)
      if (open.length === 0) return
      await Promise.race(open.map(({ coming }) => coming))
      continue
    }
    const first = ready.reduce((a, b) => (timeOf(b.line!) < timeOf(a.line!) ? b : a))
    yield first.take()
  }
}

/** Once all have come, or, for a follower, a moment has passed: the others are at their end for now. */
async function settled(
  late: readonly Source[],
  { follow, signal }: ReadAuditOptions,
): Promise<void> {
  const all = Promise.all(late.map(({ coming }) => coming))
  if (!follow) return void (await all)
  const isOver = new AbortController()
  await Promise.race([all, pause(AbortSignal.any([signal, isOver.signal]))])
  isOver.abort()
}

/** The next line of a folder. */
class Source {
  line: string | undefined
  isOver = false
  /** A line is likely to come at once. */
  isExpected = true
  coming: Promise<void>
  readonly #lines: AsyncGenerator<string>

  constructor(lines: AsyncGenerator<string>) {
    this.#lines = lines
    this.coming = this.#next()
  }

  take(): string {
    const line = this.line!
    this.line = undefined
    this.isExpected = true
    this.coming = this.#next()
    return line
  }

  async #next(): Promise<void> {
    const { done, value } = await this.#lines.next()
    if (done === true) this.isOver = true
    else this.line = value
  }
}

/** Lines of one folder. */
async function* readAudit(
  folder: string,
  { follow, signal }: ReadAuditOptions,
): AsyncGenerator<string> {
  let done: string | undefined
  while (!signal.aborted) {
    const names = auditFileNames(folder).filter((name) => done === undefined || name > done)
    for (const [index, name] of names.entries()) {
      const isLast = index === names.length - 1
      const handle = await openKept(join(folder, name))
      if (handle === undefined) continue
      try {
        yield* linesOf(handle, () => {
          if (!isLast || !follow || signal.aborted) return false
          return auditFileNames(folder).at(-1) === name
        })
      } finally {
        await handle.close()
      }
      done = name
    }
    if (!follow) return
    if (names.length === 0) await pause(signal)
  }

  async function* linesOf(handle: FileHandle, mayGrow: () => boolean): AsyncGenerator<string> {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    let rest = Buffer.alloc(0)
    for (;;) {
      // Asked before reading: what was written before a newer file began is read for sure.
      const goesOn = mayGrow()
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES)
      if (bytesRead === 0) {
        if (!goesOn) return
        await pause(signal)
        continue
      }
      rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        if (end > 0) yield rest.toString('utf8', 0, end)
        rest = rest.subarray(end + 1)
      }
    }
  }
}

/** Undefined where the file was removed in this moment, as one too many. */
async function openKept(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await sleep(POLL_MS, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}
