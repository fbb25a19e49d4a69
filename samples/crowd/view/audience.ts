// TCP and WebSocket clients of the view app.
// Owns sockets. A client that has not taken the last frame yet misses the next one: nothing is
// queued, and the tick never waits for a client.

import { createServer, type Server, type Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { withLength } from './frame.ts'

export class Audience {
  readonly #sockets = new Set<Socket>()
  readonly #tcp: Server
  readonly #web: WebSocketServer

  private constructor(tcp: Server, web: WebSocketServer) {
    this.#tcp = tcp
    this.#web = web
    tcp.on('connection', (socket) => this.#welcome(socket))
    web.on('connection', (client) => client.on('error', () => client.terminate()))
  }

  /** Listens on both ports (0 picks one) on all interfaces. */
  static async listen(ports: { tcp: number; web: number }): Promise<Audience> {
    const tcp = createServer()
    const web = new WebSocketServer({ port: ports.web })
    const audience = new Audience(tcp, web)
    const ready = [listening(tcp), listening(web)]
    tcp.listen(ports.tcp)
    await Promise.all(ready)
    return audience
  }

  get size(): number {
    return this.#sockets.size + this.#web.clients.size
  }

  get ports(): { tcp: number; web: number } {
    return { tcp: portOf(this.#tcp.address()), web: portOf(this.#web.address()) }
  }

  /** Sends a frame to every client that is ready for it. */
  send(frame: Uint8Array): void {
    const framed = withLength(frame)
    for (const socket of this.#sockets) if (socket.writableLength === 0) socket.write(framed)
    for (const client of this.#web.clients)
      if (client.readyState === WebSocket.OPEN && client.bufferedAmount === 0) client.send(frame)
  }

  /** Closes all connections, and stops listening. */
  close(): void {
    this.#tcp.close()
    for (const socket of this.#sockets) socket.destroySoon()
    this.#web.close()
    for (const client of this.#web.clients) client.close(1001, 'the simulation shuts down')
    // Disconnects clients that don't take the rest within half a second.
    setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
      for (const client of this.#web.clients) client.terminate()
    }, 500).unref()
  }

  #welcome(socket: Socket): void {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.resume()
  }
}

async function listening(server: Server | WebSocketServer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', reject)
  })
}

function portOf(address: ReturnType<Server['address']>): number {
  return typeof address === 'object' && address ? address.port : 0
}
