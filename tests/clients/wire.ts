// A TCP wire between a client and a server that a test can hold and cut.
// Owns its port and its sockets; looks at the bytes only for the text to hold.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Wire extends AsyncDisposable {
  /** The server's address through the wire. */
  readonly url: string
  /**
   * Holds everything on a connection from the first bytes that contain this text, such as `PUT
   * /bucket/`.
   */
  hold(text: string): void
  /** True once something is held. */
  readonly isHolding: boolean
  /** Lets held bytes pass. */
  release(): void
  /** Ends all connections; rejects new ones at once if `isDown`. */
  cut(isDown: boolean): void
  /** Sends new connections to another server. */
  leadTo(url: string): void
}

/** Opens a wire to the server of that URL, on a free port. */
export async function layWire(url: string): Promise<Wire> {
  let target = new URL(url)
  const sockets = new Set<Socket>()
  const held = new Set<() => void>()
  let heldText: string | undefined
  let isDown = false
  const server = createServer((near) => {
    if (isDown) {
      near.destroy()
      return
    }
    const far = connect(Number(target.port), target.hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
    far.pipe(near)
    near.on('end', () => far.end())
    near.on('data', (bytes: Buffer) => {
      if (heldText === undefined || !bytes.includes(heldText)) {
        far.write(bytes)
        return
      }
      near.pause()
      held.add(() => {
        far.write(bytes)
        near.resume()
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const end = () => {
    for (const socket of sockets) socket.destroy()
    held.clear()
  }
  return {
    url: `http://127.0.0.1:${port}`,
    hold(text) {
      heldText = text
    },
    get isHolding() {
      return held.size > 0
    },
    release() {
      heldText = undefined
      for (const pass of held) pass()
      held.clear()
    },
    cut(down) {
      isDown = down
      end()
    },
    leadTo(url) {
      target = new URL(url)
    },
    async [Symbol.asyncDispose]() {
      end()
      server.close()
      await once(server, 'close')
    },
  }
}
