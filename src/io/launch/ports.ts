// Ports that apps bind to: found free on the host, and promised to one app at a time.
// Owns the reservations of one process; never holds a promised port open itself.
//
// A reservation is a listening socket in Linux's abstract namespace, named after the port: seen by every process of the host, whoever started it and with
// whatever folders, gone with its process, and never a file that could stay behind.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { PortMapping } from '../../base/port-mapping.ts'

/** Where another port is needed: below the ports that Linux gives to outgoing connections, so that none of these takes it first. */
const OTHER_PORT_MIN = 20_000
const OTHER_PORT_MAX = 31_999

interface Wishes {
  /** What was had for these ports before: it is given again where it is free. */
  before?: readonly PortMapping[]
  /** Ports that others want. */
  wanted?: ReadonlySet<number>
}

const noPorts: ReadonlySet<number> = new Set()

export class PortReservations {
  readonly #held = new Map<number, Server>()

  /**
   * For each declared port the one that it had before, or itself, if that is free for TCP and UDP on all addresses of the host and no process has reserved it;
   * otherwise another that is. No port that somebody else wants. They stay reserved until they are released or this process ends.
   * Throws where there is no free port; then nothing is reserved.
   */
  async reserve(
    declared: readonly number[],
    { before = [], wanted = noPorts }: Wishes = {},
  ): Promise<PortMapping[]> {
    const mappings: PortMapping[] = []
    try {
      for (const port of declared) {
        const had = before.find((one) => one.declared === port)?.actual
        if (had !== undefined && (await this.#reserveIfFree(had)))
          mappings.push({ declared: port, actual: had })
        else if (!wanted.has(port) && (await this.#reserveIfFree(port)))
          mappings.push({ declared: port, actual: port })
      }
      // Others only now, so that they don't take what a later one has declared.
      for (const port of declared) {
        if (!mappings.some((one) => one.declared === port))
          mappings.push({ declared: port, actual: await this.#reserveOther(port, wanted) })
      }
    } catch (error) {
      this.release(mappings.map(({ actual }) => actual))
      throw error
    }
    return mappings.toSorted((a, b) => declared.indexOf(a.declared) - declared.indexOf(b.declared))
  }

  /** Frees ports that were reserved here; others stay as they are. */
  release(ports: readonly number[]): void {
    for (const port of ports) {
      this.#held.get(port)?.close()
      this.#held.delete(port)
    }
  }

  releaseAll(): void {
    this.release([...this.#held.keys()])
  }

  async #reserveOther(declared: number, wanted: ReadonlySet<number>): Promise<number> {
    const count = OTHER_PORT_MAX - OTHER_PORT_MIN + 1
    for (let step = 0; step < count; step++) {
      const port = OTHER_PORT_MIN + ((declared * 7 + step) % count)
      if (port !== declared && !wanted.has(port) && (await this.#reserveIfFree(port))) return port
    }
    throw new Error(
      `no free port for the declared port ${declared}: all from ${OTHER_PORT_MIN} to ${OTHER_PORT_MAX} are taken`,
    )
  }

  async #reserveIfFree(port: number): Promise<boolean> {
    const server = createServer((connection) => connection.destroy())
    try {
      server.listen(`\0heddle-port-${port}`)
      await once(server, 'listening')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
      throw error
    }
    server.unref()
    this.#held.set(port, server)
    if (await isFree(port)) return true
    this.release([port])
    return false
  }
}

async function isFree(port: number): Promise<boolean> {
  for (const family of [4, 6] as const) {
    if (!(await canListen(port, family)) || !(await canReceive(port, family))) return false
  }
  return true
}

async function canListen(port: number, family: 4 | 6): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({
      port,
      host: family === 4 ? '0.0.0.0' : '::',
      ipv6Only: family === 6,
      exclusive: true,
    })
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
