// A port of an app: its number in the schema, and its number on the host.
// Owns the shape only.

import { z } from 'zod'

export const portMappingShape = z.object({
  /** The number in the schema. */
  declared: z.number(),
  /** The number that the app binds to and clients connect to. */
  actual: z.number(),
})
export type PortMapping = z.infer<typeof portMappingShape>
