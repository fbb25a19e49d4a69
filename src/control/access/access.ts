// Who a caller is, and what it may do. Owns the combination of operator, users and sessions;
// core/access has the rules of policies. Never answers a request.

import { denialMessage, evaluate, evaluateBelow, type Grants } from '../../core/access/evaluate.ts'
import { type ContextValues, RequestContext } from '../../core/access/request-context.ts'
import { refuseToken, type SignatureRefusal } from '../../core/api/signature.ts'
import type { Credentials } from '../credentials.ts'
import type { AccessFolder, KeyOwner } from './access-folder.ts'
import { readSession } from './sessions.ts'

export interface Principal {
  /** `arn:aws:iam::<account>:user/<name>`, or `:root` for the operator. */
  readonly arn: string
  readonly accessKeyId: string
  /** The condition values that all of the principal's requests share. */
  readonly values: ContextValues
  /** Absent for the operator, who may do everything. */
  readonly grants?: Grants
}

/** How a request came. */
export interface Origin {
  readonly sourceIp: string
  /** Whether it came over TLS. */
  readonly isSecure: boolean
}

interface AccessOptions {
  readonly operator: Credentials
  readonly folder: AccessFolder
  readonly accountId: string
  readonly region: string
  nowMs(): number
}

export class Access {
  readonly #options: AccessOptions
  /**
   * Results by owner. The folder creates new owners when a file has changed, so entries never
   * become stale.
   */
  readonly #owners = new WeakMap<KeyOwner, Found>()
  #time: { readonly nowMs: number; readonly values: ContextValues } | undefined

  constructor(options: AccessOptions) {
    this.#options = options
  }

  /** The secret that a request must be signed with; for verifySignature. */
  secretFor = (
    accessKeyId: string,
    sessionToken: string | undefined,
  ): string | SignatureRefusal | undefined => {
    const found = this.#find(accessKeyId, sessionToken)
    return found === undefined || 'ok' in found ? found : found.secretAccessKey
  }

  /** The signer. Undefined if its key was removed since the signature was verified. */
  principal(accessKeyId: string, sessionToken: string | undefined): Principal | undefined {
    const found = this.#find(accessKeyId, sessionToken)
    return found === undefined || 'ok' in found ? undefined : found.principal
  }

  /** The message for the caller; undefined if the principal may perform the action. */
  denial(
    principal: Principal,
    origin: Origin,
    asked: { action: string; resource: string; values?: readonly ContextValues[] },
  ): string | undefined {
    if (principal.grants === undefined) return undefined
    const { action, resource, values = [] } = asked
    const context = new RequestContext(
      this.#timeValues(),
      this.#originValues(origin),
      ...values,
      principal.values,
    )
    const request = { action, resource, context }
    const decision = evaluate(request, principal.grants)
    return decision.allowed ? undefined : denialMessage(principal.arn, request, decision)
  }

  /**
   * The same for all resources whose ARNs begin with the prefix; undefined if the principal may be
   * allowed some of them.
   */
  denialOfAll(
    principal: Principal,
    origin: Origin,
    { action, prefix }: { action: string; prefix: string },
  ): string | undefined {
    if (principal.grants === undefined) return undefined
    const context = new RequestContext(
      this.#timeValues(),
      this.#originValues(origin),
      principal.values,
    )
    const request = { action, resource: prefix, context }
    const decision = evaluateBelow(request, principal.grants)
    if (decision.allowed) return undefined
    return denialMessage(principal.arn, { ...request, resource: `${prefix}*` }, decision)
  }

  #find(
    accessKeyId: string,
    sessionToken: string | undefined,
  ): Found | SignatureRefusal | undefined {
    const { operator, folder, accountId } = this.#options
    if (sessionToken !== undefined) return this.#findSession(accessKeyId, sessionToken)
    if (accessKeyId === operator.accessKeyId) {
      const arn = operatorArn(accountId)
      return {
        secretAccessKey: operator.secretAccessKey,
        principal: { arn, accessKeyId, values: {} },
      }
    }
    const owner = folder.ownerOfKey(accessKeyId)
    return owner && (this.#owners.get(owner) ?? this.#foundBy(owner, accessKeyId))
  }

  #foundBy(owner: KeyOwner, accessKeyId: string): Found {
    const { user, secretAccessKey } = owner
    const grants = { policies: user.policies }
    const principal = { ...userPrincipal(user.name, this.#options.accountId), accessKeyId, grants }
    const found = { secretAccessKey, principal }
    this.#owners.set(owner, found)
    return found
  }

  #findSession(accessKeyId: string, sessionToken: string): Found | SignatureRefusal {
    const { folder, accountId } = this.#options
    const sessionKey = folder.sessionKey()
    const session = sessionKey && readSession(sessionKey, accessKeyId, sessionToken)
    if (session === undefined) return refuseToken('invalidToken')
    if (session.expiresAtMs <= this.#options.nowMs()) return refuseToken('expiredToken')
    const user = folder.user(session.userName)
    if (user === undefined) return refuseToken('invalidToken')
    const { arn, values } = userPrincipal(user.name, accountId)
    const issued = { 'aws:TokenIssueTime': new Date(session.issuedAtMs).toISOString() }
    const { sessionPolicy } = session
    const grants = { policies: user.policies, ...(sessionPolicy && { sessionPolicy }) }
    return {
      secretAccessKey: session.secretAccessKey,
      principal: { arn, accessKeyId, values: { ...values, ...issued }, grants },
    }
  }

  #originValues({ sourceIp, isSecure }: Origin): ContextValues {
    return {
      'aws:RequestedRegion': this.#options.region,
      'aws:SecureTransport': String(isSecure),
      'aws:SourceIp': sourceIp === '' ? [] : sourceIp,
    }
  }

  /** Formatted times, shared by calls in the same millisecond. */
  #timeValues(): ContextValues {
    const nowMs = this.#options.nowMs()
    if (this.#time?.nowMs === nowMs) return this.#time.values
    const values = {
      'aws:CurrentTime': new Date(nowMs).toISOString(),
      'aws:EpochTime': String(Math.floor(nowMs / 1000)),
    }
    this.#time = { nowMs, values }
    return values
  }
}

interface Found {
  secretAccessKey: string
  principal: Principal
}

export function operatorArn(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`
}

/** The principal of a user's name; also for `heddle access check`. */
export function userPrincipal(
  name: string,
  accountId: string,
): { arn: string; values: ContextValues } {
  const arn = `arn:aws:iam::${accountId}:user/${name}`
  const values = {
    'aws:username': name,
    'aws:PrincipalArn': arn,
    'aws:PrincipalAccount': accountId,
    'aws:PrincipalType': 'User',
    // No service calls on behalf of others here, and all resources belong to the one account.
    'aws:PrincipalIsAWSService': 'false',
    'aws:ViaAWSService': 'false',
    'aws:ResourceAccount': accountId,
  }
  return { arn, values }
}
