// Finds the logs of a simulation, even of a deleted one.
// Owns the message if there are none; the host knows where logs are.

import type { SimulationLogs, WorkerHost } from '../joints/worker-host/worker-host.ts'
import type { DataFolder } from './data-folder.ts'
import { readRecords } from './overview.ts'

/** Throws an Error with the reason if there are none. */
export async function findLogs(
  host: WorkerHost,
  data: DataFolder,
  name: string,
): Promise<SimulationLogs> {
  const record = (await readRecords(data)).find((each) => each.name === name)
  const logs = await host.logs(name, record?.executionId)
  if (logs !== undefined) return logs
  if (record === undefined)
    throw new Error(`there is no simulation named ${name} in ${data.folder}, and no logs of one`)
  const { output } = await host.look(record.executionId)
  throw new Error(`${name} has no logs yet; what its worker itself said is in ${output}`)
}
