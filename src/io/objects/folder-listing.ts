// Lists the keys of a bucket in the folder store, in byte order, straight from the folders.
// Owns the walk and the grouping by delimiter; keeps nothing in memory between two lists.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, onFiles } from './file-faults.ts'
import { readObjectRecord, type StoredObject } from './object-file.ts'
import { compareUtf8, entryOfName } from './object-names.ts'

export interface ListOptions {
  prefix?: string
  /** Keys that contain it after the prefix are folded into one common prefix. */
  delimiter?: string
  /** Lists only keys and common prefixes that come after this one. */
  after?: string
  maxEntries: number
}

export interface ObjectList {
  objects: StoredObject[]
  commonPrefixes: string[]
  /** Last key or common prefix of this list if more follow: pass it as `after` of the next list. */
  next?: string
}

const RECORDS_AT_ONCE = 16

/**
 * Lists a bucket's folder, which must exist. The list may miss objects that are put or deleted
 * meanwhile.
 */
export async function listFolder(bucketFolder: string, options: ListOptions): Promise<ObjectList> {
  const { prefix = '', delimiter = '', after = '', maxEntries } = options
  const walk = new Walk(prefix, after, delimiter)
  const files: string[] = []
  const commonPrefixes: string[] = []
  let last: string | undefined
  let next: string | undefined
  for await (const { key, file } of walk.keysBelow(bucketFolder, '')) {
    if (files.length + commonPrefixes.length >= maxEntries) {
      next = last
      break
    }
    const commonPrefix = commonPrefixOf(key, prefix, delimiter)
    if (commonPrefix === undefined) {
      files.push(file)
      last = key
    } else {
      walk.skipPrefix = commonPrefix
      commonPrefixes.push(commonPrefix)
      last = commonPrefix
    }
  }
  return {
    objects: await readRecords(files),
    commonPrefixes,
    ...(next === undefined ? {} : { next }),
  }
}

/** Whether the bucket's folder holds any object. */
export async function holdsObjects(bucketFolder: string): Promise<boolean> {
  for await (const _ of new Walk('', '', '').keysBelow(bucketFolder, '')) return true
  return false
}

function commonPrefixOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined
  const index = key.indexOf(delimiter, prefix.length)
  return index === -1 ? undefined : key.slice(0, index + delimiter.length)
}

async function readRecords(files: string[]): Promise<StoredObject[]> {
  const objects: StoredObject[] = []
  for (let index = 0; index < files.length; index += RECORDS_AT_ONCE) {
    const records = await Promise.all(
      files.slice(index, index + RECORDS_AT_ONCE).map((file) => readObjectRecord(file)),
    )
    objects.push(...records.filter((record) => record !== undefined))
  }
  return objects
}

interface Entry {
  /** The key's text up to and including this entry; a level ends in a slash. */
  text: string
  path: string
  isObject: boolean
}

class Walk {
  /** The walk skips every key that begins with it. */
  skipPrefix: string | undefined
  readonly #prefix: string
  readonly #after: string

  constructor(prefix: string, after: string, delimiter: string) {
    this.#prefix = prefix
    this.#after = after
    // A list that ended with a common prefix continues behind all keys folded into it.
    if (after !== '' && commonPrefixOf(after, prefix, delimiter) === after) this.skipPrefix = after
  }

  async *keysBelow(folder: string, above: string): AsyncGenerator<{ key: string; file: string }> {
    for (const entry of await entriesOf(folder, above)) {
      if (entry.isObject) {
        if (this.#wantsKey(entry.text)) yield { key: entry.text, file: entry.path }
      } else if (this.#wantsLevel(entry.text)) {
        yield* this.keysBelow(entry.path, entry.text)
      }
    }
  }

  #wantsKey(key: string): boolean {
    return (
      key.startsWith(this.#prefix) &&
      !this.#isSkipped(key) &&
      (this.#after === '' || compareUtf8(key, this.#after) > 0)
    )
  }

  #wantsLevel(level: string): boolean {
    const mayHoldPrefix = level.startsWith(this.#prefix) || this.#prefix.startsWith(level)
    const isBehind =
      this.#after === '' || this.#after.startsWith(level) || compareUtf8(level, this.#after) > 0
    return mayHoldPrefix && isBehind && !this.#isSkipped(level)
  }

  #isSkipped(text: string): boolean {
    return this.skipPrefix !== undefined && text.startsWith(this.skipPrefix)
  }
}

/**
 * Returns a level's entries in the order of their keys. No level's text is a prefix of another's,
 * so the keys below them don't interleave.
 */
async function entriesOf(folder: string, above: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const name of await namesIn(folder)) {
    const entry = entryOfName(name)
    if (entry === undefined) continue
    const path = join(folder, name)
    if (entry.kind === 'continuation') entries.push(...(await entriesOf(path, above + entry.text)))
    else if (entry.kind === 'object')
      entries.push({ text: above + entry.text, path, isObject: true })
    else entries.push({ text: `${above + entry.text}/`, path, isObject: false })
  }
  return entries.sort((left, right) => compareUtf8(left.text, right.text))
}

async function namesIn(folder: string): Promise<string[]> {
  return onFiles(async () => {
    try {
      return await readdir(folder)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return []
      throw error
    }
  })
}
