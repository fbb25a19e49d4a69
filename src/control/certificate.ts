// The certificate and key that the port serves HTTPS with: reads the files and checks the expiry.
// Owns the warnings about the certificate; never serves anything.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { ConfigError, type ControlConfig, SETTINGS } from './config.ts'

export interface TlsIdentity {
  /** Chain and key as PEM. */
  readonly cert: string
  readonly key: string
  /** When the first certificate of the chain expires, in ms since 1970. */
  readonly endsAtMs: number
  /**
   * Whether clients can verify the chain with this file alone: it ends with a self-signed
   * certificate.
   */
  readonly isOwnAuthority: boolean
}

const DAY_MS = 86_400_000
const NEAR_DAYS = 14

/** Returns undefined without TLS. Throws ConfigError if the files cannot be used. */
export function readTlsIdentity({ tls }: Pick<ControlConfig, 'tls'>): TlsIdentity | undefined {
  if (tls === undefined) return undefined
  try {
    const identity = {
      cert: readFileSync(tls.certFile, 'utf8'),
      key: readFileSync(tls.keyFile, 'utf8'),
    }
    createSecureContext(identity)
    const chain = certificatesIn(identity.cert)
    const last = chain.at(-1)
    return {
      ...identity,
      endsAtMs: Math.min(...chain.map(({ validTo }) => Date.parse(validTo))),
      isOwnAuthority: last !== undefined && last.issuer === last.subject,
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(
      `${SETTINGS.tlsCert.option} and ${SETTINGS.tlsKey.option} can't be used: ${why}`,
      { cause },
    )
  }
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}

/** Returns a warning if clients reject the certificate now or will soon. */
export function certificateWarning(
  identity: TlsIdentity,
  file: string,
  nowMs: number,
): string | undefined {
  const leftMs = identity.endsAtMs - nowMs
  if (leftMs > NEAR_DAYS * DAY_MS) return undefined
  const end = new Date(identity.endsAtMs).toISOString().slice(0, 16).replace('T', ' ')
  const days = Math.floor(leftMs / DAY_MS)
  const left = days === 0 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`
  const state =
    leftMs <= 0
      ? `has expired at ${end} UTC: clients refuse it`
      : `expires at ${end} UTC, in ${left}`
  return `the certificate ${file} ${state}; replace the file, and send SIGHUP to have it read again`
}
