// DIR/access as control sees it: users by name and by key, read again when files change. Owns which
// state applies: a broken file keeps its last good state. Never writes there (edit-access.ts does).

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { filesFault } from '../../base/files-fault.ts'
import { type AccessUser, type FileFault, parseAccessFile, userNameOf } from './access-file.ts'

/** The file of the key that signs session tokens. It is in the same folder, but no user's file. */
export const SESSION_KEY_FILE = '.session-key'

/** A change is noticed after at most this time. */
const LOOK_AGAIN_MS = 100

interface KnownFile {
  /** Changes with the file. */
  stamp: string
  user?: AccessUser
  fault?: FileFault
}

export interface KeyOwner {
  readonly user: AccessUser
  readonly secretAccessKey: string
}

export class AccessFolder {
  readonly #folder: string
  readonly #onFault: (fault: FileFault) => void
  #files = new Map<string, KnownFile>()
  #users = new Map<string, AccessUser>()
  #keys = new Map<string, KeyOwner>()
  #lookedAtMs = Number.NEGATIVE_INFINITY

  /** `onFault` is called once for each state of a file that cannot be used. */
  constructor(folder: string, onFault: (fault: FileFault) => void) {
    this.#folder = folder
    this.#onFault = onFault
    this.#look()
  }

  /**
   * An unknown key may have been created just now, so the folder is read again before the answer is
   * no.
   */
  ownerOfKey(accessKeyId: string): KeyOwner | undefined {
    this.#lookAgain()
    const known = this.#keys.get(accessKeyId)
    if (known !== undefined) return known
    this.#look()
    return this.#keys.get(accessKeyId)
  }

  /** An unknown user may have been created just now, as with keys. */
  user(name: string): AccessUser | undefined {
    this.#lookAgain()
    if (!this.#users.has(name)) this.#look()
    return this.#users.get(name)
  }

  allUsers(): readonly AccessUser[] {
    this.#lookAgain()
    return [...this.#users.values()]
  }

  faults(): readonly FileFault[] {
    return [...this.#files.values()].flatMap(({ fault }) => (fault === undefined ? [] : [fault]))
  }

  /** The key that signs session tokens; undefined if there is none. */
  sessionKey(): Buffer | undefined {
    const text = readIfThere(join(this.#folder, SESSION_KEY_FILE))?.trim()
    return text === undefined || text.length < 32 ? undefined : Buffer.from(text, 'base64')
  }

  #lookAgain(): void {
    // Monotonic time, because a system clock that steps back would stop the looking.
    const sinceMs = performance.now() - this.#lookedAtMs
    if (sinceMs > LOOK_AGAIN_MS) this.#look()
  }

  #look(): void {
    this.#lookedAtMs = performance.now()
    const files = new Map<string, KnownFile>()
    let isChanged = false
    // Without the folder there are no users.
    for (const file of existsSync(this.#folder) ? readdirSync(this.#folder).sort() : []) {
      const name = userNameOf(file)
      const stamp = name === undefined ? undefined : stampOf(join(this.#folder, file))
      if (name === undefined || stamp === undefined) continue
      const before = this.#files.get(file)
      const known = before?.stamp === stamp ? before : this.#read(name, file, stamp, before)
      if (known !== before) isChanged = true
      if (known !== undefined) files.set(file, known)
    }
    if (!isChanged && files.size === this.#files.size) return
    this.#files = files
    this.#index()
  }

  #read(
    name: string,
    file: string,
    stamp: string,
    before: KnownFile | undefined,
  ): KnownFile | undefined {
    const parsed = this.#parse(name, file)
    if (parsed === undefined) return before
    if ('user' in parsed) return { stamp, user: parsed.user }
    this.#onFault(parsed.fault)
    return { stamp, fault: parsed.fault, ...(before?.user && { user: before.user }) }
  }

  /** Undefined if the file has just been deleted. An unreadable file counts as broken. */
  #parse(name: string, file: string): ReturnType<typeof parseAccessFile> | undefined {
    try {
      const text = readIfThere(join(this.#folder, file))
      return text === undefined ? undefined : parseAccessFile(name, file, text)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // The file may be good: it is read again once files can be opened.
      if (code === undefined || filesFault(error) !== undefined) throw error
      return { fault: { file, line: 1, reason: `can't be read (${code})` } }
    }
  }

  /** If two files name one user, or two users one key, the first file by name counts. */
  #index(): void {
    this.#users = new Map()
    this.#keys = new Map()
    for (const known of this.#files.values()) {
      const { user } = known
      if (user === undefined) continue
      const taken = this.#conflictOf(user)
      if (taken !== undefined) {
        if (known.fault?.reason !== taken)
          this.#onFault({ file: user.file, line: 1, reason: taken })
        known.fault = { file: user.file, line: 1, reason: taken }
        continue
      }
      this.#users.set(user.name, user)
      for (const { accessKeyId, secretAccessKey } of user.keys)
        this.#keys.set(accessKeyId, { user, secretAccessKey })
    }
  }

  #conflictOf(user: AccessUser): string | undefined {
    const other = this.#users.get(user.name)
    if (other !== undefined) return `the user ${user.name} is in ${other.file} already`
    const taken = user.keys.find(({ accessKeyId }) => this.#keys.has(accessKeyId))
    return (
      taken &&
      `the access key ${taken.accessKeyId} is in ` +
        `${this.#keys.get(taken.accessKeyId)?.user.file} already`
    )
  }
}

function stampOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found?.isFile()
    ? `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
    : undefined
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
