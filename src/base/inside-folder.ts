// Tells whether a path lies in a folder, by their texts alone.
// Owns that question; never looks at the file system: the caller must resolve links.

/** Both must be absolute, without `.`, `..` and trailing slashes. A folder lies in itself. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}
