// The place of an app's package.
// Owns the shape, which schemas (core) and the fetching of packages (io) share; never reads
// anything.

export type PackageLocation =
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string }
  /** A zip file or a folder on the host. The schema's reader resolves a relative `path`. */
  | { readonly kind: 'path'; readonly path: string }

/** Returns the location as a schema would name it. */
export function packageLocationText(location: PackageLocation): string {
  return location.kind === 's3' ? `s3://${location.bucket}/${location.key}` : location.path
}
