// Reads a YAML document value by value, and notes each fault with its line, column and path. Owns
// positions, types and "did you mean"; never knows what a simulation schema is.
// It uses the YAML nodes instead of a schema library over the parsed object: only the nodes have
// the positions of mistyped, missing and duplicate keys.

import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml'
import { suggestion } from '../suggest.ts'

export interface Fault {
  /** Both count from 1. */
  line: number
  column: number
  /** `domains.MySpatialDomain.app_config.package`; empty for the document itself. */
  path: string
  rule: string
}

/** Longer texts are refused before they are parsed. */
const TEXT_CHARACTERS_MAX = 1024 * 1024
/**
 * How much aliases may multiply a document's size. Without a limit, a few lines of aliases of
 * aliases fill the memory.
 */
const ALIAS_COUNT_MAX = 100

/** The key that merges other mappings into its own mapping. In quotes it is an ordinary key. */
const MERGE_KEY = '<<'

/**
 * Parses the text. The root value is absent only if the text is not YAML, which is then the only
 * kind of fault.
 */
export function readYaml(text: string): { root?: YamlValue; faults: Fault[] } {
  const lines = new LineCounter()
  const faults: Fault[] = []
  const faultAt = (offset: number, path: string, rule: string) => {
    const { line, col } = lines.linePos(offset)
    faults.push({ line: Math.max(line, 1), column: Math.max(col, 1), path, rule })
  }
  if (text.length > TEXT_CHARACTERS_MAX) {
    faultAt(0, '', `must have at most ${TEXT_CHARACTERS_MAX} characters`)
    return { faults }
  }
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      // The library compares each key with each other key, which is slow for long documents;
      // `entries` uses a set.
      uniqueKeys: false,
      stringKeys: true,
      logLevel: 'error',
    })
    const exhausted = document.errors.find((error) => error.code === 'RESOURCE_EXHAUSTION')
    if (exhausted !== undefined) {
      faultAt(exhausted.pos[0], '', "can't be read as YAML: it is nested too deeply")
      return { faults }
    }
    for (const error of [...document.errors, ...document.warnings]) {
      const isSecond = error.code === 'MULTIPLE_DOCS'
      faultAt(
        error.pos[0],
        '',
        isSecond ? 'a second document begins here; there must be one alone' : error.message,
      )
    }
    for (const alias of unknownAliases(document)) {
      faultAt(
        alias.range?.[0] ?? 0,
        '',
        `'*${cut(alias.source)}' names no anchor that comes before it`,
      )
    }
    if (faults.length > 0) return { faults }
    document.toJS({ maxAliasCount: ALIAS_COUNT_MAX })
    const resolve = (node: Node | null) => (isAlias(node) ? (node.resolve(document) ?? null) : node)
    const root = new YamlValue({ faultAt, resolve }, document.contents, 0, '')
    return { root, faults }
  } catch (error) {
    // The library throws for alias bombs, and may overflow the stack.
    const reason =
      error instanceof RangeError
        ? 'it is nested too deeply'
        : error instanceof Error
          ? error.message
          : String(error)
    faultAt(0, '', `can't be read as YAML: ${reason}`)
    return { faults }
  }
}

/**
 * The library would search from the document's start for each alias, and report only the first
 * unknown one, without its place.
 */
function unknownAliases(document: Document): Alias[] {
  const anchors = new Set<string>()
  const unknown: Alias[] = []
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        if (!anchors.has(node.source)) unknown.push(node)
      } else if (node.anchor !== undefined) anchors.add(node.anchor)
    },
  })
  return unknown
}

interface Reading {
  faultAt(offset: number, path: string, rule: string): void
  resolve(node: Node | null): Node | null
}

/**
 * A value of the document. The reading methods return undefined after noting a fault if the value
 * has another type.
 */
export class YamlValue {
  readonly path: string
  readonly #reading: Reading
  readonly #node: Node | null
  /** Where the value starts. */
  readonly #offset: number
  /** Where its key starts; for an item, where its list starts. */
  readonly #keyOffset: number

  constructor(reading: Reading, node: Node | null, keyOffset: number, path: string) {
    this.#reading = reading
    this.#node = reading.resolve(node)
    this.#offset = this.#node?.range?.[0] ?? keyOffset
    this.#keyOffset = keyOffset
    this.path = path
  }

  fault(rule: string): undefined {
    this.#reading.faultAt(this.#offset, this.path, rule)
  }

  /** Notes a fault of the value's key. */
  keyFault(rule: string): undefined {
    this.#reading.faultAt(this.#keyOffset, this.path, rule)
  }

  /** Whether nothing is written, or `null` or `~`. */
  get isEmpty(): boolean {
    return this.#node === null || (isScalar(this.#node) && this.#node.value === null)
  }

  /** Whether exactly this text is written, with or without quotes. */
  isText(text: string): boolean {
    return this.#scalar() === text
  }

  get isEmptyText(): boolean {
    return this.#scalar() === ''
  }

  get numberOrUndefined(): number | undefined {
    const value = this.#scalar()
    return typeof value === 'number' ? value : undefined
  }

  /**
   * The pairs of a mapping, then those of the mappings that it merges (`<<`). The first of repeated
   * keys counts.
   */
  entries(): Map<string, YamlValue> | undefined {
    return this.#entriesWithin([])
  }

