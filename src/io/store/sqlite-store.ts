// The store in one SQLite file, or in memory (`:memory:`), where it is the twin for tests.
// Owns SQL and transactions; never keeps anything outside the file.

import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { diskFault } from '../../base/disk-fault.ts'
import { parseJson } from '../../base/parse.ts'
import { MIGRATIONS } from './migrations.ts'
import { keepToUser } from './private-file.ts'
import { answerOf, recordOf, rowOf, tagsShape } from './rows.ts'
import {
  type CreateOutcome,
  type IdempotencyToken,
  type SimulationRecord,
  type Store,
  StoreError,
  type TokenOutcome,
} from './store.ts'

/** Wait in ms for another process that writes, such as a `heddle down` beside control. */
const BUSY_TIMEOUT_MS = 5_000

/**
 * Opens the store at `path`; makes it if it does not exist, and migrates an older one. Throws
 * StoreError `Unreadable` if it is newer than this program, damaged, or no store.
 */
export function openSqliteStore(path: string): Store {
  let database: DatabaseSync
  try {
    if (path !== MEMORY) keepToUser(path)
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  } catch (error) {
    throw unavailable(error, path)
  }
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
    migrate(database, path)
    return new SqliteStore(database)
  } catch (error) {
    database.close()
    if (error instanceof StoreError) throw error
    if (diskFault(error) !== undefined) throw unavailable(error, path)
    throw new StoreError('Unreadable', `the store ${path} can't be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

const MEMORY = ':memory:'

class SqliteStore implements Store {
  readonly #database: DatabaseSync
  #ownChanges = 0
  /**
   * A number that changes with commits of other connections, as SQLite gave it in this turn of the
   * event loop.
   */
  #othersVersion: number | undefined
  /** Prepared statements, keyed by their SQL; their number is fixed. */
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  createSimulation(
    record: SimulationRecord,
    token?: IdempotencyToken,
    answer?: unknown,
    startedCountMax = Number.POSITIVE_INFINITY,
  ): Promise<CreateOutcome> {
    return this.#transaction((): CreateOutcome => {
      if (token !== undefined) {
        const claimed = this.#claim(token)
        if (claimed.outcome === 'repeated' || claimed.outcome === 'misused') return claimed
      }
      if (
        this.#prepared('SELECT 1 FROM simulations WHERE name = ?').get(record.name) !== undefined
      ) {
        if (token !== undefined) this.#release(token.operation, token.token)
        return { outcome: 'nameTaken' }
      }
      if (this.#startedCount() >= startedCountMax) {
        if (token !== undefined) this.#release(token.operation, token.token)
        return { outcome: 'tooMany' }
      }
      const row = rowOf(record)
      const columns = Object.keys(row)
      const places = columns.map(() => '?')
      this.#run(
        `INSERT INTO simulations (${columns.join(', ')}) VALUES (${places.join(', ')})`,
        ...Object.values(row),
      )
      if (token !== undefined) this.#settle(token.operation, token.token, answer)
      return { outcome: 'created' }
    })
  }

  findSimulation(name: string): Promise<SimulationRecord | undefined> {
    return this.#attempt(() => {
      const row = this.#prepared('SELECT * FROM simulations WHERE name = ?').get(name)
      return row === undefined ? undefined : recordOf(row)
    })
  }

  listSimulations(
    page: { afterName?: string; countMax?: number } = {},
  ): Promise<SimulationRecord[]> {
    return this.#attempt(() => {
      const rows = this.#prepared(
        'SELECT * FROM simulations WHERE name > ? ORDER BY name LIMIT ?',
      ).all(page.afterName ?? '', page.countMax ?? -1)
      return rows.map(recordOf)
    })
  }

  setTargetStatus(executionId: string, targetStatus: 'STARTED' | 'STOPPED'): Promise<boolean> {
    return this.#attempt(() => this.#update('target_status = ?', executionId, targetStatus))
  }

  setLaunched(executionId: string): Promise<boolean> {
    return this.#attempt(() => this.#update('launched = ?', executionId, 1))
  }

  setUnansweredSince(executionId: string, sinceMs: number | undefined): Promise<boolean> {
    const assignment = 'unanswered_since_ms = ?'
    return this.#attempt(() => this.#update(assignment, executionId, sinceMs ?? null))
  }

  setUnlaunched(executionId: string, workerStatus: unknown): Promise<boolean> {
    const text = JSON.stringify(workerStatus)
    return this.#attempt(() =>
      this.#update('launched = ?, worker_status = ?', executionId, 0, text),
    )
  }

  setWorkerStatus(executionId: string, workerStatus: unknown, failure?: string): Promise<boolean> {
    const text = JSON.stringify(workerStatus)
    return this.#attempt(() =>
      failure === undefined
        ? this.#update('worker_status = ?', executionId, text)
        : this.#update('worker_status = ?, failure = ?', executionId, text, failure),
    )
  }

  changeTags(
    executionId: string,
    change: { set?: Record<string, string>; remove?: readonly string[] },
    countMax: number,
  ): Promise<'changed' | 'tooMany' | 'missing'> {
    return this.#transaction(() => {
      const row = this.#prepared('SELECT tags FROM simulations WHERE execution_id = ?').get(
        executionId,
      )
      if (row === undefined) return 'missing'
      const tags = new Map(Object.entries(parseJson(tagsShape, String(row.tags)).content ?? {}))
      for (const key of change.remove ?? []) tags.delete(key)
      for (const [key, value] of Object.entries(change.set ?? {})) tags.set(key, value)
      if (tags.size > countMax) return 'tooMany'
      this.#update('tags = ?', executionId, JSON.stringify(Object.fromEntries(tags)))
      return 'changed'
    })
  }

  deleteSimulation(executionId: string): Promise<boolean> {
    return this.#attempt(
      () => this.#run('DELETE FROM simulations WHERE execution_id = ?', executionId) === 1,
    )
  }

  claimToken(token: IdempotencyToken): Promise<TokenOutcome> {
    return this.#transaction(() => this.#claim(token))
  }

  settleToken(operation: string, token: string, answer: unknown): Promise<void> {
    return this.#attempt(() => this.#settle(operation, token, answer))
  }

  releaseToken(operation: string, token: string): Promise<void> {
    return this.#attempt(() => this.#release(operation, token))
  }

  forgetTokensBefore(createdAtMs: number): Promise<void> {
    return this.#attempt(() => {
      this.#run('DELETE FROM tokens WHERE created_at_ms < ?', createdAtMs)
    })
  }

  revision(): string {
    this.#othersVersion ??= this.#askOthersVersion()
    return `${this.#othersVersion} ${this.#ownChanges}`
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close()
  }

  /**
   * Cached per turn of the event loop: it reads the file, is called often, and calls handled in one
   * turn arrived at the same time.
   */
  #askOthersVersion(): number {
    setImmediate(() => {
      this.#othersVersion = undefined
    })
    return tried(() => Number(this.#prepared('PRAGMA data_version').get()?.data_version))
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  /** Makes every change of the stored data. Returns the number of changed rows. */
  #run(sql: string, ...values: SQLInputValue[]): number {
    this.#ownChanges += 1
    return Number(this.#prepared(sql).run(...values).changes)
  }

  #startedCount(): number {
    const sql = "SELECT count(*) AS count FROM simulations WHERE target_status = 'STARTED'"
    return Number(this.#prepared(sql).get()?.count)
  }

  #claim(token: IdempotencyToken): TokenOutcome {
    const row = this.#prepared(
      'SELECT input_hash, answer FROM tokens WHERE operation = ? AND token = ?',
    ).get(token.operation, token.token)
    if (row === undefined) {
      this.#run(
        'INSERT INTO tokens (operation, token, input_hash, created_at_ms) VALUES (?, ?, ?, ?)',
        token.operation,
        token.token,
        token.inputHash,
        token.createdAtMs,
      )
      return { outcome: 'new' }
    }
    if (row.input_hash !== token.inputHash) return { outcome: 'misused' }
    if (row.answer === null) return { outcome: 'open' }
    return { outcome: 'repeated', answer: answerOf(row.answer, token) }
  }

  #settle(operation: string, token: string, answer: unknown): void {
    this.#run(
      'UPDATE tokens SET answer = ? WHERE operation = ? AND token = ?',
      JSON.stringify(answer ?? {}),
      operation,
      token,
    )
  }

  #release(operation: string, token: string): void {
    this.#run('DELETE FROM tokens WHERE operation = ? AND token = ?', operation, token)
  }

  #update(assignments: string, executionId: string, ...values: SQLInputValue[]): boolean {
    return (
      this.#run(
        `UPDATE simulations SET ${assignments} WHERE execution_id = ?`,
        ...values,
        executionId,
      ) === 1
    )
  }

  #transaction<Result>(work: () => Result): Promise<Result> {
    return this.#attempt(() => inTransaction(this.#database, work))
  }

  async #attempt<Result>(work: () => Result): Promise<Result> {
    return tried(work)
  }
}

function tried<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw new StoreError('Unavailable', `the store can't be used: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Names the disk's fault if there is one: the operator can repair that. */
function unavailable(cause: unknown, path: string): StoreError {
  const fault = diskFault(cause)
  const why = fault === undefined ? messageOf(cause) : `its disk ${fault}`
  return new StoreError('Unavailable', `the store ${path} can't be opened: ${why}`, { cause })
}

function migrate(database: DatabaseSync, path: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  if (version > MIGRATIONS.length) {
    throw new StoreError(
      'Unreadable',
      `the store ${path} has version ${version}, ` +
        `and this program knows versions up to ${MIGRATIONS.length}: ` +
        'use the newer Heddle that wrote it, or another data folder',
    )
  }
  MIGRATIONS.slice(version).forEach((sql, index) => {
    inTransaction(database, () => {
      database.exec(sql)
      database.exec(`PRAGMA user_version = ${version + index + 1}`)
    })
  })
}

function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
