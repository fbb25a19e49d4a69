// Control with its port: the API and, over the embedded object store, S3.
// Owns the order of opening and closing, and who may call; never handles a request itself.

import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Logger } from 'pino'
import { SERVICE_NAME } from '../core/api/operations.ts'
import { openFilesMax } from '../io/launch/proc.ts'
import { FolderObjects } from '../io/objects/folder-objects.ts'
import type { Access } from './access/access.ts'
import { guardedHandlers } from './access/api-access.ts'
import { authenticateWith, openAccess, s3GuardsOf } from './access/open-access.ts'
import { Audit } from './audit/audit.ts'
import { auditS3 } from './audit/s3-audit.ts'
import { ConfigError, type ControlConfig, requireSafeListening, SETTINGS } from './config.ts'
import { type Control, type ControlOptions, openControl } from './control.ts'
import { originOf } from './http/forwarded.ts'
import { Load } from './http/load.ts'
import { createHttpServer, type TlsIdentity } from './http/server.ts'
import { createMetricsHandler } from './metrics/metrics-endpoint.ts'
import { MetricsPage } from './metrics/metrics-page.ts'
import { RequestMetrics } from './metrics/request-metrics.ts'
import { createS3Handler } from './s3/s3-handler.ts'
import { createStsHandler, STS_SERVICE } from './sts/sts-endpoint.ts'

export interface ServedControl {
  control: Control
  /** Where clients on this machine reach it, such as `http://127.0.0.1:4310`. */
  url: string
  /** Ends the requests under way, then lets go of everything; simulations go on. */
  close(): Promise<void>
}

/** Throws ConfigError where the address can't be had, and all that openControl throws. */
export async function serveControl(config: ControlConfig, options: ControlOptions): Promise<ServedControl> {
  requireSafeListening(config)
  requireOpenFiles()
  const tls = tlsIdentity(config)
  await using opened = new AsyncDisposableStack()
  const control = await openControl(config, options)
  opened.defer(() => control.close())
  const access = openAccess(control, options.log)
  const { data } = control
  const { region, accountId } = config
  const audit = new Audit({ folder: data.audit, unknownFolder: data.unknownAudit, ...config.audit, region, accountId })
  opened.defer(() => audit.close())
  const load = new Load(config.serving)
  const requests = new RequestMetrics()
  const page = new MetricsPage({ store: control.store, supervisor: control.supervisor, requests })
  const server = createHttpServer({
    handlers: guardedHandlers(control.handlers, { access, owner: config, store: control.store }),
    authenticate: authenticateWith(access, config.region, SERVICE_NAME),
    audit,
    log: options.log,
    load,
    serving: { ...config.serving, connectionsMax: connectionsThatFit(config.serving.connectionsMax, options.log) },
    ...(tls && { tls }),
    trustedProxies: config.network.trustedProxies,
    s3: s3Handler(control, access, { load, requests, audit: config.audit.s3 ? audit : undefined, log: options.log }),
    sts: createStsHandler({
      accountId: config.accountId,
      authenticate: authenticateWith(access, config.region, STS_SERVICE),
      load,
      receiveMs: config.serving.receiveMs,
      record: (request, facts) => audit.record(request, facts),
      onAnswered: (answered) => requests.count(answered),
      log: options.log,
    }),
    metrics: createMetricsHandler({ page: () => page.text(), originOf, access, log: options.log }),
    onAnswered: (answered) => requests.count(answered),
  })
  opened.defer(() => server.close())
  const { port } = await server.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
    throw explainListen(error, config)
  })
  const url = `${tls === undefined ? 'http' : 'https'}://${hostForUrl(config.host)}:${port}`
  control.lock.announce({ url, region: config.region })
  options.log.info({ url, dataFolder: config.dataFolder }, 'control serves')
  const kept = opened.move()
  return { control, url, close: () => kept.disposeAsync() }
}

function s3Handler(
  control: Control,
  access: Access,
  { load, requests, audit, log }: { load: Load; requests: RequestMetrics; audit: Audit | undefined; log: Logger },
): ReturnType<typeof createS3Handler> {
  return createS3Handler({
    ...(control.objects instanceof FolderObjects && { objects: control.objects }),
    region: control.config.region,
    account: control.config.accountId,
    load,
    secretFor: access.secretFor,
    guardFor: s3GuardsOf(access),
    ...(audit !== undefined && {
      onAnswer: auditS3(audit, (key, token) => access.principal(key, token)?.arn, log),
    }),
    onOver: (over) => requests.count({ service: 's3', ...over }),
    onFailure: (failure) => log.error({ ...failure }, 'an S3 request failed'),
  })
}

/** Half of them are for connections; the store, the log, the audit and what calls have open need the others. */
const FILES_MIN = 256

function requireOpenFiles(): void {
  const filesMax = openFilesMax()
  if (filesMax >= FILES_MIN) return
  throw new ConfigError(
    `at most ${filesMax} files may be open at once, connections and pipes among them, and heddle up needs ${FILES_MIN}: ` +
      'raise the limit of open files (ulimit -n, LimitNOFILE of systemd)',
  )
}

/** Connections are files of the process: some are kept for the store, the objects and the workers. */
function connectionsThatFit(wanted: number, log: Logger): number {
  const filesMax = openFilesMax()
  if (wanted <= filesMax / 2) return wanted
  const connections = Math.floor(filesMax / 2)
  log.warn(
    { wanted, connections, filesMax },
    'fewer connections are taken: half of the files that the process may open',
  )
  return connections
}

function tlsIdentity({ tls }: ControlConfig): TlsIdentity | undefined {
  if (tls === undefined) return undefined
  try {
    const identity = { cert: readFileSync(tls.certFile, 'utf8'), key: readFileSync(tls.keyFile, 'utf8') }
    createSecureContext(identity)
    return identity
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(`${SETTINGS.tlsCert.option} and ${SETTINGS.tlsKey.option} can't be used: ${why}`, { cause })
  }
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
