// Writes records of the object store's calls too, if the operator wants them. Owns which facts are
// recorded; never sees a body.

import type { Logger } from 'pino'
import { systemText } from '../http/answers.ts'
import { S3Error } from '../s3/s3-errors.ts'
import type { S3HandlerOptions } from '../s3/s3-handler.ts'
import type { Audit } from './audit.ts'

/** `arnOf` returns the signer's ARN; undefined if the signer no longer exists. */
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
      // Unknown callers get their refusal even without a record: it reveals nothing, and they
      // cannot fill the log.
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
