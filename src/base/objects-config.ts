// The place of all objects, as plain data that control hands to workers.
// Owns the shape only; never contains a key or a secret (the environment provides them).

import { z } from 'zod'

/** The embedded store's folder, or any S3 endpoint with a folder for notes of puts under way. */
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
