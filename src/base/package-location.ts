// Where an app's package is.
// Owns the shape, which schemas (core) and the fetching of packages (io) share; never reads
// anything.

export type PackageLocation =
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string }
  /**
   * A zip file or a folder on the host. `path` may be relative: the reader of the schema knows to
   * what.
   */
  | { readonly kind: 'path'; readonly path: string }

/** The location as a schema would name it. */
export function packageLocationText(location: PackageLocation): string {
  return location.kind === 's3' ? `s3://${location.bucket}/${location.key}` : location.path
}
