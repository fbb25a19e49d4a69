// What starts and ends apps: processes of this host, or anything else that runs programs.
// Owns the interface; never decides when an app starts or ends. All implementations pass the suite
// in testing/launcher-contract.ts.
//
// A launcher exposes no process ids: they mean nothing in another namespace. Others identify an
// app's process by its incarnation, and see that it lives by the lock that it holds in the fabric's
// folder (io/shm/file-lock.ts). A launcher must keep that lock visible.

import { APP_VARIABLES } from '../../base/app-variables.ts'

/** Identifies one process of one app. Identities are unique. */
export interface Identity {
  executionId: string
  domain: string
  app: string
  /** Counts the processes of the app; this is the process's number. */
  incarnation: number
}

export interface Launch {
  identity: Identity
  /** The program and its arguments. */
  command: readonly string[]
  /** The working folder, which is also searched for the program first. */
  workingFolder: string
  /** Programs in these folders are refused, except in the working folder. Default: none. */
  closedFolders?: readonly string[]
  /** The whole environment, except for the identity, which the launcher adds. */
  environment: Readonly<Record<string, string>>
  onOutput(stream: 'stdout' | 'stderr', chunk: Buffer): void
  /**
   * Called once, after the last output. One of the two is null; both are for a process that
   * somebody else has started.
   */
  onExit(end: { code: number | null; signal: NodeJS.Signals | null }): void
  /** The app is paused when it writes more bytes a second than this. Default: 32 MiB. */
  outputBytesPerSecondMax?: number
}

export interface Launched {
  /** Where an operator finds it on the machine that launched it: `pid=123`. */
  readonly place: string
  /** False as soon as the program has ended. `onExit` follows later, after its output. */
  readonly isAlive: boolean
  /** Whether a debugger is or may be attached. Such an app does not time out. */
  isBeingDebugged(): boolean
  /** Ends it and everything that it started, at once. Does nothing if it has ended. */
  end(): void
}

export interface Launcher {
  /** Throws LaunchError, naming the command and the folder, if the program cannot be started. */
  launch(order: Launch): Launched
  /**
   * Ends all apps of an execution, whoever launched them. Resolves when they are gone; throws if
   * some cannot be ended.
   */
  endAll(executionId: string): Promise<void>
}

/** The environment variables in which every launcher tells an app its identity. */
export function identityVariables(identity: Identity): Record<string, string> {
  return {
    [APP_VARIABLES.executionId]: identity.executionId,
    [APP_VARIABLES.domain]: identity.domain,
    [APP_VARIABLES.app]: identity.app,
    [APP_VARIABLES.incarnation]: String(identity.incarnation),
  }
}
