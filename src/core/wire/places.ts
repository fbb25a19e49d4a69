// Where control, a worker and the command line meet in the file system.
// Owns the names; never opens a file.

/** The plan in a run folder: WorkerPlan as JSON. */
export const PLAN_FILE = 'plan.json'
/** The newest WorkerStatus in a run folder; replaced atomically at each change. */
export const STATUS_FILE = 'status.json'
/** The subfolder of a run folder for packages that the worker has unpacked. */
export const PACKAGES_FOLDER = 'packages'
/** The subfolder of a run folder that holds the snapshot while a simulation starts from it. */
export const RESTORING_FOLDER = 'snapshot'
/** The subfolder of a run folder with a script for each app that a person starts by hand. */
export const BY_HAND_FOLDER = 'by-hand'
/**
 * The newest committed tick in a run folder, as digits. It is written now and then, and read if the
 * memory is gone.
 */
export const TICK_FILE = 'tick'
/** The subfolder of a run folder for log streams, if the schema names no log group. */
export const LOGS_FOLDER = 'logs'
/** The snapshot in a run folder of a world that failed and has no other place for snapshots. */
export const SAVED_WORLD_FILE = 'last-world.zip'
/** The worker's socket in its fabric folder. */
const SOCKET_FILE = 'worker.sock'

/** The tmpfs folder of one execution: its shared memory and its socket. */
export function executionFabricFolder(fabricFolder: string, executionId: string): string {
  return `${fabricFolder}/${executionId}`
}

/** The socket on which the worker of one execution answers. */
export function workerSocketPath(fabricFolder: string, executionId: string): string {
  return `${executionFabricFolder(fabricFolder, executionId)}/${SOCKET_FILE}`
}

/** Identifies the log streams of an execution. */
interface LogPlaces {
  runFolder: string
  /** The parent of every simulation's log folder. */
  logsFolder: string
  simulationName: string
  executionId: string
}

/**
 * Returns the folder of an execution's log streams: below its log group's, or in its run folder.
 */
export function logFolderOf(places: LogPlaces, logGroup: string | undefined): string {
  const { runFolder, logsFolder, simulationName, executionId } = places
  if (logGroup === undefined) return `${runFolder}/${LOGS_FOLDER}`
  return simulationLogFolder(logsFolder, logGroup, simulationName, executionId)
}

/**
 * Returns `<logsFolder>/<group>/<simulation>-<first 8 of the execution id>`. A group's name may
 * contain slashes (`/aws/simspaceweaver/x`). It becomes the reversible name of one folder.
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
