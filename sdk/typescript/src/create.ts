// How an app begins: connected to the worker that started it, or alone for tests.

import { Application } from './application.ts'
import { connectSharedHost } from './shared-host.ts'
import { createStandaloneHost, type StandaloneOptions } from './standalone-host.ts'

/**
 * Attaches this process to the simulation that started it. Call it once, early: a simulation is
 * STARTED when every app has. Throws HeddleError NotConnected where no worker started this process,
 * InvalidState where this app has its application already.
 */
export function createApplication(): Application {
  return new Application(connectSharedHost(process.env))
}

/** Runs an app alone, for tests: one partition, no other apps, ticks until the time is up. */
export function createStandaloneApplication(options: StandaloneOptions): Application {
  return new Application(createStandaloneHost(options))
}
