// Control with its port: the API and, over the embedded object store, S3.
// Owns the order of opening and closing, and who may call; never handles a request itself.

import type { Logger } from 'pino'
import { SERVICE_NAME } from '../core/api/operations.ts'
import { verifySignature } from '../core/api/signature.ts'
import { AuditFiles } from '../io/audit/audit-files.ts'
import { FolderObjects } from '../io/objects/folder-objects.ts'
import { Audit } from './audit/audit.ts'
import { ConfigError, type ControlConfig, SETTINGS } from './config.ts'
import { type Control, type ControlOptions, openControl } from './control.ts'
import type { Credentials } from './credentials.ts'
import type { Authenticate } from './http/handlers.ts'
import { createHttpServer } from './http/server.ts'
import { createS3Handler } from './s3/s3-handler.ts'

export interface ServedControl {
  control: Control
  /** Where clients on this machine reach it, such as `http://127.0.0.1:4310`. */
  url: string
  /** Ends the requests under way, then lets go of everything; simulations go on. */
  close(): Promise<void>
}

/** Throws ConfigError where the address can't be had, and all that openControl throws. */
export async function serveControl(config: ControlConfig, options: ControlOptions): Promise<ServedControl> {
  await using opened = new AsyncDisposableStack()
  const control = await openControl(config, options)
  opened.defer(() => control.close())
  const auditFiles = new AuditFiles({ folder: control.data.audit, ...config.audit })
  opened.defer(() => auditFiles.close())
  const audit = new Audit(auditFiles, config)
  const server = createHttpServer({
    handlers: control.handlers,
    authenticate: authenticateWith(control.credentials, config),
    audit,
    log: options.log,
    s3: s3Handler(control, options.log),
  })
  opened.defer(() => server.close())
  const { port } = await server.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
    throw explainListen(error, config)
  })
  const url = `http://${hostForUrl(config.host)}:${port}`
  control.lock.announce(url)
  options.log.info({ url, dataFolder: config.dataFolder }, 'control serves')
  const kept = opened.move()
  return { control, url, close: () => kept.disposeAsync() }
}

function authenticateWith(credentials: Credentials, config: ControlConfig): Authenticate {
  const arn = `arn:aws:iam::${config.accountId}:user/heddle`
  return async (request) => {
    const verdict = await verifySignature(request, {
      secretFor: (accessKeyId) => secretOf(credentials, accessKeyId),
      now: new Date(),
      region: config.region,
      services: [SERVICE_NAME],
    })
    return verdict.ok ? { ok: true, caller: { accessKeyId: verdict.accessKeyId, arn } } : verdict
  }
}

function s3Handler(control: Control, log: Logger): ReturnType<typeof createS3Handler> {
  return createS3Handler({
    ...(control.objects instanceof FolderObjects && { objects: control.objects }),
    region: control.config.region,
    secretFor: (accessKeyId) => secretOf(control.credentials, accessKeyId),
    onFailure: (failure) => log.error({ ...failure }, 'an S3 request failed'),
  })
}

function secretOf(credentials: Credentials, accessKeyId: string): string | undefined {
  return accessKeyId === credentials.accessKeyId ? credentials.secretAccessKey : undefined
}

function explainListen(error: unknown, config: ControlConfig): unknown {
  const { code } = error as NodeJS.ErrnoException
  const { port, host } = SETTINGS
  const address = `${config.host}, port ${config.port},`
  const cause = { cause: error }
  if (code === 'EADDRINUSE') {
    return new ConfigError(`${address} is in use; choose another with ${port.option} (${port.variable})`, cause)
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new ConfigError(
      `${address} can't be listened on (${code}); see ${host.option} (${host.variable}) and ${port.option} (${port.variable})`,
      cause,
    )
  }
  return error
}

/** Of a server on all addresses, this machine's own clients use the loopback. */
function hostForUrl(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
