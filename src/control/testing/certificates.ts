// Certificates for tests, made by openssl.
// Owns their files, in a folder of the test.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface CertificateFiles {
  certFile: string
  keyFile: string
}

/** Makes a self-signed certificate for localhost and 127.0.0.1. */
export async function makeCertificate(
  folder: string,
  name: string,
  days: number,
): Promise<CertificateFiles> {
  const [certFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  const kind = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    String(days),
  ]
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    ...kind,
    ...names,
    '-keyout',
    keyFile,
    '-out',
    certFile,
  ])
  return { certFile, keyFile }
}
