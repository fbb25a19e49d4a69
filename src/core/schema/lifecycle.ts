// The kinds of domains by who starts their apps, as the API and snapshots name them.
// Owns the names alone.

import { z } from 'zod'

/** Spatial, service and custom domains, in this order. */
export const lifecycleShape = z.enum(['BySpatialSubdivision', 'PerWorker', 'ByRequest'])
export type Lifecycle = z.infer<typeof lifecycleShape>
