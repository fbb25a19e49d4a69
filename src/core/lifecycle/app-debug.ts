// The app that a person starts by hand, under a debugger.
// Owns how a tag names it; never starts anything.

import { suggestion } from '../suggest.ts'

export const APP_DEBUG_TAG = 'heddle:app-debug'

interface Named {
  readonly domain: string
  readonly name: string
}

/**
 * A tag names an app by its name, or as `<domain>/<app>` if several domains have the name or if
 * StartApp starts it.
 */
export function isAppDebugText(text: string): boolean {
  return /^[^/]+(\/[^/]+)?$/.test(text)
}

export function isStartedByHand(text: string | undefined, { domain, name }: Named): boolean {
  return text === name || text === `${domain}/${name}`
}

/**
 * Returns why a tag does not fit a schema: no app has that name, and no app that is started later
 * can have it. `placed` are the apps that the simulation itself starts.
 */
export function refuseUnknownApp(
  text: string | undefined,
  placed: readonly Named[],
  customDomains: readonly string[],
): string | undefined {
  if (text === undefined || placed.some((app) => isStartedByHand(text, app))) return undefined
  const [first, name] = text.split('/')
  if (name !== undefined && customDomains.includes(first)) return undefined
  const names = placed.map((app) => (name === undefined ? app.name : `${app.domain}/${app.name}`))
  return (
    `the tag ${APP_DEBUG_TAG} names no app of the schema: '${text}'` +
    `${suggestion(text, names)}; the first is ${names[0]}, and one that StartApp starts is ` +
    'named <domain>/<app>'
  )
}
