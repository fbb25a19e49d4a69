// Where everything lies in the data folder.
// Owns the names and their access rights; never decides what is written there.
//
//   DIR/heddle.db               the store (SQLite, with its -wal and -shm beside it)
//   DIR/credentials             access key and secret in the AWS credentials format, mode 0600
//   DIR/access/                 users, their keys and policies; see docs/access.md
//   DIR/control.lock            file lock, held by the control process that uses this folder
//   DIR/control.json            the holder: process, address; valid while the lock is held
//   DIR/control.log             what control did, as JSON lines
//   DIR/run/<executionId>/      one simulation, until it is deleted: plan.json, start.json,
//                               status.json, snapshots.json, tick, worker.log, its packages,
//                               last-world.zip if it failed because of an app, and logs/ with its
//                               log streams if its schema names no log group
//   DIR/logs/<group>/<simulation>-<first 8 of the execution id>/   its log streams; never removed
//   DIR/audit/                  one line for each call; calls of unknown callers in unknown/
//   DIR/objects/                the embedded object store
//   DIR/uploads/                notes of unfinished uploads to an external S3

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
  /** Records of unknown callers. */
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

/** Creates missing folders, accessible to this user alone. */
export function makeDataFolder(data: DataFolder): void {
  for (const folder of [
    data.folder,
    data.access,
    data.run,
    data.logs,
    data.objects,
    data.uploads,
  ]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }
}

/** Runs workers as processes of this machine, for this data folder. */
export function hostOf(data: DataFolder, fabricFolder: string, program?: string): WorkerHost {
  return new LocalHost({
    run: data.run,
    logs: data.logs,
    fabricFolder,
    closedFolders: [data.folder],
    ...(program !== undefined && { program }),
  })
}
