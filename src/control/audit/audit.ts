// The audit of one control: who did what, written before the call is answered. Owns what makes a
// record of a call; never handles a call.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type AuditEvent, type AuditedCall, auditEvent } from '../../core/audit/audit-event.ts'
import { AuditFiles } from '../../io/audit/audit-files.ts'
import { originOf } from '../http/forwarded.ts'
import { RecordGate } from './record-gate.ts'

/** The facts that the code which handled a call knows. */
export type CallFacts = Pick<
  AuditedCall,
  'service' | 'operation' | 'readOnly' | 'requestId' | 'caller' | 'input' | 'output' | 'error'
>

interface AuditOptions {
  folder: string
  /** For records of unknown callers: those without an accepted signature. */
  unknownFolder: string
  /** Both may change: they are read when a record is written. */
  readonly fileBytesMax: number
  readonly filesMax: number
  region: string
  accountId: string
  /** For tests; the machine's clock otherwise. */
  nowMs?: () => number
}

/** Records of unknown callers have separate files, with this much room in all. */
const UNKNOWN_FILES_MAX = 16
const UNKNOWN_FILE_BYTES_MAX = 4 * 1024 ** 2
/** Calls of unknown callers beyond this rate are counted, not recorded. */
const UNKNOWN_PER_SECOND = 20
const UNKNOWN_AT_ONCE = 500

export class Audit {
  readonly #options: AuditOptions
  readonly #known: Book
  readonly #unknown: Book
  readonly #unknownGate: RecordGate

  constructor(options: AuditOptions) {
    const { folder, unknownFolder, nowMs } = options
    this.#options = options
    const clock = nowMs && { nowMs }
    const known = {
      folder,
      get fileBytesMax() {
        return options.fileBytesMax
      },
      get filesMax() {
        return options.filesMax
      },
      ...clock,
    }
    this.#known = new Book(new AuditFiles(known))
    const unknownFiles = new AuditFiles({
      folder: unknownFolder,
      get fileBytesMax() {
        return Math.min(options.fileBytesMax, UNKNOWN_FILE_BYTES_MAX)
      },
      get filesMax() {
        return Math.min(options.filesMax, UNKNOWN_FILES_MAX)
      },
      ...clock,
    })
    this.#unknown = new Book(unknownFiles)
    this.#unknownGate = new RecordGate(
      { perSecond: UNKNOWN_PER_SECOND, atOnce: UNKNOWN_AT_ONCE },
      this.#nowMs,
    )
  }

  /**
   * Resolves once the call's record survives a crash of this process. Throws AuditError. Unknown
   * callers beyond the rate get no record.
   */
  record(request: IncomingMessage, facts: CallFacts): Promise<void> {
    const { service, operation, readOnly, requestId, caller, input, output, error } = facts
    const event = auditEvent({
      service,
      operation,
      readOnly,
      requestId,
      caller,
      input,
      output,
      error,
      ...this.#commonFacts(),
      sourceAddress: originOf(request).sourceIp,
      userAgent: request.headers['user-agent'],
      claimedAccessKeyId: caller === undefined ? claimedKeyOf(request) : undefined,
    })
    if (caller !== undefined) return this.#known.write(event)
    const passed = this.#unknownGate.pass()
    if (passed === undefined) return Promise.resolve()
    if (passed.dropped > 0)
      void this.#unknown.write(this.#dropped(service, passed.dropped)).catch(() => undefined)
    return this.#unknown.write(event)
  }

  /**
   * Resolves once all records of known callers so far survive a crash of the machine. Throws
   * AuditError.
   */
  sync(): Promise<void> {
    return this.#known.files.sync()
  }

  /** Throws AuditError if records of known callers cannot be written at the moment. */
  check(): void {
    this.#known.files.check()
  }

  async close(): Promise<void> {
    await Promise.all([this.#known.files.close(), this.#unknown.files.close()])
  }

  readonly #nowMs = () => (this.#options.nowMs ?? Date.now)()

  #commonFacts(): Pick<AuditedCall, 'region' | 'accountId' | 'timeMs' | 'eventId'> {
    const { region, accountId } = this.#options
    return { region, accountId, timeMs: this.#nowMs(), eventId: randomUUID() }
  }

  /** A record of how many earlier calls have none of their own. */
  #dropped(service: CallFacts['service'], count: number): AuditEvent {
    return auditEvent({
      service,
      operation: 'CallsWithoutRecord',
      readOnly: true,
      requestId: '',
      sourceAddress: '',
      input: { count },
      ...this.#commonFacts(),
    })
  }
}

/**
 * Records that wait to be written. All calls handled in one turn of the event loop share one write
 * and are answered together, so a client with several calls wakes up once.
 */
class Book {
  readonly files: AuditFiles
  /** Records that are not written yet. */
  #lines: string[] = []
  /** The write that will contain them. */
  #turn: Promise<void> | undefined

  constructor(files: AuditFiles) {
    this.files = files
  }

  write(event: AuditEvent): Promise<void> {
    this.#lines.push(JSON.stringify(event))
    this.#turn ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          this.#writeLines()
          resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
    return this.#turn
  }

  #writeLines(): void {
    const lines = this.#lines
    this.#lines = []
    this.#turn = undefined
    this.files.append(lines.join('\n'))
  }
}

function claimedKeyOf(request: IncomingMessage): string | undefined {
  const inHeader = /Credential=([\w+=,.@-]{1,128}?)\//.exec(
    request.headers.authorization ?? '',
  )?.[1]
  return inHeader ?? /[?&]X-Amz-Credential=([\w-]{1,128}?)(?:\/|%2F)/i.exec(request.url ?? '')?.[1]
}
