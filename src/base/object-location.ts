// Where an object is: a bucket, and a key in it. Owns the shape only.

import { z } from 'zod'

export const objectLocationShape = z.object({ bucket: z.string().min(1), key: z.string().min(1) })
export type ObjectLocation = z.infer<typeof objectLocationShape>
