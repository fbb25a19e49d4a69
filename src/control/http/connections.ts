// The open connections: how many there may be, and which of them goes where a new one needs its place.
// Owns the closing of connections that do nothing; never ends one whose request is being worked on.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Connection {
  readonly name: string
  /** The one that the system accepted; with TLS, requests name another one that wraps it. */
  readonly socket: Socket
  /** Those that are not answered yet, oldest first. */
  readonly exchanges: Set<Exchange>
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export class Connections {
  readonly #max: () => number
  readonly #all = new Map<string, Connection>()
  /** In the order in which they became idle. One that has not sent a whole header yet is idle too. */
  readonly #idle = new Set<Connection>()

  constructor(max: () => number) {
    this.#max = max
  }

  get count(): number {
    return this.#all.size
  }

  /** Follows a server's connections from now on. Those on which nothing moves for `stallMs`, though a peer should send or read, are closed. */
  watch(server: Server, stallMs: number): void {
    server.on('connection', (socket: Socket) => this.#open(socket))
    server.setTimeout(stallMs, (socket: Socket) => {
      const connection = this.#all.get(nameOf(socket))
      if (connection === undefined || !isAtWork(connection)) socket.destroy()
    })
  }

  /** To be told of each request before it is worked on. */
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

  /** False where all of them are in use. */
  #closeIdlest(): boolean {
    const [idlest] = this.#idle
    if (idlest === undefined) return false
    this.#idle.delete(idlest)
    this.#all.delete(idlest.name)
    idlest.socket.destroy()
    return true
  }
}

/** True while it is the server that others wait for. */
function isAtWork({ exchanges }: Connection): boolean {
  return [...exchanges].some(({ request, response }) => request.complete && !response.headersSent)
}

/** The same for a socket and the TLS around it. */
function nameOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress}:${remotePort} ${localAddress}`
}
