// What starts apps and ends them: processes of this host, or whatever else holds programs.
// Owns the interface; never says when an app starts or ends. All implementations pass the suite in
// testing/launcher-contract.ts.
//
// No process id leaves a launcher: another namespace could not see it. Who asks from elsewhere knows
// an app's process by its incarnation, and whether it lives by the lock that it holds in the
// fabric's folder (io/shm/file-lock.ts). A launcher must let that lock be seen.

import { APP_VARIABLES } from '../../base/app-variables.ts'

/** Which process of which app it is. No two have the same. */
export interface Identity {
  executionId: string
  domain: string
  app: string
  /** The how-maniest process of the app it is. */
  incarnation: number
}

export interface Launch {
  identity: Identity
  /** The program and its arguments. */
  command: readonly string[]
  /** Where it runs, and where its program is looked for first. */
  workingFolder: string
  /** No program comes from these, other than from the working folder. Default: none. */
  closedFolders?: readonly string[]
  /** All of its environment, but for its identity, which the launcher adds. */
  environment: Readonly<Record<string, string>>
  onOutput(stream: 'stdout' | 'stderr', chunk: Buffer): void
  /** Called once, after the last output. One of the two is null. */
  onExit(end: { code: number | null; signal: NodeJS.Signals | null }): void
  /** An app that writes faster than this, in bytes a second, waits. Default: 32 MiB. */
  outputBytesPerSecondMax?: number
}

export interface Launched {
  /** Where people find it, on the machine that launched it: `pid=123`. */
  readonly place: string
  /** False as soon as its program has ended; `onExit` comes later, after its output. */
  readonly isAlive: boolean
  /** Whether a debugger is attached, or may attach: then it is waited for. */
  isBeingDebugged(): boolean
  /** Ends it, and all that it has started, at once. Does nothing once it has ended. */
  end(): void
}

export interface Launcher {
  /** Throws LaunchError, which names the command and the folder, where it can't be started. */
  launch(order: Launch): Launched
  /**
   * Ends all apps of an execution, whoever launched them, and resolves when they are gone. Throws
   * where some can't be ended.
   */
  endAll(executionId: string): Promise<void>
}

/** What an app finds of its identity in its environment, whatever launched it. */
export function identityVariables(identity: Identity): Record<string, string> {
  return {
    [APP_VARIABLES.executionId]: identity.executionId,
    [APP_VARIABLES.domain]: identity.domain,
    [APP_VARIABLES.app]: identity.app,
    [APP_VARIABLES.incarnation]: String(identity.incarnation),
  }
}
