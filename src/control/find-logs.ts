// Finds the logs of a simulation, also of one that was deleted.
// Owns the words for what is not there; where logs are, the host knows.

import type { SimulationLogs, WorkerHost } from '../joints/worker-host/worker-host.ts'
import type { DataFolder } from './data-folder.ts'
import { readRecords } from './overview.ts'

/** Throws an Error that says why where there are none. */
export async function findLogs(host: WorkerHost, data: DataFolder, name: string): Promise<SimulationLogs> {
  const record = (await readRecords(data)).find((each) => each.name === name)
  const logs = await host.logs(name, record?.executionId)
  if (logs !== undefined) return logs
  if (record === undefined)
    throw new Error(`there is no simulation named ${name} in ${data.folder}, and no logs of one`)
  const { output } = await host.look(record.executionId)
  throw new Error(`${name} has no logs yet; what its worker itself said is in ${output}`)
}
