// The longest tick of an app: reads the tags, and chooses among tags, schema and operator.
// Owns how a tag is written and which source wins; never measures time.

import { z } from 'zod'
import { own } from '../../base/own.ts'
import { mapShape } from '../../base/parse.ts'
import type { Domain } from '../schema/schema.ts'
import { APP_TIMEOUT_SECONDS_MAX } from '../schema/schema-limits.ts'
import { suggestion } from '../suggest.ts'

/** The values in the tags of a simulation, in ms; 0 means no limit. */
export const appTimeoutsShape = z.object({
  /** `heddle:app-timeout`, for domains without a tag of their own. */
  ofAllMs: z.number().optional(),
  /** `heddle:app-timeout:<domain>`. */
  ofDomainMs: mapShape(z.number()).readonly(),
})
type AppTimeouts = z.infer<typeof appTimeoutsShape>

export const APP_TIMEOUT_TAG = 'heddle:app-timeout'

/** Whether a tag's name is of this kind. */
export function isAppTimeoutTag(name: string): boolean {
  return name === APP_TIMEOUT_TAG || name.startsWith(`${APP_TIMEOUT_TAG}:`)
}

/** Returns undefined if no tag sets a timeout. */
export function parseAppTimeouts(
  tags: Readonly<Record<string, string>>,
): { timeouts: AppTimeouts } | { refusal: string } | undefined {
  const entries = Object.entries(tags).filter(([name]) => isAppTimeoutTag(name))
  if (entries.length === 0) return undefined
  const ofDomainMs = new Map<string, number>()
  let ofAllMs: number | undefined
  for (const [name, text] of entries) {
    if (!/^\d{1,5}(\.\d{1,3})?$/.test(text) || Number(text) > APP_TIMEOUT_SECONDS_MAX)
      return {
        refusal:
          `the tag ${name} is a number of seconds up to ${APP_TIMEOUT_SECONDS_MAX}, ` +
          `such as 0.5, or 0 to wait for ever; not '${text}'`,
      }
    const ms = Math.round(Number(text) * 1000)
    if (name === APP_TIMEOUT_TAG) ofAllMs = ms
    else ofDomainMs.set(name.slice(APP_TIMEOUT_TAG.length + 1), ms)
  }
  return {
    timeouts: {
      ...(ofAllMs !== undefined && { ofAllMs }),
      ofDomainMs: Object.fromEntries(ofDomainMs),
    },
  }
}

/** The closest to the domain wins: its tag, its schema, the tag for all, the operator's setting. */
export function appTimeoutMsOf(
  domain: Domain,
  timeouts: AppTimeouts | undefined,
  operatorsMs: number,
): number {
  const { ofAllMs, ofDomainMs = {} } = timeouts ?? {}
  return own(ofDomainMs, domain.name) ?? domain.appTimeoutMs ?? ofAllMs ?? operatorsMs
}

/** Returns why tags do not fit a schema: they name a domain that it lacks. */
export function refuseUnknownDomains(
  timeouts: AppTimeouts | undefined,
  domains: readonly Domain[],
): string | undefined {
  const names = domains.map(({ name }) => name)
  const unknown = Object.keys(timeouts?.ofDomainMs ?? {}).find((name) => !names.includes(name))
  if (unknown === undefined) return undefined
  return (
    `the tag ${APP_TIMEOUT_TAG}:${unknown} names no domain of the schema` +
    `${suggestion(unknown, names)}; there are ${names.join(', ')}`
  )
}
