// Where control, a worker and the command line meet in the file system, as one set of names.
// Owns the names; never opens a file.

/** Name of the plan in a run folder: WorkerPlan as JSON. */
export const PLAN_FILE = 'plan.json'
/** Name of the newest WorkerStatus in a run folder; replaced atomically at each change. */
export const STATUS_FILE = 'status.json'
/** Name of the folder, in a run folder, of the packages that the worker has unpacked. */
export const PACKAGES_FOLDER = 'packages'
/** Name of the folder, in a run folder, that holds the snapshot while a simulation starts from it. */
export const RESTORING_FOLDER = 'snapshot'
/** Name of the newest committed tick in a run folder, as digits: noted now and then, for when the memory is gone. */
export const TICK_FILE = 'tick'
/** Name of the folder, in a run folder, of the log streams of a simulation whose schema names no log group. */
export const LOGS_FOLDER = 'logs'
/** Name of the snapshot, in a run folder, of a world that has failed and has no other place for its snapshots. */
export const SAVED_WORLD_FILE = 'last-world.zip'
/** Name of the worker's socket in its fabric folder. */
const SOCKET_FILE = 'worker.sock'

/** The tmpfs folder of one execution: its shared memory and its socket. */
export function executionFabricFolder(fabricFolder: string, executionId: string): string {
  return `${fabricFolder}/${executionId}`
}

/** The socket on which the worker of one execution answers. */
export function workerSocketPath(fabricFolder: string, executionId: string): string {
  return `${executionFabricFolder(fabricFolder, executionId)}/${SOCKET_FILE}`
}

/** What it takes to find the log streams of an execution. */
interface LogPlaces {
  runFolder: string
  /** Parent of every simulation's log folder. */
  logsFolder: string
  simulationName: string
  executionId: string
}

/** The folder of one execution's log streams: below its log group's, or else in its run folder. */
export function logFolderOf(places: LogPlaces, logGroup: string | undefined): string {
  const { runFolder, logsFolder, simulationName, executionId } = places
  if (logGroup === undefined) return `${runFolder}/${LOGS_FOLDER}`
  return simulationLogFolder(logsFolder, logGroup, simulationName, executionId)
}

/**
 * The folder of one execution's log streams: `<logsFolder>/<group>/<simulation>-<first 8 of the execution id>`.
 * A group's name may hold slashes (`/aws/simspaceweaver/x`); it becomes one folder's name that can be read back.
 */
export function simulationLogFolder(
  logsFolder: string,
  logGroup: string,
  simulationName: string,
  executionId: string,
): string {
  return `${logsFolder}/${folderName(logGroup)}/${simulationName}-${executionId.slice(0, 8)}`
}

function folderName(text: string): string {
  const escaped = text.replace(/[^A-Za-z0-9_.#-]/gu, (character) => encodeURIComponent(character))
  return /^\.+$/.test(escaped) ? escaped.replaceAll('.', '%2E') : escaped
}
