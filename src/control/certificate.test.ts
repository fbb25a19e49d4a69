import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import pino from 'pino'
import { after, before } from '../base/testing/hooks.ts'
import { certificateWarning, readTlsIdentity } from './certificate.ts'
import { type ConfigOptions, loadConfig } from './config.ts'
import { type ServedControl, serveControl } from './server.ts'
import { type CertificateFiles, makeCertificate } from './testing/certificates.ts'

const DAY_MS = 86_400_000
let folder = ''
let month: CertificateFiles
let year: CertificateFiles
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-certificate-'))
  month = await makeCertificate(folder, 'month', 30)
  year = await makeCertificate(folder, 'year', 365)
})
after(() => rm(folder, { recursive: true, force: true }))

function identityOf(tls: CertificateFiles) {
  return readTlsIdentity({ tls }) ?? assert.fail('no identity')
}

test('a certificate is reported in its last 14 days and after it expires', () => {
  const identity = identityOf(month)
  const warning = (beforeEndMs: number) =>
    certificateWarning(identity, 'cert.pem', identity.endsAtMs - beforeEndMs)
  assert.equal(warning(14 * DAY_MS + 1), undefined)
  assert.match(
    warning(14 * DAY_MS) ?? '',
    /^the certificate cert\.pem expires at \d{4}-\d\d-\d\d \d\d:\d\d UTC, in 14 days; /,
  )
  assert.match(warning(DAY_MS) ?? '', /in 1 day;/)
  assert.match(warning(1000) ?? '', /in less than a day;/)
  assert.match(
    warning(0) ?? '',
    /has expired at .*: clients refuse it; replace the file, and send SIGHUP/,
  )
  assert.ok(Math.abs(identity.endsAtMs - Date.now() - 30 * DAY_MS) < DAY_MS)
})

test('the first expiry in a chain counts, and a self-signed chain needs no authority', async () => {
  assert.equal(identityOf(year).isOwnAuthority, true)
  const chain = join(folder, 'chain.pem')
  await writeFile(
    chain,
    `${await readFile(year.certFile, 'utf8')}\n${await readFile(month.certFile, 'utf8')}`,
  )
  assert.equal(identityOf({ ...year, certFile: chain }).endsAtMs, identityOf(month).endsAtMs)
  assert.throws(
    () => readTlsIdentity({ tls: { ...year, keyFile: month.keyFile } }),
    /--tls-cert and --tls-key can't be used: /,
  )
  assert.equal(readTlsIdentity({}), undefined)
})

/** The subject of the certificate that a new connection gets. */
function subjectShownBy({ url }: ServedControl): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false },
      () => {
        resolve(String(socket.getPeerCertificate().subject.CN))
        socket.destroy()
      },
    )
    socket.once('error', reject)
  })
}

test('certificate and configuration are reloaded while serving, both or neither', async (t) => {
  const file = join(folder, 'heddle.yaml')
  const cert = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  const use = async (from: CertificateFiles) => {
    await copyFile(from.certFile, cert.certFile)
    await copyFile(from.keyFile, cert.keyFile)
  }
  await use(month)
  await writeFile(file, 'quotas: {simulations: 7}\nnetwork: {advertise: first.example}\n')
  const options: ConfigOptions = {
    data: join(folder, 'data'),
    fabricDir: join(folder, 'fabric'),
    port: '0',
    config: file,
    tlsCert: cert.certFile,
    tlsKey: cert.keyFile,
  }
  const served = await serveControl(loadConfig(options, {}), {
    log: pino({ level: 'silent' }),
    environment: {},
  })
  t.after(() => served.close())
  const { config } = served.control
  const connection = connect({
    port: Number(new URL(served.url).port),
    host: '127.0.0.1',
    rejectUnauthorized: false,
  })
  t.after(() => connection.destroy())
  await new Promise((resolve) => connection.once('secureConnect', resolve))
  assert.equal(await subjectShownBy(served), 'month')

  await use(year)
  await writeFile(
    file,
    'quotas: {simulations: 8}\nserving: {requests: 3}\n' +
      'network: {trusted_proxies: [10.0.0.1]}\naudit: {s3: true}\n',
  )
  served.reload(loadConfig(options, {}))
  assert.equal(await subjectShownBy(served), 'year')
  assert.deepEqual(
    [config.limits.simulations, config.serving.requestsMax, config.audit.s3],
    [8, 3, true],
  )
  assert.deepEqual([config.network.advertise, config.network.trustedProxies.length], [undefined, 1])
  assert.equal(served.identity()?.endsAtMs, identityOf(year).endsAtMs)
  // Connections that were open before stay open.
  connection.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
  assert.match(
    String(await new Promise((resolve) => connection.once('data', resolve))),
    /^HTTP\/1\.1 200/,
  )

  await writeFile(cert.keyFile, 'broken')
  await writeFile(file, 'quotas: {simulations: 9}\n')
  assert.throws(
    () => served.reload(loadConfig(options, {})),
    /--tls-cert and --tls-key can't be used/,
  )
  assert.equal(config.limits.simulations, 8)
  assert.equal(await subjectShownBy(served), 'year')
})
