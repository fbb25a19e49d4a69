// A port of an app: as its schema names it, and the one that it has on its host.
// Owns the shape only.

import { z } from 'zod'

export const portMappingShape = z.object({
  /** As the schema names it. */
  declared: z.number(),
  /** What the app binds to and clients connect to. */
  actual: z.number(),
})
export type PortMapping = z.infer<typeof portMappingShape>
