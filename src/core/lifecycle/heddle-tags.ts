// Tags of a simulation that Heddle understands. They extend the service, and plain clients never
// see them.
// Owns their names, values and defaults; all other tags are the user's own.

import { z } from 'zod'
import { objectLocationShape } from '../../base/object-location.ts'
import { parseS3Uri } from '../../base/s3-uri.ts'
import { APP_DEBUG_TAG, isAppDebugText } from './app-debug.ts'
import {
  APP_TIMEOUT_TAG,
  appTimeoutsShape,
  isAppTimeoutTag,
  parseAppTimeouts,
} from './app-timeouts.ts'
import {
  defaultSnapshotSettings,
  parseSnapshotEvery,
  SNAPSHOTS_KEPT_MAX,
  type SnapshotSettings,
  snapshotEveryShape,
} from './snapshot-settings.ts'

const snapshotRhythmShape = z.object({
  every: snapshotEveryShape,
  bucket: z.string(),
  /** The key prefix; empty for none. */
  prefix: z.string(),
  /** The number of newest snapshots to keep. */
  keep: z.number(),
})
export type SnapshotRhythm = z.infer<typeof snapshotRhythmShape>

export const heddleTagsShape = z.object({
  /**
   * `heddle:state-hash-interval`: ticks between two state hashes in the management log; 0 for none.
   */
  stateHashInterval: z.number(),
  /** `heddle:schema`: replaces the schema of the snapshot that the simulation starts from. */
  schema: objectLocationShape.optional(),
  /**
   * `heddle:snapshot-every`, `heddle:snapshot-to` and `heddle:snapshot-keep`: automatic snapshots.
   */
  snapshots: snapshotRhythmShape.optional(),
  /** `heddle:restart-on-loss`: whether the simulation restarts if its worker is lost. */
  restartOnLoss: z.boolean(),
  /**
   * `heddle:on-app-failure`: what happens to the simulation if an app that it needs fails for good.
   * By default, `fail`.
   */
  onAppFailure: z.enum(['fail', 'hold']).optional(),
  /** `heddle:app-timeout` and `heddle:app-timeout:<domain>`: the longest tick of an app. */
  appTimeouts: appTimeoutsShape.optional(),
  /** `heddle:app-debug`: the app that a person starts by hand: `<app>` or `<domain>/<app>`. */
  appDebug: z.string().optional(),
  /**
   * `heddle:host-packages`, for operators only: packages of the schema with this SHA-256, and of no
   * other, may lie anywhere on the host.
   */
  hostPackages: z.string().optional(),
})
export type HeddleTags = z.infer<typeof heddleTagsShape>

/** The settings without any tag. */
export const noHeddleTags: HeddleTags = { stateHashInterval: 0, restartOnLoss: false }

type Refused = { refusal: string }

export const tagNames = {
  stateHashInterval: 'heddle:state-hash-interval',
  schema: 'heddle:schema',
  snapshotEvery: 'heddle:snapshot-every',
  snapshotTo: 'heddle:snapshot-to',
  snapshotKeep: 'heddle:snapshot-keep',
  restartOnLoss: 'heddle:restart-on-loss',
  appTimeout: APP_TIMEOUT_TAG,
  onAppFailure: 'heddle:on-app-failure',
  appDebug: APP_DEBUG_TAG,
  hostPackages: 'heddle:host-packages',
} as const

/** Unknown names with this prefix are refused, because a mistyped tag would have no effect. */
const RESERVED_PREFIX = 'heddle:'
const known: ReadonlySet<string> = new Set(Object.values(tagNames))

/**
 * Returns the settings of a simulation: its tags, and the operator's settings for the rest. Returns
 * `refusal` for a bad value, or for an unknown name with Heddle's prefix.
 */
