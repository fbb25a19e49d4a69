// Finds the program that a launch command names.
// Owns the order of places and the reasons why a program cannot run; never runs one.

import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { isInside } from '../../base/inside-folder.ts'

export class LaunchError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LaunchError'
  }
}

/**
 * The program's path. The working folder comes first (`MyApp`, `./MyApp`, `bin/app`), then, for a
 * name without a slash, `searchPath`. Throws LaunchError, naming the command, the folder and the
 * fault.
 */
export function resolveCommand(
  program: string,
  workingFolder: string,
  searchPath: string,
  closedFolders: readonly string[] = [],
): string {
  if (!isFolder(workingFolder))
    throw new LaunchError(`can't launch ${shown(program)}: there is no folder ${workingFolder}`)
  const inFolder = isAbsolute(program) ? program : join(workingFolder, program)
  // This check comes first: errors must not tell what is in closed folders.
  if (isClosed(inFolder, workingFolder, closedFolders))
    throw new LaunchError(
      `can't launch ${shown(program)} in ${workingFolder}: Heddle keeps its own files there`,
    )
  if (isFile(inFolder)) return runnable(inFolder, program, workingFolder)
  if (!program.includes('/')) {
    for (const folder of searchPath.split(':')) {
      const path = join(folder, program)
      if (isAbsolute(path) && isFile(path) && isExecutable(path)) return path
    }
    throw new LaunchError(
      `can't launch ${shown(program)}: neither ${workingFolder} nor the PATH has such a program`,
    )
  }
  throw new LaunchError(
    `can't launch ${shown(program)} in ${workingFolder}: there is no such file` +
      (program.startsWith('/roapp/')
        ? '; name it from the root of the package, without /roapp'
        : ''),
  )
}

/**
 * Whether a path is in a closed folder and not in the working folder, which may be inside one.
 * Follows links.
 */
function isClosed(path: string, workingFolder: string, closedFolders: readonly string[]): boolean {
  const found = withoutLinks(path)
  if (isInside(found, withoutLinks(workingFolder))) return false
  return closedFolders.some((folder) => isInside(found, withoutLinks(folder)))
}

/** Resolves the links in the part of the path that exists. */
function withoutLinks(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    const parent = dirname(path)
    return parent === path ? path : join(withoutLinks(parent), basename(path))
  }
}

function runnable(path: string, program: string, workingFolder: string): string {
  const fault = faultOf(path)
  if (fault === undefined) return path
  throw new LaunchError(`can't launch ${shown(program)} in ${workingFolder}: ${fault}`)
}

/** Why the system cannot run an existing file, where it says so itself late or in riddles. */
function faultOf(path: string): string | undefined {
  const start = startOf(path)
  if (start.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK))
    return 'it begins with a byte order mark, which hides its first line: save it as plain UTF-8'
  if (!isExecutable(path))
    return (
      'the file is not executable: chmod +x it. In a zip, a file that begins like a program or ' +
      'with #! needs no such mark'
    )
  if (start.subarray(0, ELF.length).equals(ELF) && FOREIGN_MACHINES.includes(start[MACHINE_OFFSET]))
    return `it is a program for another processor than this host's (${process.arch})`
  const [interpreter] = interpreterIn(start)
  if (interpreter === undefined) return undefined
  // The kernel takes the carriage return as part of the interpreter's name, or of its argument.
  if (firstLine(start).endsWith('\r'))
    return (
      'its lines end as on Windows, in CR and LF: save it with LF alone, as with ' +
      `sed -i 's/\\r$//' ${basename(path)}`
    )
  if (isFile(interpreter)) return undefined
  return `its first line names the interpreter ${shown(interpreter)}, which this host doesn't have`
}

const BYTE_ORDER_MARK = Buffer.from('\ufeff')
const ELF = Buffer.from('\x7fELF')
/** Where an ELF file tells its processor. */
const MACHINE_OFFSET = 18
const MACHINES: Partial<Record<NodeJS.Architecture, number>> = { x64: 62, arm64: 183 }
const FOREIGN_MACHINES = Object.entries(MACHINES).flatMap(([name, machine]) =>
  name === process.arch ? [] : [machine],
)

/** The words that the system puts before the path of a script; none for other files. */
export function interpreterOf(path: string): string[] {
  return interpreterIn(startOf(path))
}

/** The interpreter, and all the rest of the first line as one argument. */
function interpreterIn(start: Buffer): string[] {
  const words = /^#![ \t]*([^ \t\r]+)(?:[ \t]+(.*?))?[ \t\r]*$/.exec(firstLine(start)) ?? []
  return words.slice(1).filter((word) => word !== undefined && word !== '')
}

function firstLine(start: Buffer): string {
  return start.toString('utf8').split('\n', 1)[0]
}

/** Long enough for a first line that the kernel reads. */
function startOf(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(256)
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(file)
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch (error) {
    // A missing file, a file used as a folder or a loop of links: all of them prevent running it.
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}

function shown(program: string): string {
  return JSON.stringify(program)
}
