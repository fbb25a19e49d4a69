// Where everything lies in the data folder.
// Owns the names and their access rights; never decides what is written there.
//
//   DIR/heddle.db               the store (SQLite, with its -wal and -shm beside it)
//   DIR/credentials             access key and secret in the AWS credentials format, mode 0600
//   DIR/access/                 users, their keys and policies; see docs/access.md
//   DIR/control.lock            held, through a file lock, by the control process that uses this folder
//   DIR/control.json            who that is: process, address; only true while the lock is held
//   DIR/control.log             what control did, as JSON lines
//   DIR/run/<executionId>/      one simulation: plan.json, start.json, status.json, snapshots.json, tick, worker.log, its packages, last-world.zip
//                              where it failed for an app's sake, logs/ with its log streams where its schema names no log group; gone once deleted
//   DIR/logs/<group>/<simulation>-<first 8 of the execution id>/   its log streams; stay
//   DIR/audit/                  who called what, a record a line; in unknown/ the calls of nobody that is known
//   DIR/objects/                the embedded object store
//   DIR/uploads/                notes of what is being put into an S3 elsewhere

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { LocalHost } from '../joints/worker-host/local-host.ts'
import type { WorkerHost } from '../joints/worker-host/worker-host.ts'

export interface DataFolder {
  folder: string
  store: string
  credentials: string
  access: string
  lock: string
  holder: string
  log: string
  run: string
  logs: string
  audit: string
  /** Of callers that nobody knows. */
  unknownAudit: string
  objects: string
  uploads: string
}

export function dataFolder(folder: string): DataFolder {
  return {
    folder,
    store: join(folder, 'heddle.db'),
    credentials: join(folder, 'credentials'),
    access: join(folder, 'access'),
    lock: join(folder, 'control.lock'),
    holder: join(folder, 'control.json'),
    log: join(folder, 'control.log'),
    run: join(folder, 'run'),
    logs: join(folder, 'logs'),
    audit: join(folder, 'audit'),
    unknownAudit: join(folder, 'audit', 'unknown'),
    objects: join(folder, 'objects'),
    uploads: join(folder, 'uploads'),
  }
}

/** Makes what is missing, for this user alone. */
export function makeDataFolder(data: DataFolder): void {
  for (const folder of [data.folder, data.access, data.run, data.logs, data.objects, data.uploads]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }
}

/** The host that runs workers as processes of this machine, for this data folder. */
export function hostOf(data: DataFolder, fabricFolder: string, program?: string): WorkerHost {
  return new LocalHost({
    run: data.run,
    logs: data.logs,
    fabricFolder,
    closedFolders: [data.folder],
    ...(program !== undefined && { program }),
  })
}