  /** `within`: the mappings that merge this one. */
  #entriesWithin(within: readonly (Node | null)[]): Map<string, YamlValue> | undefined {
    if (!isMap(this.#node)) return this.#mismatch('a mapping')
    if (within.includes(this.#node)) return this.fault('is merged into itself')
    const entries = new Map<string, YamlValue>()
    let merged: YamlValue | undefined
    for (const { key, value } of this.#node.items as {
      key: ParsedNode
      value: ParsedNode | null
    }[]) {
      const isMerge = isScalar(key) && key.value === MERGE_KEY && key.type === 'PLAIN'
      const name = String(isScalar(key) ? key.value : key)
      const entry = new YamlValue(this.#reading, value, key.range[0], joined(this.path, name))
      const isRepeated = isMerge ? merged !== undefined : entries.has(name)
      if (isRepeated)
        this.#reading.faultAt(key.range[0], entry.path, 'is there twice; keep one of them')
      else if (isMerge) merged = entry
      else entries.set(name, entry)
    }
    const sources = merged === undefined ? [] : merged.#merged(this.path)
    for (const source of sources) {
      for (const [name, entry] of source.#entriesWithin([...within, this.#node]) ?? []) {
        if (!entries.has(name)) entries.set(name, entry)
      }
    }
    return entries
  }

  /**
   * The value of a merge key: a mapping, or a list of mappings, the first of which wins. They read
   * as part of the mapping at `path`.
   */
  #merged(path: string): YamlValue[] {
    const nodes = isSeq(this.#node) ? (this.#node.items as (ParsedNode | null)[]) : [this.#node]
    const values = nodes.map((node) => new YamlValue(this.#reading, node, this.#offset, path))
    const isMerging = values.every((value) => isMap(value.#node))
    if (!isMerging) this.#mismatch('an alias of a mapping (*name), or a list of some')
    return isMerging ? values : []
  }

  /** The pairs of a mapping with known keys. Unknown keys and missing required ones are faults. */
  fields(
    required: readonly string[],
    optional: readonly string[] = [],
  ): Map<string, YamlValue> | undefined {
    const entries = this.entries()
    if (entries === undefined) return undefined
    const known = [...required, ...optional]
    for (const [name, entry] of entries) {
      if (known.includes(name)) continue
      this.#reading.faultAt(
        entry.#keyOffset,
        entry.path,
        `is not a known property${suggestion(
          name,
          known.filter((one) => !entries.has(one)),
        )}`,
      )
    }
    for (const name of required)
      if (!entries.has(name)) this.fault(`must have the property ${JSON.stringify(name)}`)
    return entries
  }

  items(): YamlValue[] | undefined {
    if (!isSeq(this.#node)) return this.#mismatch('a list')
    const items = this.#node.items as (ParsedNode | null)[]
    return items.map(
      (item, index) => new YamlValue(this.#reading, item, this.#offset, `${this.path}[${index}]`),
    )
  }

  string(): string | undefined {
    const value = this.#scalar()
    if (typeof value !== 'string') return this.#mismatch('a string')
    if (value.trim() === '') return this.fault('must not be empty')
    if (value.includes('\0')) return this.fault('must not contain a NUL character')
    return value
  }

  /** A string, or the text of a number or boolean without quotes. */
  text(): string | undefined {
    const value = this.#scalar()
    if (typeof value !== 'number' && typeof value !== 'boolean') return this.string()
    return isScalar(this.#node) && this.#node.source !== undefined
      ? this.#node.source
      : String(value)
  }

  oneOf(values: readonly string[]): string | undefined {
    const value = this.string()
    if (value === undefined || values.includes(value)) return value
    const choice = values.map((one) => JSON.stringify(one)).join(', ')
    return this.fault(
      `must be ${values.length > 1 ? 'one of ' : ''}${choice}, not ` +
        `${shown(value)}${suggestion(value, values)}`,
    )
  }

  boolean(): boolean | undefined {
    const value = this.#scalar()
    return typeof value === 'boolean' ? value : this.#mismatch('true or false')
  }

  number(): number | undefined {
    return this.numberOrUndefined ?? this.#mismatch('a number')
  }

  integer(min: number, max: number): number | undefined {
    const value = this.#scalar()
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max)
      return value
    return this.#mismatch(`a whole number from ${min} to ${max}`)
  }

  /** A description of the value for messages: `the number 30`. */
  describe(): string {
    if (this.isEmpty) return 'nothing'
    if (isMap(this.#node)) return 'a mapping'
    if (isSeq(this.#node)) return 'a list'
    const value = this.#scalar()
    return typeof value === 'string'
      ? `the text ${shown(value)}`
      : `the ${typeof value} ${shown(value)}`
  }

  #mismatch(expected: string): undefined {
    return this.fault(`must be ${expected}, not ${this.describe()}`)
  }

  #scalar(): unknown {
    return isScalar(this.#node) ? this.#node.value : undefined
  }
}

function joined(path: string, name: string): string {
  const segment = /^[\w-]{1,64}$/.test(name) ? name : shown(name)
  return path === '' ? segment : `${path}.${segment}`
}

/** A value as JSON, shortened if it is long. */
export function shown(value: unknown): string {
  return cut(typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value)))
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
