// The place of an object: a bucket and a key.
// Owns the shape only.

import { z } from 'zod'

export const objectLocationShape = z.object({ bucket: z.string().min(1), key: z.string().min(1) })
export type ObjectLocation = z.infer<typeof objectLocationShape>
