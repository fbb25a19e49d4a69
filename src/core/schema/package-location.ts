// Reads the location of an app's package from its text in a schema. Owns the accepted forms; never
// checks whether a package is there.

import type { PackageLocation } from '../../base/package-location.ts'

/**
 * Reads `s3://bucket/key`, a `file:` URL of this host or a plain path; otherwise returns the rule
 * that the text breaks.
 */
export function parsePackageLocation(
  text: string,
): { location: PackageLocation } | { rule: string } {
  if (text.trim() === '') return { rule: 'must not be empty' }
  if (text.includes('\0')) return { rule: 'must not contain a NUL character' }
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(text)?.[1].toLowerCase()
  if (scheme === 's3') return parseS3(text)
  if (scheme === 'file') return parseFile(text)
  if (scheme !== undefined && text.startsWith('//', scheme.length + 1)) {
    return { rule: `must begin with s3:// or file://, or be a path; ${scheme}:// is neither` }
  }
  return { location: { kind: 'path', path: text } }
}

function parseS3(text: string): { location: PackageLocation } | { rule: string } {
  const match = /^s3:\/\/([^/]*)\/(.+)$/is.exec(text)
  if (match === null) return { rule: 'must have the form s3://bucket/key' }
  const [, bucket, key] = match
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(bucket)) {
    return {
      rule:
        'must name a bucket of 3 to 63 letters, digits, dots and hyphens, not ' +
        `${JSON.stringify(bucket)}`,
    }
  }
  if (new TextEncoder().encode(key).length > 1024)
    return { rule: 'must name a key of at most 1024 bytes' }
  return { location: { kind: 's3', bucket, key } }
}

function parseFile(text: string): { location: PackageLocation } | { rule: string } {
  const url = URL.parse(text)
  if (url === null || url.pathname === '') return { rule: 'is not a URL that can be read' }
  if (url.host !== '') return { rule: 'must be a file of this host: file:///path' }
  if (/%2f|%00/i.test(url.pathname))
    return { rule: 'must not have an encoded slash or NUL in its path' }
  try {
    return { location: { kind: 'path', path: decodeURIComponent(url.pathname) } }
  } catch {
    return { rule: 'has a percent sign that encodes no character' }
  }
}
