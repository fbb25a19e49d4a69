// The open connections: how many there may be, and which one is closed when a new one needs its
// place. Owns the closing of idle connections; never closes one whose request is being worked on.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Connection {
  readonly name: string
  /** The accepted socket. With TLS, requests name the socket that wraps it. */
  readonly socket: Socket
  /** Requests without a complete answer, oldest first. */
  readonly exchanges: Set<Exchange>
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export class Connections {
  readonly #max: () => number
  readonly #all = new Map<string, Connection>()
  /** Idle connections, longest idle first. A connection without a complete header is idle too. */
  readonly #idle = new Set<Connection>()

  constructor(max: () => number) {
    this.#max = max
  }

  get count(): number {
    return this.#all.size
  }

  /**
   * Follows a server's connections from now on. Closes a connection if its peer should send or read
   * but does neither for `stallMs`.
   */
  watch(server: Server, stallMs: number): void {
    server.on('connection', (socket: Socket) => this.#open(socket))
    server.setTimeout(stallMs, (socket: Socket) => {
      const connection = this.#all.get(nameOf(socket))
      if (connection === undefined || !isAtWork(connection)) socket.destroy()
    })
  }

  /** Call this for each request before it is worked on. */
  begin(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#all.get(nameOf(request.socket))
    if (connection === undefined) return
    const exchange = { request, response }
    connection.exchanges.add(exchange)
    this.#idle.delete(connection)
    response.once('close', () => {
      connection.exchanges.delete(exchange)
      if (connection.exchanges.size === 0 && !connection.socket.destroyed)
        this.#idle.add(connection)
    })
  }

  #open(socket: Socket): void {
    if (this.#all.size >= this.#max() && !this.#closeIdlest()) {
      socket.destroy()
      return
    }
    const name = nameOf(socket)
    const connection: Connection = { name, socket, exchanges: new Set() }
    this.#all.set(name, connection)
    this.#idle.add(connection)
    socket.once('close', () => {
      this.#idle.delete(connection)
      if (this.#all.get(name) === connection) this.#all.delete(name)
    })
  }

  /** False if all connections are in use. */
  #closeIdlest(): boolean {
    const [idlest] = this.#idle
    if (idlest === undefined) return false
    this.#idle.delete(idlest)
    this.#all.delete(idlest.name)
    idlest.socket.destroy()
    return true
  }
}

/** True while the peer waits for the server. */
function isAtWork({ exchanges }: Connection): boolean {
  return [...exchanges].some(({ request, response }) => request.complete && !response.headersSent)
}

/** The same name for a socket and for the TLS socket around it. */
function nameOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress}:${remotePort} ${localAddress}`
}
