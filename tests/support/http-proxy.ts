// An HTTP proxy between a client and a server that a test can make misbehave, request by request.
// Owns its port; never changes a request, so signatures stay valid.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What happens to a request; undefined to pass it on. */
type Misbehaviour =
  /** The proxy answers, and the server never gets the request. */
  | { answer(response: ServerResponse): void }
  /**
   * The proxy cuts the server's answer after this many bytes of its body, or changes its headers.
   */
  | { cutAfter: number }
  | { headers: Record<string, string> }

export interface HttpProxy extends AsyncDisposable {
  /** The server's address through the proxy. */
  readonly url: string
  /** `GET /bucket/key`, without the query, oldest first. */
  readonly requests: string[]
  /** Called for each request. */
  misbehave: (request: string) => Misbehaviour | undefined
}

/** Opens a proxy to the server of that URL, on a free port. */
export async function openProxy(url: string): Promise<HttpProxy> {
  const { hostname, port } = new URL(url)
  const requests: string[] = []
  const server = createServer((near, response) => {
    const { method = '', url: path = '' } = near
    const name = `${method} ${path.split('?')[0]}`
    requests.push(name)
    const misbehaviour = proxy.misbehave(name)
    near.on('error', () => undefined)
    response.on('error', () => undefined)
    if (misbehaviour && 'answer' in misbehaviour) {
      near.resume()
      near.on('end', () => misbehaviour.answer(response))
      return
    }
    const far = send({ hostname, port, method, path, headers: near.headers }, (answer) =>
      passOn(answer, response, misbehaviour),
    )
    far.on('error', () => response.destroy())
    near.on('close', () => near.readableAborted && far.destroy())
    near.pipe(far)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: HttpProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    misbehave: () => undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

function passOn(
  answer: IncomingMessage,
  response: ServerResponse,
  misbehaviour: Misbehaviour | undefined,
): void {
  const more = misbehaviour && 'headers' in misbehaviour ? misbehaviour.headers : {}
  response.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...more })
  answer.on('error', () => response.destroy())
  if (misbehaviour === undefined || !('cutAfter' in misbehaviour)) {
    answer.pipe(response)
    return
  }
  let left = misbehaviour.cutAfter
  answer.on('data', (chunk: Buffer) => {
    const passing = chunk.subarray(0, left)
    left -= passing.length
    response.write(passing, () => left === 0 && response.destroy())
  })
}
