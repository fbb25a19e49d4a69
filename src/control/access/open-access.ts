// Access as control uses it: reads the folder, logs its faults, and creates the checks of both
// services. Owns the wiring; never decides.

import type { Logger } from 'pino'
import { verifySignature } from '../../core/api/signature.ts'
import { ConfigError, type ControlConfig } from '../config.ts'
import type { Credentials } from '../credentials.ts'
import type { DataFolder } from '../data-folder.ts'
import { originOf } from '../http/forwarded.ts'
import type { Authenticate } from '../http/handlers.ts'
import { S3Error } from '../s3/s3-errors.ts'
import type { S3HandlerOptions } from '../s3/s3-handler.ts'
import { Access } from './access.ts'
import { AccessFolder } from './access-folder.ts'
import { s3Guard } from './s3-access.ts'

const GONE = 'The access key has been taken away.'

/** Throws ConfigError if a file cannot be used: at the start there is no last good state. */
export function openAccess(
  {
    config,
    data,
    credentials,
  }: { config: ControlConfig; data: DataFolder; credentials: Credentials },
  log: Logger,
): Access {
  let isOpen = false
  const folder = new AccessFolder(data.access, (fault) => {
    if (isOpen)
      log.error(
        { ...fault },
        'a file of access rights is broken; what it said before stays in force',
      )
  })
  isOpen = true
  const [fault] = folder.faults()
  if (fault !== undefined)
    throw new ConfigError(`${data.access}/${fault.file}:${fault.line}: ${fault.reason}`)
  const { accountId, region } = config
  return new Access({ operator: credentials, folder, accountId, region, nowMs: Date.now })
}

export function authenticateWith(access: Access, region: string, service: string): Authenticate {
  return (request) => {
    const verdict = verifySignature(request, {
      secretFor: access.secretFor,
      now: new Date(),
      region,
      services: [service],
    })
    if (!verdict.ok) return verdict
    const { accessKeyId, sessionToken } = verdict
    const principal = access.principal(accessKeyId, sessionToken)
    if (principal === undefined)
      return { ok: false, error: 'UnrecognizedClientException', message: GONE }
    return {
      ok: true,
      caller: {
        accessKeyId,
        arn: principal.arn,
        ...(sessionToken !== undefined && { sessionToken }),
      },
    }
  }
}

/** Throws S3Error if the signer no longer exists. */
export function s3GuardsOf(access: Access): S3HandlerOptions['guardFor'] {
  return ({ accessKeyId, sessionToken }, request) => {
    const principal = access.principal(accessKeyId, sessionToken)
    if (principal === undefined) throw new S3Error('InvalidAccessKeyId', GONE)
    return s3Guard(access, principal, originOf(request))
  }
}
