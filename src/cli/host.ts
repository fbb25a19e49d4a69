// The host of workers that a command asks without control: this machine, for a data folder. Owns
// the choice of the folders; never does a command's work.

import { type ConfigOptions, resolveDataFolder, resolveFabricFolder } from '../control/config.ts'
import { type DataFolder, dataFolder, hostOf } from '../control/data-folder.ts'
import type { WorkerHost } from '../joints/worker-host/worker-host.ts'

/** Throws UsageError if a folder is not allowed. */
export function openHost(options: ConfigOptions): { data: DataFolder; host: WorkerHost } {
  const data = dataFolder(resolveDataFolder(options, process.env))
  return { data, host: hostFor(data, options) }
}

export function hostFor(data: DataFolder, options: ConfigOptions = {}): WorkerHost {
  const fabricFolder = resolveFabricFolder(options, process.env)
  // Tests use another program than the real worker.
  return hostOf(data, fabricFolder, process.env.HEDDLE_WORKER_PROGRAM || undefined)
}
