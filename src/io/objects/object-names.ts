// Rules for names of buckets and keys, and the file path of each key.
// Owns the mapping and its inverse; never touches a file system.

import { ObjectsError } from './objects.ts'

/** The longest key, in bytes of UTF-8 (S3's own limit). */
export const KEY_BYTES_MAX = 1024
/** Leaves room for the letter of the kind, below the 255 bytes that file systems allow a name. */
const NAME_BYTES_MAX = 240

/**
 * Kinds of files below a bucket. A key is cut at its slashes: each level is a folder `d<name>`, and
 * the part after the last slash is a file `o<name>`. A name too long for a file system continues in
 * folders `c<part>`. The letter keeps a key apart from the folder of keys below it, and makes names
 * such as `..` harmless.
 */
type EntryKind = 'object' | 'level' | 'continuation'

const letterOf = { object: 'o', level: 'd', continuation: 'c' } as const

/** Checks S3's rules for new buckets. */
export function isBucketName(bucket: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) &&
    !bucket.includes('..') &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(bucket)
  )
}

/** Throws ObjectsError InvalidName for a key that the store cannot keep. */
export function checkKey(key: string): void {
  if (key === '') throw new ObjectsError('InvalidName', 'A key must have at least one character.')
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) {
    throw new ObjectsError('InvalidName', `A key must be at most ${KEY_BYTES_MAX} bytes long.`)
  }
  if (/^\.+$/.test(key)) {
    throw new ObjectsError(
      'InvalidName',
      'A key must not be made of dots alone: in addresses and paths it would mean another place.',
    )
  }
  if (key.includes('\0') || !key.isWellFormed()) {
    throw new ObjectsError('InvalidName', 'A key must be UTF-8 text without NUL characters.')
  }
}

/** The path of a key below its bucket's folder: folders first, the file last. */
export function pathOfKey(key: string): string[] {
  const levels = key.split('/')
  return levels.flatMap((level, index) =>
    entriesOf(level, index === levels.length - 1 ? 'object' : 'level'),
  )
}

function entriesOf(level: string, kind: 'object' | 'level'): string[] {
  const names: string[] = []
  let name = ''
  let bytes = 0
  for (const character of level) {
    const encoded = encodeCharacter(character)
    const encodedBytes = Buffer.byteLength(encoded)
    if (bytes + encodedBytes > NAME_BYTES_MAX) {
      names.push(letterOf.continuation + name)
      name = ''
      bytes = 0
    }
    name += encoded
    bytes += encodedBytes
  }
  return [...names, letterOf[kind] + name]
}

/**
 * Returns the kind and the decoded part of a level for a file name; undefined if the store made no
 * such name.
 */
export function entryOfName(name: string): { kind: EntryKind; text: string } | undefined {
  const kind = (Object.keys(letterOf) as EntryKind[]).find(
    (candidate) => letterOf[candidate] === name[0],
  )
  if (kind === undefined) return undefined
  return {
    kind,
    text: name
      .slice(1)
      .replace(/%([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
  }
}

function encodeCharacter(character: string): string {
  const code = character.codePointAt(0)!
  const plain = code >= 0x20 && code !== 0x7f && character !== '%'
  return plain ? character : `%${code.toString(16).toUpperCase().padStart(2, '0')}`
}

/**
 * Compares by bytes of UTF-8, the order of lists in S3. It equals the order of code points, but not
 * of UTF-16 units.
 */
export function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return orderOfUnit(a) - orderOfUnit(b)
  }
  return left.length - right.length
}

/** Surrogates encode the code points above all others. */
function orderOfUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
