// Opens the object store that a configuration names.
// Owns the choice, and where the keys of a foreign S3 come from; never stores these keys.

import type { ObjectsConfig } from '../../base/objects-config.ts'
import { FolderObjects } from './folder-objects.ts'
import { type Objects, ObjectsError } from './objects.ts'
import { type S3Credentials, S3Objects } from './s3-objects.ts'

/** Throws ObjectsError AccessDenied if a foreign S3 is configured without keys. */
export async function openObjects(
  config: ObjectsConfig,
  credentials: () => S3Credentials = credentialsFromEnvironment,
): Promise<Objects> {
  switch (config.kind) {
    case 'folder':
      return FolderObjects.open(config.folder)
    case 's3': {
      const { kind: _, ...options } = config
      return new S3Objects({ ...options, credentials: credentials() })
    }
  }
}

/** Reads HEDDLE_S3_ACCESS_KEY_ID and HEDDLE_S3_SECRET_ACCESS_KEY. */
export function credentialsFromEnvironment(
  environment: NodeJS.ProcessEnv = process.env,
): S3Credentials {
  const accessKeyId = environment.HEDDLE_S3_ACCESS_KEY_ID
  const secretAccessKey = environment.HEDDLE_S3_SECRET_ACCESS_KEY
  if (!accessKeyId || !secretAccessKey) {
    throw new ObjectsError(
      'AccessDenied',
      'Keys for the S3 endpoint are missing: ' +
        'set HEDDLE_S3_ACCESS_KEY_ID and HEDDLE_S3_SECRET_ACCESS_KEY.',
    )
  }
  return { accessKeyId, secretAccessKey }
}
