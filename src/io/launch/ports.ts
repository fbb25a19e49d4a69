// Ports that apps listen on: the declared one where it is free on this host, another free one otherwise.
// Owns reservations, shared by all simulations of the host through a folder; never listens for an app.

import { createSocket } from 'node:dgram'
import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync, unlinkSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { isAlive, startTimeOf } from './processes.ts'

export interface ReservedPort {
  declared: number
  actual: number
}

interface Options {
  /** Where the reservations of all simulations of this host are. Made where it doesn't exist. */
  folder: string
}

const attemptsMax = 200

/** Reserves a port, free for TCP and UDP, for each declared one. They stay reserved while this process lives, or until they are released. */
export async function reservePorts(declared: readonly number[], { folder }: Options): Promise<ReservedPort[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const reserved: ReservedPort[] = []
  try {
    for (const port of declared) reserved.push({ declared: port, actual: await reserveOne(port, folder) })
  } catch (cause) {
    releasePorts(
      reserved.map(({ actual }) => actual),
      { folder },
    )
    throw cause
  }
  return reserved
}

export function releasePorts(ports: readonly number[], { folder }: Options): void {
  for (const port of ports) removeQuietly(() => unlinkSync(join(folder, String(port))))
  removeQuietly(() => rmdirSync(folder))
}

async function reserveOne(declared: number, folder: string): Promise<number> {
  let candidate = declared
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if (claim(candidate, folder)) {
      if (await isFree(candidate)) return candidate
      releasePorts([candidate], { folder })
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    }
    candidate = await anyFreePort()
  }
  throw new Error(`no free port was found in place of ${declared}`)
}

/** The file's making is the reservation; one whose process is gone is taken over. */
function claim(port: number, folder: string): boolean {
  const file = join(folder, String(port))
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const descriptor = openSync(file, 'wx', 0o600)
      writeSync(descriptor, `${process.pid} ${startTimeOf(process.pid)}`)
      closeSync(descriptor)
      return true
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
      if (!isStale(file)) return false
      removeQuietly(() => unlinkSync(file))
    }
  }
  return false
}

function isStale(file: string): boolean {
  try {
    const [pid, startTime] = readFileSync(file, 'utf8').split(' ').map(Number)
    // An empty file belongs to somebody who is just writing it.
    return Number.isInteger(pid) && Number.isInteger(startTime) && !isAlive(pid, startTime)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw cause
  }
}

async function isFree(port: number): Promise<boolean> {
  return (await canListenTcp(port, '0.0.0.0')) && (await canListenTcp(port, '127.0.0.1')) && (await canBindUdp(port))
}

function canListenTcp(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

function canBindUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', () => {
      socket.close()
      resolve(false)
    })
    socket.bind({ port, exclusive: true }, () => socket.close(() => resolve(true)))
  })
}

function anyFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Somebody else may have removed it, or put something into the folder. */
function removeQuietly(remove: () => void): void {
  try {
    remove()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cause
  }
}
