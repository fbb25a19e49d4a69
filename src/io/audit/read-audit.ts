// Reads records back file by file, and follows new ones on demand.
// Owns the way from bytes to whole lines; never writes, and never knows what a record says.

import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { auditFileNames } from './audit-files.ts'

interface ReadAuditOptions {
  /** Waits for new records until the signal is aborted; otherwise ends with the last record. */
  follow: boolean
  signal: AbortSignal
}

const POLL_MS = 200
const CHUNK_BYTES = 256 * 1024

/**
 * Yields the lines of several folders, oldest first by `timeOf`, without empty ones. Skips a last
 * line that is still being written. A follower waits a moment for older lines of other folders.
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

/**
 * Waits until every source has a line. A follower waits only a moment: the other sources are at
 * their end for now.
 */
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

/** Reads ahead one line of a folder. */
class Source {
  line: string | undefined
  isOver = false
  /** True while a line is likely to arrive at once. */
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

/** Yields the lines of one folder. */
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
      // Asked before reading, so that everything written before a newer file began is read.
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

/** Returns undefined if the file was just removed as the oldest. */
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
