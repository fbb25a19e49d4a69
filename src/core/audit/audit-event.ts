// The record of one call, in the shape of CloudTrail's events, so that tools for those read it.
// Owns the shape, and what is left out as secret; never writes a record, and has no clock.

/** What is known of a call when its answer is ready. */
export interface AuditedCall {
  service: 'simspaceweaver' | 's3'
  operation: string
  readOnly: boolean
  timeMs: number
  requestId: string
  /** A UUID of the record itself. */
  eventId: string
  region: string
  accountId: string
  sourceAddress: string
  userAgent?: string
  /** Absent where the signature was not accepted. */
  caller?: { accessKeyId: string; arn: string }
  /** Whom a request that was not accepted said it came from. */
  claimedAccessKeyId?: string
  /** As the operation understood it; absent where it did not. */
  input?: object
  output?: object
  error?: { code: string; message: string }
}

export interface AuditEvent {
  eventVersion: string
  userIdentity: {
    type: string
    principalId?: string
    arn?: string
    accountId?: string
    accessKeyId?: string
    userName?: string
  }
  eventTime: string
  eventSource: string
  eventName: string
  awsRegion: string
  sourceIPAddress: string
  userAgent: string | null
  errorCode?: string
  errorMessage?: string
  requestParameters: unknown
  responseElements: unknown
  requestID: string
  eventID: string
  readOnly: boolean
  eventType: 'AwsApiCall'
  managementEvent: boolean
  recipientAccountId: string
  eventCategory: 'Management' | 'Data'
}

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS'
/** What nobody may read out of a record. */
const SECRET_MEMBERS = new Set(['ClientToken'])
/** Their members are the caller's own names. */
const FREE_MEMBERS = new Set(['Tags'])
/** Longer ones are left out, as CloudTrail does. */
const PARAMETERS_CHARACTERS_MAX = 100 * 1024

export function auditEvent(call: AuditedCall): AuditEvent {
  const isManagement = call.service === 'simspaceweaver'
  return {
    eventVersion: '1.11',
    userIdentity: identityOf(call),
    eventTime: `${new Date(call.timeMs).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)}Z`,
    eventSource: `${call.service}.amazonaws.com`,
    eventName: call.operation,
    awsRegion: call.region,
    sourceIPAddress: call.sourceAddress,
    userAgent: call.userAgent ?? null,
    ...(call.error !== undefined && { errorCode: call.error.code, errorMessage: call.error.message }),
    requestParameters: shown(call.input),
    // Only changes leave what they answered: what was read is in the service anyway.
    responseElements: call.readOnly || call.error !== undefined ? null : shown(call.output),
    requestID: call.requestId,
    eventID: call.eventId,
    readOnly: call.readOnly,
    eventType: 'AwsApiCall',
    managementEvent: isManagement,
    recipientAccountId: call.accountId,
    eventCategory: isManagement ? 'Management' : 'Data',
  }
}

function identityOf({ caller, claimedAccessKeyId }: AuditedCall): AuditEvent['userIdentity'] {
  if (caller === undefined) {
    return { type: 'Unknown', ...(claimedAccessKeyId !== undefined && { accessKeyId: claimedAccessKeyId }) }
  }
  const { accessKeyId, arn } = caller
  const [, , , , accountId = '', ...rest] = arn.split(':')
  const resource = rest.join(':')
  const userName = resource.split('/').at(-1)
  return {
    type: typeOf(resource),
    principalId: accessKeyId,
    arn,
    accountId,
    accessKeyId,
    ...(resource !== 'root' && userName && { userName }),
  }
}

function typeOf(resource: string): string {
  if (resource === 'root') return 'Root'
  if (resource.startsWith('assumed-role/')) return 'AssumedRole'
  if (resource.startsWith('federated-user/')) return 'FederatedUser'
  return 'IAMUser'
}

/** Members begin in lower case there. Nothing at all is `null`. */
function shown(value: object | undefined): unknown {
  if (value === undefined || Object.keys(value).length === 0) return null
  const members = lowered(value)
  const characters = JSON.stringify(members).length
  if (characters <= PARAMETERS_CHARACTERS_MAX) return members
  return { omitted: true, originalSize: characters, reason: `larger than ${PARAMETERS_CHARACTERS_MAX} characters` }
}

function lowered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowered)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      SECRET_MEMBERS.has(name) ? HIDDEN : FREE_MEMBERS.has(name) ? member : lowered(member),
    ]),
  )
}
