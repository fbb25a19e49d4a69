// Control with its port: serves the API and, over the embedded object store, S3.
// Owns the order of opening and closing, and who may call; never handles a request itself.

import { hostname } from 'node:os'
import type { Logger } from 'pino'
import { SERVICE_NAME } from '../core/api/operations.ts'
import { openFilesMax } from '../io/launch/proc.ts'
import { FolderObjects } from '../io/objects/folder-objects.ts'
import type { Access } from './access/access.ts'
import { guardedHandlers } from './access/api-access.ts'
import { authenticateWith, openAccess, s3GuardsOf } from './access/open-access.ts'
import { Audit } from './audit/audit.ts'
import { auditS3 } from './audit/s3-audit.ts'
import { certificateWarning, readTlsIdentity, type TlsIdentity } from './certificate.ts'
import { ConfigError, type ControlConfig, requireSafeListening, SETTINGS } from './config.ts'
import { copiedSettings, replaceSettings, type ServingSettings } from './config-file.ts'
import { addressForClients, type Control, type ControlOptions, openControl } from './control.ts'
import { originOf } from './http/forwarded.ts'
import { Load } from './http/load.ts'
import { createHttpServer } from './http/server.ts'
import { createMetricsHandler } from './metrics/metrics-endpoint.ts'
import { MetricsPage } from './metrics/metrics-page.ts'
import { readMetricsToken } from './metrics/metrics-token.ts'
import { RequestMetrics } from './metrics/request-metrics.ts'
import { fileSizeWarning, requireFileSize, requireOpenFiles } from './process-limits.ts'
import { createS3Handler } from './s3/s3-handler.ts'
import { createStsHandler, STS_SERVICE } from './sts/sts-endpoint.ts'

export interface ServedControl {
  control: Control
  /** The address for clients on this machine, such as `http://127.0.0.1:4310`. */
  url: string
  /** The current certificate for HTTPS; undefined if the port serves HTTP. */
  identity(): TlsIdentity | undefined
  /** Warnings that an operator should act on, a sentence each. */
  warnings(): string[]
  /**
   * Reloads certificate, key and configuration file without interruption. Running simulations keep
   * their quotas. Throws ConfigError if either cannot be used, and then changes nothing.
   */
  reload(next: ControlConfig): void
  /** Finishes the requests under way, then closes everything; simulations keep running. */
  close(): Promise<void>
}

/** Throws ConfigError if the address cannot be used, and whatever openControl throws. */
export async function serveControl(
  given: ControlConfig,
  options: ControlOptions,
): Promise<ServedControl> {
  const config = { ...given, ...copiedSettings(given) }
  requireSafeListening(config)
  requireOpenFiles()
  requireFileSize()
  let tls = readTlsIdentity(config)
  let token = readMetricsToken(config.metrics)
  await using opened = new AsyncDisposableStack()
  const control = await openControl(config, options)
  opened.defer(() => control.close())
  const access = openAccess(control, options.log)
  const { data } = control
  const { region, accountId } = config
  const audit = new Audit({
    folder: data.audit,
    unknownFolder: data.unknownAudit,
    get fileBytesMax() {
      return config.audit.fileBytesMax
    },
    get filesMax() {
      return config.audit.filesMax
    },
    region,
    accountId,
  })
  opened.defer(() => audit.close())
  fitConnections(config.serving, options.log)
  const load = new Load(config.serving)
  const requests = new RequestMetrics()
  const page = new MetricsPage({
    store: control.store,
    supervisor: control.supervisor,
    requests,
    identity: () => tls,
  })
  const server = createHttpServer({
    handlers: guardedHandlers(control.handlers, { access, owner: config, store: control.store }),
    authenticate: authenticateWith(access, config.region, SERVICE_NAME),
    audit,
    log: options.log,
    load,
    serving: config.serving,
    ...(tls && { tls }),
    network: config.network,
    s3: s3Handler(control, access, { load, requests, audit, log: options.log }),
    sts: createStsHandler({
      accountId: config.accountId,
      authenticate: authenticateWith(access, config.region, STS_SERVICE),
      load,
      serving: config.serving,
      record: (request, facts) => audit.record(request, facts),
      onAnswered: (answered) => requests.count(answered),
      log: options.log,
    }),
    metrics: createMetricsHandler({
      page: () => page.text(),
      originOf,
      access,
      hostNames: () => [hostname(), config.host, addressForClients(config)],
      token: () => token,
      log: options.log,
    }),
    onAnswered: (answered) => requests.count(answered),
  })
  opened.defer(() => server.close())
  const { port } = await server
    .listen({ host: config.host, port: config.port })
    .catch((error: unknown) => {
      throw explainListen(error, config)
    })
  const url = `${tls === undefined ? 'http' : 'https'}://${hostForUrl(config.host)}:${port}`
  control.lock.announce({ url, region: config.region })
  options.log.info({ url, dataFolder: config.dataFolder }, 'control serves')
  const kept = opened.move()
  return {
    control,
    url,
    identity: () => tls,
    warnings: () => warningsOf(config, tls),
    reload(next) {
      const fresh = readTlsIdentity(config)
      const freshToken = readMetricsToken(next.metrics)
      replaceSettings(config, next)
      fitConnections(config.serving, options.log)
      tls = fresh
      token = freshToken
      server.reconfigure(tls)
    },
    close: () => kept.disposeAsync(),
  }
}

function warningsOf({ tls }: ControlConfig, identity: TlsIdentity | undefined): string[] {
  const ofCertificate = tls && identity && certificateWarning(identity, tls.certFile, Date.now())
  return [ofCertificate, fileSizeWarning()].filter((warning) => warning !== undefined)
}

function s3Handler(
  control: Control,
  access: Access,
  {
    load,
    requests,
    audit,
    log,
  }: { load: Load; requests: RequestMetrics; audit: Audit; log: Logger },
): ReturnType<typeof createS3Handler> {
  const record = auditS3(audit, (key, token) => access.principal(key, token)?.arn, log)
  return createS3Handler({
    ...(control.objects instanceof FolderObjects && { objects: control.objects }),
    region: control.config.region,
    account: control.config.accountId,
    load,
    secretFor: access.secretFor,
    guardFor: s3GuardsOf(access),
    onAnswer: async (...call) => {
      if (control.config.audit.s3) await record(...call)
    },
    onOver: (over) => requests.count({ service: 's3', ...over }),
    onFailure: (failure) => log.error({ ...failure }, 'an S3 request failed'),
  })
}

/**
 * Connections are open files of the process. Some are kept free for the store, the objects and the
 * workers.
 */
function fitConnections(serving: ServingSettings, log: Logger): void {
  const wanted = serving.connectionsMax
  const filesMax = openFilesMax()
  if (wanted <= filesMax / 2) return
  const connections = Math.floor(filesMax / 2)
  log.warn(
    { wanted, connections, filesMax },
    'fewer connections are taken: half of the files that the process may open',
  )
  serving.connectionsMax = connections
}

function explainListen(error: unknown, config: ControlConfig): unknown {
  const { code } = error as NodeJS.ErrnoException
  const { port, host } = SETTINGS
  const address = `${config.host}, port ${config.port},`
  const cause = { cause: error }
  if (code === 'EADDRINUSE') {
    return new ConfigError(
      `${address} is in use; choose another with ${port.option} (${port.variable})`,
      cause,
    )
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new ConfigError(
      `${address} can't be listened on (${code}); ` +
        `see ${host.option} (${host.variable}) and ${port.option} (${port.variable})`,
      cause,
    )
  }
  return error
}

/** If the server listens on all addresses, clients on this machine use the loopback. */
function hostForUrl(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
