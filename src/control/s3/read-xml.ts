// Reads XML bodies of S3 requests while they come in, without keeping their text and without
// blocking other requests for long. Owns which elements are kept and the limits; knows only XML's
// five entities and character numbers.

import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import sax from 'sax'
import { S3Error } from './s3-errors.ts'
import type { XmlElement, XmlValue } from './s3-xml.ts'

/** The limits of a body. */
export interface XmlShape {
  root: string
  bytesMax: number
  /** Elements of the root that may occur more than once, by name, and how often they may. */
  listed?: Readonly<Record<string, number>>
  /** Whether the body may be empty. */
  isOptional?: boolean
}

const DEPTH_MAX = 8
/** Most attributes of one element. */
const ATTRIBUTES_MAX = 8
/** Most elements in one listed element, including itself. */
const ELEMENTS_OF_LISTED_MAX = 24
const TEXT_MAX = 8 * 1024
const NAME_MAX = 256
/** Characters that are parsed before other requests get a turn. */
const SLICE_MAX = 4 * 1024

/**
 * The content of the root element; empty if there is no document and none is required. Elements
 * without children are text, which may be empty. `hold` is told the bytes received and returns
 * whether more may be kept. Throws S3Error EntityTooLarge, SlowDown, MalformedXML.
 */
export async function readXml(
  body: Readable,
  shape: XmlShape,
  hold: (bytes: number) => boolean = () => true,
): Promise<XmlElement> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const document = new XmlDocument(shape)
  let bytes = 0
  let fault: unknown
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > shape.bytesMax) throw fault ?? tooLarge(shape.bytesMax)
    // Leaving the loop would close the connection under a client that still sends: it would get
    // no answer. What follows a fault is read and dropped.
    if (fault !== undefined) continue
    try {
      if (!hold(chunk.length)) throw new S3Error('SlowDown', 'Please reduce your request rate.')
      const text = decoded(() => decoder.decode(chunk, { stream: true }))
      for (let at = 0; at < text.length; at += SLICE_MAX) {
        document.write(text.slice(at, at + SLICE_MAX))
        await setImmediate()
      }
    } catch (cause) {
      fault = cause
    }
  }
  if (fault !== undefined) throw fault
  document.write(decoded(() => decoder.decode()))
  return document.end()
}

interface OpenElement {
  name: string
  children: XmlElement | undefined
  text: string
}

class XmlDocument {
  readonly #parser = sax.parser(true)
  readonly #shape: XmlShape
  readonly #open: OpenElement[] = []
  readonly #counts = new Map<string, number>()
  #elements = 0
  #attributes = 0
  #content: XmlElement | undefined

  constructor(shape: XmlShape) {
    this.#shape = shape
    const parser = this.#parser
    parser.onerror = (cause) => {
      throw malformed(cause)
    }
    parser.ondoctype = () => {
      throw malformed()
    }
    parser.onopentagstart = ({ name }) => this.#begin(localName(name))
    parser.onattribute = ({ name }) => {
      this.#attributes += 1
      if (this.#attributes > ATTRIBUTES_MAX || name.length > NAME_MAX) throw malformed()
    }
    parser.ontext = (text) => this.#takeText(text)
    parser.oncdata = (text) => this.#takeText(text)
    parser.onclosetag = () => this.#finish()
  }

  write(text: string): void {
    this.#parser.write(text)
  }

  end(): XmlElement {
    this.#parser.close()
    if (this.#content === undefined && this.#shape.isOptional !== true) throw malformed()
    return this.#content ?? {}
  }

  #begin(name: string): void {
    this.#attributes = 0
    const { root, listed = {} } = this.#shape
    const depth = this.#open.length
    if (depth === 0 && (name !== root || this.#content !== undefined)) throw malformed()
    if (depth === DEPTH_MAX || name.length > NAME_MAX) throw malformed()
    if (depth === 1) {
      const count = (this.#counts.get(name) ?? 0) + 1
      const countMax = Object.hasOwn(listed, name) ? listed[name]! : ELEMENTS_OF_LISTED_MAX
      if (count > countMax)
        throw new S3Error('MalformedXML', `There may be at most ${countMax} elements '${name}'.`)
      this.#counts.set(name, count)
      this.#elements = 0
    }
    this.#elements += 1
    if (this.#elements > ELEMENTS_OF_LISTED_MAX || this.#counts.size > ELEMENTS_OF_LISTED_MAX)
      throw malformed()
    this.#open.push({ name, children: undefined, text: '' })
  }

  #takeText(text: string): void {
    const within = this.#open.at(-1)
    if (within === undefined) return
    // Space between elements is not limited.
    if (this.#open.length === 1 || within.children !== undefined) {
      if (text.trim() !== '') throw malformed()
      return
    }
    within.text += text
    if (within.text.length > TEXT_MAX) throw malformed()
  }

  #finish(): void {
    const { name, children, text } = this.#open.pop()!
    const parent = this.#open.at(-1)
    if (parent === undefined) {
      this.#content = children ?? {}
      return
    }
    if (children !== undefined && text.trim() !== '') throw malformed()
    parent.children ??= Object.create(null) as XmlElement
    add(parent.children, name, children ?? text)
  }
}

function add(parent: XmlElement, name: string, value: XmlElement | string): void {
  const known = parent[name]
  if (known === undefined) parent[name] = value
  else if (Array.isArray(known)) known.push(value)
  else parent[name] = [known, value] as XmlValue[]
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function decoded(step: () => string): string {
  try {
    return step()
  } catch (cause) {
    throw malformed(cause)
  }
}

/**
 * The elements of a name: none, one or many. Throws S3Error MalformedXML if one contains only text.
 */
export function elementsIn(parent: XmlElement, name: string): XmlElement[] {
  const value = parent[name]
  const list = value === undefined ? [] : Array.isArray(value) ? value : [value]
  return list.map((one: unknown) => {
    if (typeof one !== 'object' || one === null) throw malformed()
    return one as XmlElement
  })
}

/** The text of an element that occurs at most once. Throws S3Error MalformedXML. */
export function textIn(parent: XmlElement, name: string): string | undefined {
  const value = parent[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw malformed()
  return value
}

function tooLarge(bytesMax: number): S3Error {
  const message = `The body of the request may have ${bytesMax} bytes at most.`
  return new S3Error('EntityTooLarge', message)
}

function malformed(cause?: unknown): S3Error {
  const message = 'The XML of the request could not be read, or is not what the operation takes.'
  return new S3Error('MalformedXML', message, { cause })
}
