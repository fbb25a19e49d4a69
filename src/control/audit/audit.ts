// The audit of one control: who did what, written before anybody is answered.
// Owns what makes a record of a call; never handles one.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type AuditedCall, auditEvent } from '../../core/audit/audit-event.ts'
import type { AuditFiles } from '../../io/audit/audit-files.ts'

/** What whoever handled a call knows of it. */
export type CallFacts = Pick<
  AuditedCall,
  'service' | 'operation' | 'readOnly' | 'requestId' | 'caller' | 'input' | 'output' | 'error'
>

export class Audit {
  readonly #files: AuditFiles
  readonly #owner: { region: string; accountId: string }
  /** Records that are not written yet. */
  #lines: string[] = []
  /** The writing of these. */
  #turn: Promise<void> | undefined

  constructor(files: AuditFiles, owner: { region: string; accountId: string }) {
    this.#files = files
    this.#owner = owner
  }

  /**
   * Fulfilled once a call's record outlives this process. Throws AuditError. The records of all calls that one turn of the event loop has handled are written together, and their
   * answers leave together: one write, and one awakening of a client that waits for several.
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
      region: this.#owner.region,
      accountId: this.#owner.accountId,
      timeMs: Date.now(),
      eventId: randomUUID(),
      sourceAddress: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
      userAgent: request.headers['user-agent'],
      claimedAccessKeyId: caller === undefined ? claimedKeyOf(request) : undefined,
    })
    this.#lines.push(JSON.stringify(event))
    this.#turn ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          this.#write()
          resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
    return this.#turn
  }

  /** Fulfilled once all records so far outlive the machine. Throws AuditError. */
  sync(): Promise<void> {
    return this.#files.sync()
  }

  /** Throws AuditError where records can't be written at the moment. */
  check(): void {
    this.#files.check()
  }

  #write(): void {
    const lines = this.#lines
    this.#lines = []
    this.#turn = undefined
    this.#files.append(lines.join('\n'))
  }
}

function claimedKeyOf(request: IncomingMessage): string | undefined {
  const inHeader = /Credential=([\w+=,.@-]{1,128}?)\//.exec(request.headers.authorization ?? '')?.[1]
  return inHeader ?? /[?&]X-Amz-Credential=([\w-]{1,128}?)(?:\/|%2F)/i.exec(request.url ?? '')?.[1]
}
