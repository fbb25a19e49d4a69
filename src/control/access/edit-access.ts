// Changes to DIR/access for the command line: users, keys, and the key that signs sessions. Owns
// how files are written: whole or not at all, and readable only by their owner. Keeps the comments
// in a user's file.

import { randomBytes } from 'node:crypto'
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Document, parseDocument } from 'yaml'
import { UsageError } from '../config.ts'
import { type Credentials, makeCredentials } from '../credentials.ts'
import { parseAccessFile, userNameOf } from './access-file.ts'
import { SESSION_KEY_FILE } from './access-folder.ts'

/** As many as IAM allows: one in use, and one to change over to. */
const KEYS_MAX = 2
const SESSION_KEY_BYTES = 32

/** Creates a user with one key. Throws an Error if the name is taken or not allowed. */
export function addUser(folder: string, name: string, policies: readonly object[]): Credentials {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (userNameOf(`${name}.yaml`) !== name) {
    throw new UsageError(
      `'${name}' can't be a user's name: up to 64 letters, digits and _ + = , . @ -`,
    )
  }
  if (fileOf(folder, name) !== undefined) throw new Error(`there is a user ${name} already`)
  const made = makeCredentials()
  const document = new Document({ keys: [made], policies })
  document.commentBefore = ` What ${name} may do, and the keys it signs with. See docs/access.md.`
  writeWhole(join(folder, `${name}.yaml`), document.toString({ lineWidth: 0 }), { isNew: true })
  return made
}

/**
 * Adds a key. With `replaced`, that key is removed at once; otherwise a user may have two during a
 * change-over.
 */
export function addKey(folder: string, name: string, replaced?: string): Credentials {
  const made = makeCredentials()
  editKeys(folder, name, (keys) => {
    const kept =
      replaced === undefined ? keys : keys.filter(({ accessKeyId }) => accessKeyId !== replaced)
    if (replaced !== undefined && kept.length === keys.length) throw noKey(name, replaced)
    if (kept.length >= KEYS_MAX) {
      throw new Error(
        `${name} has ${KEYS_MAX} keys: remove one first, or replace one with --replace`,
      )
    }
    return [...kept, made]
  })
  return made
}

export function removeKey(folder: string, name: string, accessKeyId: string): void {
  editKeys(folder, name, (keys) => {
    const kept = keys.filter((key) => key.accessKeyId !== accessKeyId)
    if (kept.length === keys.length) throw noKey(name, accessKeyId)
    return kept
  })
}

/** Removes the user. All its keys and sessions become invalid. */
export function removeUser(folder: string, name: string): void {
  rmSync(requireFile(folder, name))
}

/**
 * The key that signs session tokens, created if there is none. If two processes create it at once,
 * both use the first one.
 */
export function sessionKey(folder: string): Buffer {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, SESSION_KEY_FILE)
  const fresh = `${path}.${process.pid}.new`
  writeFileSync(fresh, `${randomBytes(SESSION_KEY_BYTES).toString('base64')}\n`, {
    mode: 0o600,
    flush: true,
  })
  try {
    linkSync(fresh, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(fresh)
  }
  return Buffer.from(readFileSync(path, 'utf8').trim(), 'base64')
}

function editKeys(
  folder: string,
  name: string,
  change: (keys: readonly Credentials[]) => Credentials[],
): void {
  const path = requireFile(folder, name)
  const text = readFileSync(path, 'utf8')
  const parsed = parseAccessFile(name, path, text)
  if ('fault' in parsed) throw new Error(`${path}:${parsed.fault.line}: ${parsed.fault.reason}`)
  const keys = change(parsed.user.keys)
  const document = parseDocument(text)
  if (path.endsWith('.json')) {
    // Files with this ending are read as YAML too: JSON.parse would refuse some of them, and quote
    // a key in its message.
    writeWhole(path, `${JSON.stringify({ ...document.toJS(), keys }, null, 2)}\n`)
    return
  }
  document.set('keys', document.createNode(keys))
  writeWhole(path, document.toString({ lineWidth: 0 }))
}

function noKey(name: string, accessKeyId: string): Error {
  return new Error(`${name} has no key ${accessKeyId}`)
}

function requireFile(folder: string, name: string): string {
  const found = fileOf(folder, name)
  if (found === undefined) throw new Error(`there is no user ${name}`)
  return found
}

function fileOf(folder: string, name: string): string | undefined {
  const file = readdirSync(folder).find((each) => userNameOf(each) === name)
  return file && join(folder, file)
}

function writeWhole(path: string, text: string, { isNew = false } = {}): void {
  const fresh = `${path}.${process.pid}.new`
  writeFileSync(fresh, text, { mode: 0o600, flush: true })
  try {
    if (isNew) linkSync(fresh, path)
    else renameSync(fresh, path)
  } finally {
    rmSync(fresh, { force: true })
  }
}
