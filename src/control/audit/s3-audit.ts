// Has calls of the object store leave records too, where the operator wants them.
// Owns what is kept of such a call; never sees a body.

import type { Logger } from 'pino'
import { systemText } from '../http/answers.ts'
import { S3Error } from '../s3/s3-errors.ts'
import type { S3HandlerOptions } from '../s3/s3-handler.ts'
import type { Audit } from './audit.ts'

/** `arnOf` says who signed; undefined where that is nobody any more. */
export function auditS3(
  audit: Audit,
  arnOf: (accessKeyId: string, sessionToken: string | undefined) => string | undefined,
  log: Logger,
): NonNullable<S3HandlerOptions['onAnswer']> {
  return async (request, { requestId, operation, signer, target, error }) => {
    const readOnly = !/^(Abort|Complete|Copy|Create|Delete|Put|Upload)/.test(operation)
    const arn = signer === undefined ? undefined : arnOf(signer.accessKeyId, signer.sessionToken)
    try {
      await audit.record(request, {
        service: 's3',
        operation: operation === 'unknown' ? 'UnknownOperation' : operation,
        readOnly,
        requestId,
        ...(signer !== undefined &&
          arn !== undefined && { caller: { accessKeyId: signer.accessKeyId, arn } }),
        ...(target?.bucket && {
          input: { bucketName: target.bucket, ...(target.key && { key: target.key }) },
        }),
        ...(error !== undefined && { error }),
      })
      if (!readOnly && error === undefined) await audit.sync()
    } catch (cause) {
      // Who isn't known was refused, and learns nothing of the service. Nor can such a call fill the log.
      if (arn === undefined) return
      log.error({ err: cause, requestId }, 'an S3 call left no record')
      if (error !== undefined) return
      const message = 'The request was not recorded in the audit, and is not answered without.'
      throw new S3Error(
        'InternalError',
        `${message} ${systemText(cause) ?? 'See the log of the service'}.`,
        { cause },
      )
    }
  }
}
