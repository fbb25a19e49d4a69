// XML of S3's answers, and the type for XML elements. Owns escaping; never reads a body.

import { XMLBuilder } from 'fast-xml-parser'

export type XmlValue = string | number | boolean | undefined | XmlElement | readonly XmlValue[]
export interface XmlElement {
  [name: string]: XmlValue
}

const NAME_SPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
const builder = new XMLBuilder({
  processEntities: false,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
})

/** Undefined members are left out. */
export function buildXml(root: string, content: XmlElement): string {
  const attributes = root === 'Error' ? {} : { '@xmlns': NAME_SPACE }
  const document = builder.build({ [root]: { ...attributes, ...escapeElement(content) } })
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document}`
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

const namedEntities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/**
 * Control characters become character numbers, as in S3; only clients that ask for URL encoding can
 * read all of them.
 */
function escapeText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[&<>"\x00-\x1f\x7f]/g, (character) => {
    return namedEntities[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`
  })
}
