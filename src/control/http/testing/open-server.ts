// A server on a free port for one test, with the example service behind it. Owns its start and end;
// it accepts every request that names an access key, and never checks a signature.

import type { TestContext } from 'node:test'
import { type Logger, pino } from 'pino'
import type { Authenticate } from '../handlers.ts'
import { createHttpServer, type HttpServerOptions } from '../server.ts'
import { createExampleService, type ExampleService } from './example-service.ts'

export interface OpenServer {
  readonly endpoint: string
  readonly port: number
  readonly service: ExampleService
  /** Lines of the log, parsed. */
  readonly logged: Record<string, unknown>[]
}

export async function openServer(
  context: TestContext,
  options: Partial<HttpServerOptions> = {},
): Promise<OpenServer> {
  const service = createExampleService()
  const logged: Record<string, unknown>[] = []
  const server = createHttpServer({
    handlers: service.handlers,
    authenticate: acceptAnyKey,
    log: loggerTo(logged),
    ...options,
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  context.after(() => server.close(0))
  return { endpoint: `http://127.0.0.1:${port}`, port, service, logged }
}

export const acceptAnyKey: Authenticate = async (request) => {
  const accessKeyId = /Credential=([^/]+)\//.exec(
    request.headers.authorization?.toString() ?? '',
  )?.[1]
  if (accessKeyId === undefined) {
    return {
      ok: false,
      error: 'MissingAuthenticationTokenException',
      message: 'The request is not signed',
    }
  }
  return { ok: true, caller: { accessKeyId, arn: `arn:aws:iam::111122223333:user/${accessKeyId}` } }
}

function loggerTo(logged: Record<string, unknown>[]): Logger {
  return pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) })
}
