// Splits a request's URL into path, label and query, each percent-decoded exactly once. Owns how
// the wire is read before any shape is known; never checks a value.

/** Decoded names and values in the order they came; a key without `=` has an empty value. */
export type QueryPairs = readonly (readonly [name: string, value: string])[]

interface RawTarget {
  /** Not decoded. */
  readonly path: string
  /** Not decoded, without its question mark. */
  readonly query: string
}

/** `url` as on the request line: path and query. */
export function splitTarget(url: string): RawTarget {
  const mark = url.indexOf('?')
  return mark === -1
    ? { path: url, query: '' }
    : { path: url.slice(0, mark), query: url.slice(mark + 1) }
}

/**
 * The decoded text in place of a template's `{label}`; empty if the template has none. Undefined if
 * the encoding is broken. A label extends to the end of the path, slashes included.
 */
export function labelOf(template: string, path: string): string | undefined {
  const mark = template.indexOf('{')
  if (mark === -1) return ''
  const segments = template.slice(0, mark).split('/').length - 1
  return decoded(path.split('/').slice(segments).join('/'))
}

/**
 * A plus sign is a space, as in the check of the signature. Undefined if a percent-encoding is
 * broken.
 */
export function queryPairs(query: string): QueryPairs | undefined {
  const pairs: [string, string][] = []
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded((equals === -1 ? pair : pair.slice(0, equals)).replaceAll('+', ' '))
    const value = decoded((equals === -1 ? '' : pair.slice(equals + 1)).replaceAll('+', ' '))
    if (name === undefined || value === undefined) return undefined
    pairs.push([name, value])
  }
  return pairs
}

/** Percent-decoded text; undefined if the encoding is broken. */
export function decoded(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
