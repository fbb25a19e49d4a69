// Whether a path lies in a folder, as texts.
// Owns that question alone; never looks at the file system: links are resolved by the caller.

/** Both are absolute, without `.`, `..` and slashes at their ends. A folder lies in itself. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}
