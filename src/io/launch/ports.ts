// Finds free ports on the host for apps, and reserves each for one app at a time.
// Owns the reservations of one process; never binds a reserved port itself.
//
// A reservation is a listening socket in Linux's abstract namespace, named after the port. All
// processes of the host see it, whichever folders they use. It disappears with its process and
// leaves no file behind.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { PortMapping } from '../../base/port-mapping.ts'

/**
 * Replacement ports come from below Linux's range for outgoing connections, so that no connection
 * takes one first.
 */
const OTHER_PORT_MIN = 20_000
const OTHER_PORT_MAX = 31_999

interface Wishes {
  /** Earlier mappings of these ports. Each is used again if its port is free. */
  before?: readonly PortMapping[]
  /** Ports that are kept for others. */
  wanted?: ReadonlySet<number>
}

const NO_PORTS: ReadonlySet<number> = new Set()

export class PortReservations {
  readonly #held = new Map<number, Server>()

  /**
   * Reserves a port for each declared one until it is released or this process ends. The choice is
   * the earlier port, else the declared one, else a replacement. A port must be free for TCP and
   * UDP on all addresses of the host and reserved by no process. Declared and replacement ports
   * that others want are skipped. Throws if no port is free; then nothing is reserved.
   */
  async reserve(
    declared: readonly number[],
    { before = [], wanted = NO_PORTS }: Wishes = {},
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
      // Replacements come last, so that none takes a port that is declared later.
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

  /** Releases ports that were reserved here; ignores all others. */
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
      `no free port for the declared port ${declared}: ` +
        `all from ${OTHER_PORT_MIN} to ${OTHER_PORT_MAX} are taken`,
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

/**
 * Whether the fault only means that the host lacks IPv6. After any other fault the port is not
 * available.
 */
function isFamilyMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL'
}
