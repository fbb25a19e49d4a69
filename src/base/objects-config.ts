// Where objects are kept, as plain data that control hands to workers.
// Owns the shape only; never holds a key or a secret (those come from the environment).

import { z } from 'zod'

/**
 * The embedded store's folder, or any S3 endpoint with a folder for notes of what is being put
 * there.
 */
export const objectsConfigShape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('folder'), folder: z.string() }),
  z.object({
    kind: z.literal('s3'),
    endpoint: z.string(),
    region: z.string(),
    forcePathStyle: z.boolean(),
    uploadsFolder: z.string(),
  }),
])
export type ObjectsConfig = z.infer<typeof objectsConfigShape>
