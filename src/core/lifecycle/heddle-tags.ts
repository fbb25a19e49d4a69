// Tags of a simulation that mean something to Heddle: additions to the service that plain clients never notice.
// Owns their names and what values they may have; everything else that is in a tag is its user's.

import { parseS3Uri, type S3Place } from '../../base/s3-uri.ts'

export interface HeddleTags {
  /** `heddle:state-hash-interval`: ticks between two hashes of the state in the management log; 0 for none. */
  stateHashInterval: number
  /** `heddle:schema`, of a simulation that starts from a snapshot: the schema to go on with, instead of the snapshot's. */
  schema?: S3Place
  /** `heddle:snapshot-every`, `heddle:snapshot-to` and `heddle:snapshot-keep`: snapshots that it makes of itself. */
  snapshots?: SnapshotRhythm
}

export interface SnapshotRhythm {
  every: { ticks: number } | { ms: number }
  bucket: string
  /** Empty for none. */
  prefix: string
  /** The newest so many stay. */
  keep: number
}

/** Of tags that mean nothing to Heddle. */
export const noHeddleTags: HeddleTags = { stateHashInterval: 0 }

type Refused = { refusal: string }

const tagNames = {
  stateHashInterval: 'heddle:state-hash-interval',
  schema: 'heddle:schema',
  snapshotEvery: 'heddle:snapshot-every',
  snapshotTo: 'heddle:snapshot-to',
  snapshotKeep: 'heddle:snapshot-keep',
} as const

const keepByDefault = 3
const unitMs: Record<string, number> = { M: 60_000, H: 3_600_000, D: 86_400_000 }

/** What a simulation's tags say; `refusal` where a value means nothing. */
export function parseHeddleTags(tags: Readonly<Record<string, string>>): HeddleTags | Refused {
  const interval = tags[tagNames.stateHashInterval] ?? '0'
  if (!/^\d{1,9}$/.test(interval))
    return { refusal: `the tag ${tagNames.stateHashInterval} is a whole number of ticks, not '${interval}'` }
  const schema = tags[tagNames.schema]
  const location = parseS3Uri(schema ?? '')
  if (schema !== undefined && !location?.key)
    return { refusal: `the tag ${tagNames.schema} is s3://bucket/key of a schema, not '${schema}'` }
  const snapshots = parseRhythm(tags)
  if (snapshots && 'refusal' in snapshots) return snapshots
  return {
    stateHashInterval: Number(interval),
    ...(location && { schema: location }),
    ...(snapshots && { snapshots }),
  }
}

/** For clients that start a simulation from a snapshot, with a schema of its own. */
export function schemaTag(bucket: string, key: string): Record<string, string> {
  return { [tagNames.schema]: `s3://${bucket}/${key}` }
}

function parseRhythm(tags: Readonly<Record<string, string>>): SnapshotRhythm | Refused | undefined {
  const { snapshotEvery, snapshotTo, snapshotKeep } = tagNames
  const [every, to, keep] = [tags[snapshotEvery], tags[snapshotTo], tags[snapshotKeep]]
  if (every === undefined && to === undefined && keep === undefined) return undefined
  const rhythm = /^([1-9]\d{0,8}) ?(ticks|M|H|D)$/i.exec(every ?? '')
  if (!rhythm)
    return {
      refusal: `the tag ${snapshotEvery} is a time or ticks, such as 10M, 2H or 5000 ticks; not '${every ?? ''}'`,
    }
  const place = parseS3Uri(to ?? '')
  if (to === undefined)
    return { refusal: `the tag ${snapshotEvery} needs the tag ${snapshotTo}: s3://bucket/prefix for snapshots` }
  if (!place) return { refusal: `the tag ${snapshotTo} is s3://bucket/prefix for snapshots, not '${to}'` }
  if (!/^[1-9]\d{0,3}$/.test(keep ?? '1'))
    return { refusal: `the tag ${snapshotKeep} is the number of snapshots to keep, from 1 on; not '${keep}'` }
  const [, number, unit] = rhythm
  const ms = unitMs[unit.toUpperCase()]
  return {
    every: ms === undefined ? { ticks: Number(number) } : { ms: Number(number) * ms },
    bucket: place.bucket,
    prefix: place.key,
    keep: keep === undefined ? keepByDefault : Number(keep),
  }
}
