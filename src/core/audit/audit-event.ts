// The record of one call, in the shape of CloudTrail's events, so that tools for CloudTrail can
// read it. Owns the shape and which secrets are left out; never writes a record, and has no clock.

import { memoised } from '../../base/memoised.ts'

/** What is known of a call when its answer is ready. */
export interface AuditedCall {
  service: 'simspaceweaver' | 's3' | 'sts'
  operation: string
  readOnly: boolean
  timeMs: number
  requestId: string
  /** A UUID of the record itself. */
  eventId: string
  region: string
  accountId: string
  sourceAddress: string
  userAgent?: string | undefined
  /** Absent if the signature was not accepted. */
  caller?: { accessKeyId: string; arn: string } | undefined
  /** The access key id that a request with a refused signature claimed. */
  claimedAccessKeyId?: string | undefined
  /**
   * The input as the operation understood it, under the names of its service's events; absent if it
   * did not.
   */
  input?: object | undefined
  output?: object | undefined
  error?: { code: string; message: string } | undefined
}

/** Undefined members are not written. */
export interface AuditEvent {
  eventVersion: string
  userIdentity: Identity
  eventTime: string
  eventSource: string
  eventName: string
  awsRegion: string
  sourceIPAddress: string
  userAgent: string | null
  errorCode: string | undefined
  errorMessage: string | undefined
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

interface Identity {
  readonly type: string
  readonly principalId?: string
  readonly arn?: string
  readonly accountId?: string
  readonly accessKeyId?: string
  readonly userName?: string
}

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS'
/** Members that must not appear in a record. */
const SECRET_MEMBERS = new Set(['ClientToken'])
/** Longer parameters are left out, as CloudTrail does. */
const PARAMETERS_CHARACTERS_MAX = 100 * 1024
/** The same limit for callers without an accepted signature: they must not fill the disk. */
const UNKNOWN_PARAMETERS_CHARACTERS_MAX = 4096
/** Longest text that a caller may choose freely. */
const TEXT_CHARACTERS_MAX = 1024
const CALLERS_KEPT = 200

export function auditEvent(call: AuditedCall): AuditEvent {
  const isManagement = call.service !== 's3'
  const parametersMax =
    call.caller === undefined ? UNKNOWN_PARAMETERS_CHARACTERS_MAX : PARAMETERS_CHARACTERS_MAX
  return {
    eventVersion: '1.11',
    userIdentity: identityOf(call),
    eventTime: secondText(Math.floor(call.timeMs / 1000)),
    eventSource: `${call.service}.amazonaws.com`,
    eventName: call.operation,
    awsRegion: call.region,
    sourceIPAddress: call.sourceAddress,
    userAgent: cut(call.userAgent) ?? null,
    errorCode: call.error?.code,
    errorMessage: cut(call.error?.message),
    requestParameters: shown(call.input, parametersMax),
    // Only changes record their response: what was read is in the service anyway.
    responseElements:
      call.readOnly || call.error !== undefined ? null : shown(call.output, parametersMax),
    requestID: call.requestId,
    eventID: call.eventId,
    readOnly: call.readOnly,
    eventType: 'AwsApiCall',
    managementEvent: isManagement,
    recipientAccountId: call.accountId,
    eventCategory: isManagement ? 'Management' : 'Data',
  }
}

/** The time's text, cached because all calls of a second share it. */
const secondText = memoised(1, (second: number) =>
  new Date(second * 1000).toISOString().replace('.000', ''),
)

function identityOf({ caller, claimedAccessKeyId }: AuditedCall): Identity {
  if (caller === undefined) {
    return {
      type: 'Unknown',
      ...(claimedAccessKeyId !== undefined && { accessKeyId: claimedAccessKeyId }),
    }
  }
  return identityOfCaller(`${caller.accessKeyId} ${caller.arn}`)
}

const identityOfCaller = memoised(CALLERS_KEPT, (keyAndArn: string): Identity => {
  const space = keyAndArn.indexOf(' ')
  const accessKeyId = keyAndArn.slice(0, space)
  const arn = keyAndArn.slice(space + 1)
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
})

function typeOf(resource: string): string {
  if (resource === 'root') return 'Root'
  if (resource.startsWith('assumed-role/')) return 'AssumedRole'
  if (resource.startsWith('federated-user/')) return 'FederatedUser'
  return 'IAMUser'
}

/**
 * The parameters as recorded. Members keep the API's own names: programs read
 * `requestParameters.Name`. An empty value is `null`.
 */
function shown(value: object | undefined, charactersMax: number): unknown {
  if (value === undefined || Object.keys(value).length === 0) return null
  const members = withoutSecrets(value)
  if (isShort(value)) return members
  const characters = JSON.stringify(members).length
  if (characters <= charactersMax) return members
  return {
    omitted: true,
    originalSize: characters,
    reason: `larger than ${charactersMax} characters`,
  }
}

function cut(text: string | undefined): string | undefined {
  return text !== undefined && text.length > TEXT_CHARACTERS_MAX
    ? `${text.slice(0, TEXT_CHARACTERS_MAX - 1)}…`
    : text
}

/**
 * Whether the value is clearly within the limit (a few short texts), so that it need not be
 * serialized to measure it.
 */
function isShort(value: object): boolean {
  let length = 0
  for (const member of Object.values(value))
    length += typeof member === 'string' ? member.length : Number.NaN
  return length <= 1024
}

/**
 * Removes secrets from the members of the call itself. Deeper members, such as a tag of the same
 * name, are not secrets.
 */
function withoutSecrets(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      SECRET_MEMBERS.has(name) ? HIDDEN : member,
    ]),
  )
}
