// What a file of tests does before its first test and after its last: Node's hooks, but `after`
// waits until `before` has ended.
// Node calls both at once if it runs no test of the file (`--test-name-pattern`). What `before`
// starts would then be left running, and keep the file from ending.

import { after as afterTests, before as beforeTests } from 'node:test'

const begun: Promise<void>[] = []

/** Runs once, before the first test of the file or suite. */
export function before(start: () => Promise<void> | void): void {
  beforeTests(() => {
    const started = Promise.resolve().then(start)
    begun.push(started)
    return started
  })
}

/** Runs once, after the last test of the file or suite, even if `before` failed. */
export function after(stop: () => unknown): void {
  afterTests(async () => {
    // A hook that fails is reported by Node itself.
    await Promise.allSettled(begun)
    await stop()
  })
}
