// Ports that apps bind to: found free on the host, and promised to one app at a time.
// Owns the reservation files of a folder that all simulations of the host share; never holds a port open itself.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { linkSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { isAlive, startTimeOf } from './proc.ts'

export interface PortMapping {
  /** As the schema names it. */
  declared: number
  /** What the app binds to and clients connect to. */
  actual: number
}

export interface PortOptions {
  /** Made where it doesn't exist. */
  folder: string
  /** The process that the ports are reserved for: once it has ended, others may take them. Default: this process. */
  ownerPid?: number
}

/** Where another port is needed: below the ports that Linux gives to outgoing connections, so that none of these takes it first. */
const OTHER_PORT_MIN = 20_000
const OTHER_PORT_MAX = 31_999

/**
 * For each declared port itself, if it is free for TCP and UDP on all addresses of the host and nobody else has reserved it;
 * otherwise another that is. Nobody who asks through the same folder gets these ports before they are released or their owner has ended.
 * Throws where there is no free port; then nothing is reserved.
 */
export async function reservePorts(declared: readonly number[], options: PortOptions): Promise<PortMapping[]> {
  const { folder, ownerPid = process.pid } = options
  const reserved: number[] = []
  const reserveIfFree = async (port: number) => {
    if (!reserve(folder, port, ownerPid)) return false
    reserved.push(port)
    if (await isFree(port)) return true
    releasePorts([port], options)
    reserved.pop()
    return false
  }
  try {
    const mappings: PortMapping[] = []
    for (const port of declared) {
      if (await reserveIfFree(port)) mappings.push({ declared: port, actual: port })
    }
    // Others only now, so that they don't take what a later one has declared.
    for (const port of declared) {
      if (!mappings.some((one) => one.declared === port))
        mappings.push({ declared: port, actual: await reserveOther(port, reserveIfFree) })
    }
    return mappings.toSorted((a, b) => declared.indexOf(a.declared) - declared.indexOf(b.declared))
  } catch (error) {
    releasePorts(reserved, options)
    throw error
  }
}

/** Frees what the owner has reserved; ports of others, and ones that nobody has, stay as they are. Sweeps as well. */
export function releasePorts(ports: readonly number[], { folder, ownerPid = process.pid }: PortOptions): void {
  const own = ownerText(ownerPid)
  for (const port of ports) {
    if (readIfThere(reservationPath(folder, port)) === own) rmSync(reservationPath(folder, port), { force: true })
  }
  sweepPorts(folder)
}

/** Removes the reservations of owners that have ended, and the folder once nothing is in it. */
export function sweepPorts(folder: string): void {
  for (const name of namesIn(folder)) {
    const path = join(folder, name)
    const draftPid = /^draft-(\d+)-/.exec(name)?.[1]
    // A draft may be without its content yet; its name tells whose it is.
    if (draftPid !== undefined ? isAlive(Number(draftPid)) : isOwnerAlive(readIfThere(path))) continue
    const isReservation = /^\d+$/.test(name)
    if (!isReservation || reserve(folder, Number(name), process.pid)) rmSync(path, { force: true })
  }
  try {
    rmdirSync(folder)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function reserveOther(declared: number, reserveIfFree: (port: number) => Promise<boolean>): Promise<number> {
  const count = OTHER_PORT_MAX - OTHER_PORT_MIN + 1
  for (let step = 0; step < count; step++) {
    const port = OTHER_PORT_MIN + ((declared * 7 + step) % count)
    if (port !== declared && (await reserveIfFree(port))) return port
  }
  throw new Error(
    `no free port for the declared port ${declared}: all from ${OTHER_PORT_MIN} to ${OTHER_PORT_MAX} are taken`,
  )
}

/** Makes the reservation's file, in one step and with its content, or takes it over from an owner that has ended. */
function reserve(folder: string, port: number, ownerPid: number): boolean {
  const path = reservationPath(folder, port)
  const draft = writeDraft(folder, `draft-${process.pid}-${port}`, ownerText(ownerPid))
  try {
    if (linkIfNew(draft, path)) return true
    if (isOwnerAlive(readIfThere(path))) return false
    // Only who holds the lock may remove another's file: otherwise two could, and the second would remove the first one's.
    const lock = `${path}.takeover`
    if (!linkIfNew(draft, lock)) {
      if (!isOwnerAlive(readIfThere(lock))) rmSync(lock, { force: true })
      return false
    }
    try {
      if (isOwnerAlive(readIfThere(path))) return false
      rmSync(path, { force: true })
      return linkIfNew(draft, path)
    } finally {
      unlinkSync(lock)
    }
  } finally {
    unlinkSync(draft)
  }
}

/** Whoever releases the last port removes the folder, which may be right after it was made here. */
function writeDraft(folder: string, name: string, content: string): string {
  const path = join(folder, name)
  for (let attempt = 1; ; attempt++) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    try {
      writeFileSync(path, content, { mode: 0o600 })
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 100) throw error
    }
  }
}

function linkIfNew(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function reservationPath(folder: string, port: number): string {
  return join(folder, String(port))
}

/** `<pid> <start time>`. */
function ownerText(pid: number): string {
  return `${pid} ${startTimeOf(pid) ?? 0}`
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isOwnerAlive(owner: string | undefined): boolean {
  const [pid, startTime] = (owner ?? '').split(' ').map(Number)
  return Number.isInteger(pid) && pid > 0 && isAlive(pid, startTime)
}

/** Binds the port in all the ways that an app could, and lets it go again. */
async function isFree(port: number): Promise<boolean> {
  for (const family of [4, 6] as const) {
    if (!(await canListen(port, family)) || !(await canReceive(port, family))) return false
  }
  return true
}

async function canListen(port: number, family: 4 | 6): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({ port, host: family === 4 ? '0.0.0.0' : '::', ipv6Only: family === 6, exclusive: true })
    await once(server, 'listening')
    return true
  } catch (error) {
    return isFamilyMissing(error)
  } finally {
    if (server.listening) await new Promise((done) => server.close(done))
  }
}

async function canReceive(port: number, family: 4 | 6): Promise<boolean> {
  const socket = createSocket({ type: `udp${family}`, ipv6Only: family === 6 })
  try {
    socket.bind({ port, address: family === 4 ? '0.0.0.0' : '::', exclusive: true })
    await once(socket, 'listening')
    return true
  } catch (error) {
    return isFamilyMissing(error)
  } finally {
    await new Promise<void>((done) => socket.close(done))
  }
}

/** A host without IPv6 can't have the port taken there. Any other fault is the port's, and it is not to be had. */
function isFamilyMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL'
}
