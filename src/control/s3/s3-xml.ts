// XML of the S3 protocol, in both directions.
// Owns escaping; never expands an entity other than the five of XML and character numbers.

import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser'
import { S3Error } from './s3-errors.ts'

export type XmlValue = string | number | boolean | undefined | XmlElement | readonly XmlValue[]
export interface XmlElement {
  [name: string]: XmlValue
}

const nameSpace = 'http://s3.amazonaws.com/doc/2006-03-01/'
const builder = new XMLBuilder({ processEntities: false, ignoreAttributes: false, attributeNamePrefix: '@' })
const parser = new XMLParser({
  processEntities: false,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
})

/** Members that are undefined are left out. */
export function buildXml(root: string, content: XmlElement): string {
  const attributes = root === 'Error' ? {} : { '@xmlns': nameSpace }
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [root]: { ...attributes, ...escapeElement(content) } })}`
}

function escapeElement(element: XmlElement): XmlElement {
  const escaped: XmlElement = {}
  for (const [name, value] of Object.entries(element)) {
    if (value !== undefined) escaped[name] = escapeValue(value)
  }
  return escaped
}

function escapeValue(value: XmlValue): XmlValue {
  if (typeof value === 'string') return escapeText(value)
  if (Array.isArray(value)) return value.map(escapeValue)
  return typeof value === 'object' ? escapeElement(value as XmlElement) : value
}

const namedEntities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Control characters become numbers, as S3 writes them; only clients that ask for URL encoding can read them all. */
function escapeText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[&<>"\x00-\x1f\x7f]/g, (character) => {
    return namedEntities[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`
  })
}

/** The content of the root element, which must be `root`. Throws S3Error MalformedXML. */
export function parseXml(text: string, root: string): XmlElement {
  if (text.includes('<!') || XMLValidator.validate(text) !== true) throw malformed()
  const content = parsed(text)[root]
  if (content === '') return {}
  if (typeof content !== 'object' || content === null || Array.isArray(content)) throw malformed()
  return content as XmlElement
}

/** The parser throws where elements are nested without end. */
function parsed(text: string): Record<string, unknown> {
  try {
    return parser.parse(text) as Record<string, unknown>
  } catch (cause) {
    throw malformed(cause)
  }
}

/** The elements of a name; none, one or many. Throws S3Error MalformedXML where one holds text only. */
export function elementsIn(parent: XmlElement, name: string): XmlElement[] {
  const value = parent[name]
  const list = value === undefined ? [] : Array.isArray(value) ? value : [value]
  return list.map((one: unknown) => {
    if (typeof one !== 'object' || one === null) throw malformed()
    return one as XmlElement
  })
}

/** The text of an element that occurs once at most. Throws S3Error MalformedXML. */
export function textIn(parent: XmlElement, name: string): string | undefined {
  const value = parent[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw malformed()
  return decodeText(value)
}

const decodedEntities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeText(text: string): string {
  return text.replace(/&([^;&]*);/g, (_, entity: string) => {
    const named = decodedEntities[entity]
    if (named !== undefined) return named
    const match = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(entity)
    if (match === null) throw malformed()
    const code = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16)
    if (code > 0x10ffff) throw malformed()
    return String.fromCodePoint(code)
  })
}

function malformed(cause?: unknown): S3Error {
  const message = 'The XML of the request could not be read, or is not what the operation takes.'
  return new S3Error('MalformedXML', message, { cause })
}
