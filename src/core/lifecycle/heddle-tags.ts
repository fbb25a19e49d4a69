// Tags of a simulation that mean something to Heddle: additions to the service that plain clients never notice.
// Owns their names and what values they may have; everything else that is in a tag is its user's.

export interface HeddleTags {
  /** `heddle:state-hash-interval`: ticks between two hashes of the state in the management log; 0 for none. */
  stateHashInterval: number
  /** `heddle:schema`, of a simulation that starts from a snapshot: the schema to go on with, instead of the snapshot's. */
  schema?: { bucket: string; key: string }
}

const tagNames = { stateHashInterval: 'heddle:state-hash-interval', schema: 'heddle:schema' } as const

/** What a simulation's tags say; `refusal` where a value means nothing. */
export function parseHeddleTags(tags: Readonly<Record<string, string>>): HeddleTags | { refusal: string } {
  const interval = tags[tagNames.stateHashInterval] ?? '0'
  if (!/^\d{1,9}$/.test(interval))
    return { refusal: `the tag ${tagNames.stateHashInterval} is a whole number of ticks, not '${interval}'` }
  const found: HeddleTags = { stateHashInterval: Number(interval) }
  const schema = tags[tagNames.schema]
  if (schema === undefined) return found
  const location = /^s3:\/\/([^/]+)\/(.+)$/.exec(schema)
  if (!location) return { refusal: `the tag ${tagNames.schema} is s3://bucket/key of a schema, not '${schema}'` }
  return { ...found, schema: { bucket: location[1], key: location[2] } }
}

/** For clients that start a simulation from a snapshot, with a schema of its own. */
export function schemaTag(bucket: string, key: string): Record<string, string> {
  return { [tagNames.schema]: `s3://${bucket}/${key}` }
}
