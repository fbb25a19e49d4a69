// Temporary keys: an access key, a secret and a session token that states the user, the expiry and
// the session policy. Owns the token's form. Nothing is stored: the token is signed, and the secret
// is derived from it. Never looks at a clock.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { type Policy, parsePolicy } from '../../core/access/policy.ts'
import { type Credentials, makeKeyId } from '../credentials.ts'

interface Session {
  readonly userName: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  readonly sessionPolicy?: Policy
  readonly secretAccessKey: string
}

export interface TemporaryCredentials extends Credentials {
  sessionToken: string
  expiresAtMs: number
}

interface SessionRequest {
  userName: string
  nowMs: number
  durationMs: number
  /** A valid policy, as it stands in a file. */
  policy?: object
}

const TOKEN = z.strictObject({
  user: z.string(),
  key: z.string(),
  /** Seconds since the epoch. */
  issued: z.number(),
  expires: z.number(),
  policy: z.unknown().optional(),
})

export function makeSession(sessionKey: Uint8Array, request: SessionRequest): TemporaryCredentials {
  const accessKeyId = makeKeyId('ASIA')
  const issued = Math.floor(request.nowMs / 1000)
  const expires = issued + Math.round(request.durationMs / 1000)
  const content: z.infer<typeof TOKEN> = {
    user: request.userName,
    key: accessKeyId,
    issued,
    expires,
    ...(request.policy && { policy: request.policy }),
  }
  const body = Buffer.from(JSON.stringify(content)).toString('base64url')
  const sessionToken = `${body}.${sealOf(sessionKey, body)}`
  return {
    accessKeyId,
    secretAccessKey: secretOf(sessionKey, sessionToken),
    sessionToken,
    expiresAtMs: expires * 1000,
  }
}

/**
 * Undefined if the token was not made with this key, or for another access key. Does not check its
 * age.
 */
export function readSession(
  sessionKey: Uint8Array,
  accessKeyId: string,
  sessionToken: string,
): Session | undefined {
  const [body = '', seal = '', more] = sessionToken.split('.')
  const expected = Buffer.from(sealOf(sessionKey, body))
  const given = Buffer.from(seal)
  if (more !== undefined || given.length !== expected.length || !timingSafeEqual(given, expected))
    return undefined
  const content = TOKEN.parse(JSON.parse(Buffer.from(body, 'base64url').toString()))
  if (content.key !== accessKeyId) return undefined
  const parsed = content.policy === undefined ? undefined : parsePolicy(content.policy)
  if (parsed !== undefined && 'fault' in parsed) return undefined
  return {
    userName: content.user,
    issuedAtMs: content.issued * 1000,
    expiresAtMs: content.expires * 1000,
    secretAccessKey: secretOf(sessionKey, sessionToken),
    ...(parsed && { sessionPolicy: parsed.policy }),
  }
}

function sealOf(sessionKey: Uint8Array, body: string): string {
  return createHmac('sha256', sessionKey)
    .update('heddle session token\0')
    .update(body)
    .digest('base64url')
}

function secretOf(sessionKey: Uint8Array, sessionToken: string): string {
  const digest = createHmac('sha256', sessionKey)
    .update('heddle session secret\0')
    .update(sessionToken)
    .digest()
  return digest.toString('base64').slice(0, 40)
}