export function parseHeddleTags(
  tags: Readonly<Record<string, string>>,
  settings: SnapshotSettings = defaultSnapshotSettings,
): HeddleTags | Refused {
  const unknown = refuseUnknownTags(tags)
  if (unknown) return unknown
  const interval = tags[tagNames.stateHashInterval] ?? '0'
  if (!/^\d{1,9}$/.test(interval))
    return {
      refusal:
        `the tag ${tagNames.stateHashInterval} is a whole number of ticks, not ` + `'${interval}'`,
    }
  const schema = tags[tagNames.schema]
  const location = parseS3Uri(schema ?? '')
  if (schema !== undefined && !location?.key)
    return { refusal: `the tag ${tagNames.schema} is s3://bucket/key of a schema, not '${schema}'` }
  const restart = tags[tagNames.restartOnLoss] ?? String(settings.restart)
  if (!/^(true|false)$/.test(restart))
    return { refusal: `the tag ${tagNames.restartOnLoss} is true or false, not '${restart}'` }
  const hostPackages = tags[tagNames.hostPackages]
  if (!/^[0-9a-f]{64}$/.test(hostPackages ?? '0'.repeat(64)))
    return {
      refusal:
        `the tag ${tagNames.hostPackages} is the SHA-256 of a schema's text, not ` +
        `'${hostPackages}'`,
    }
  const snapshots = parseRhythm(tags, settings)
  if (snapshots && 'refusal' in snapshots) return snapshots
  const onAppFailure = tags[tagNames.onAppFailure]
  if (onAppFailure !== undefined && onAppFailure !== 'fail' && onAppFailure !== 'hold')
    return { refusal: `the tag ${tagNames.onAppFailure} is fail or hold, not '${onAppFailure}'` }
  const appDebug = tags[tagNames.appDebug]
  if (appDebug !== undefined && !isAppDebugText(appDebug))
    return { refusal: `the tag ${tagNames.appDebug} is <app> or <domain>/<app>, not '${appDebug}'` }
  const appTimeouts = parseAppTimeouts(tags)
  if (appTimeouts && 'refusal' in appTimeouts) return appTimeouts
  return {
    stateHashInterval: Number(interval),
    ...(location && { schema: location }),
    ...(snapshots && { snapshots }),
    restartOnLoss: restart === 'true',
    ...(onAppFailure && { onAppFailure }),
    ...(appDebug !== undefined && { appDebug }),
    ...(appTimeouts && { appTimeouts: appTimeouts.timeouts }),
    ...(hostPackages !== undefined && { hostPackages }),
  }
}

/** Refuses unknown names with Heddle's prefix; needs no operator's settings. */
export function refuseUnknownTags(tags: Readonly<Record<string, string>>): Refused | undefined {
  const isUnknown = (name: string) =>
    name.startsWith(RESERVED_PREFIX) && !known.has(name) && !isAppTimeoutTag(name)
  const unknown = Object.keys(tags).find(isUnknown)
  if (unknown === undefined) return undefined
  return {
    refusal: `the tag ${unknown} means nothing; of this kind there are ${[...known].join(', ')}`,
  }
}

/** For clients that start a simulation from a snapshot with another schema. */
export function schemaTag(bucket: string, key: string): Record<string, string> {
  return { [tagNames.schema]: `s3://${bucket}/${key}` }
}

function parseRhythm(
  tags: Readonly<Record<string, string>>,
  settings: SnapshotSettings,
): SnapshotRhythm | Refused | undefined {
  const { snapshotEvery, snapshotTo, snapshotKeep } = tagNames
  const [everyTag, toTag, keepTag] = [tags[snapshotEvery], tags[snapshotTo], tags[snapshotKeep]]
  const every = everyTag === undefined ? settings.every : parseSnapshotEvery(everyTag)
  const to = toTag === undefined ? settings.to : parseS3Uri(toTag)
  const keep = keepTag === undefined ? settings.keep : Number(keepTag)
  if (toTag !== undefined && !to)
    return { refusal: `the tag ${snapshotTo} is s3://bucket/prefix for snapshots, not '${toTag}'` }
  if (!/^[1-9]\d*$/.test(keepTag ?? '1') || keep > SNAPSHOTS_KEPT_MAX)
    return {
      refusal:
        `the tag ${snapshotKeep} is the number of snapshots to keep, ` +
        `from 1 to ${SNAPSHOTS_KEPT_MAX}; not '${keepTag}'`,
    }
  const isMeant = everyTag ?? toTag ?? keepTag
  if (every === 'never' || (every === undefined && isMeant === undefined)) return undefined
  if (every === undefined)
    return {
      refusal:
        `the tag ${snapshotEvery} is a time or ticks, such as 10M, 2H or 5000 ticks, ` +
        `or never; not '${everyTag ?? ''}'`,
    }
  if (!to)
    return {
      refusal:
        `the tag ${snapshotEvery} needs the tag ${snapshotTo}: s3://bucket/prefix ` +
        `for snapshots`,
    }
  return { every, bucket: to.bucket, prefix: to.key, keep }
}
