// Apps of libheddle get from each call what apps in TypeScript get, and leave the same memory.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingLibrary } from './library.ts'

const HISTORIES = 120
const skip = missingLibrary()

/** How often something has to have happened, or the histories say little about it. */
const OFTEN_ENOUGH: Record<string, number> = {
  give: 200,
  'give NotFound': 5,
  giveAndWrite: 200,
  take: 200,
  'take NotFound': 5,
  removeRows: 200,
  'removeRows NotFound': 20,
  'touched NotFound': 10,
  rowsOf: 200,
  tickRows: 200,
  covered: 200,
  'covered InvalidState': 2,
  neighbourhood: 200,
  'neighbourhood InvalidArgument': 5,
  neighbours: 200,
  'neighbours InvalidArgument': 5,
  'store NotOwned': 20,
  'load NotFound': 20,
  'commit InvalidArgument': 20,
  'create CapacityExceeded': 20,
}

test(`${HISTORIES} histories of calls go the same way in both SDKs`, { skip }, async () => {
  const { compareHistory } = await import('./two-sdks.ts')
  const counts = new Map<string, number>()
  for (let seed = 1; seed <= HISTORIES; seed++) compareHistory(seed, counts)
  for (const [name, least] of Object.entries(OFTEN_ENOUGH))
    assert.ok((counts.get(name) ?? 0) >= least, `${name} happened ${counts.get(name)} times`)
})
