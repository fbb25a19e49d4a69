// Where objects are kept, as plain data that control hands to workers.
// Owns the shape only; never holds a key or a secret (those come from the environment).

/**
 * The embedded store's folder, or any S3 endpoint with a folder for notes of what is being put
 * there.
 */
export type ObjectsConfig =
  | { kind: 'folder'; folder: string }
  | { kind: 's3'; endpoint: string; region: string; forcePathStyle: boolean; uploadsFolder: string }
