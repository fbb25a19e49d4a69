import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { verifySignature } from '../../core/api/signature.ts'
import { openServer } from './testing/open-server.ts'

// Requests are written byte by byte and signed by hand from AWS's reference, because clients do not
// allow such requests.
const KEY = { accessKeyId: 'AKIAWIREWIREWIREWIRE', secretAccessKey: 'a/secret+of=wires' }
const REGION = 'us-west-2'

test('a repeated header is signed with its values joined by commas alone', async (context) => {
  const { status } = await openSigned(context)
  const headers: Header[] = [
    ['X-Note', 'b'],
    ['X-Note', 'a'],
    ['X-Note', 'a, c'],
  ]
  assert.equal(await status({ headers, signedAs: { 'x-note': 'b,a,a, c' } }), 200)
  assert.equal(await status({ headers, signedAs: { 'x-note': 'b, a, a, c' } }), 403)
  assert.equal(await status({ headers, signedAs: { 'x-note': 'a,b,a, c' } }), 403)
})

test('only spaces are collapsed and trimmed; other white space is signed', async (context) => {
  const { status } = await openSigned(context)
  const cases: [sent: string, signed: string, wrong: string][] = [
    ['  a   b ', 'a b', 'a   b'],
    ['a\u00a0b', 'a\u00a0b', 'a b'],
    ['a \u00a0\u2003 b', 'a \u00a0\u2003 b', 'a b'],
    ['\u00a0a\u3000', '\u00a0a\u3000', 'a'],
    ['a\tb', 'a\tb', 'a b'],
  ]
  for (const [sent, signed, wrong] of cases) {
    const headers: Header[] = [['X-Note', sent]]
    assert.equal(
      await status({ headers, signedAs: { 'x-note': signed } }),
      200,
      JSON.stringify(sent),
    )
    assert.equal(
      await status({ headers, signedAs: { 'x-note': wrong } }),
      403,
      JSON.stringify(sent),
    )
  }
})

test('a target in absolute form means its path, and its host counts', async (context) => {
  const { status, host } = await openSigned(context)
  for (const scheme of ['http://', 'HTTP://', 'https://']) {
    assert.equal(await status({ origin: `${scheme}${host}` }), 200, scheme)
  }
  const other = 'weaver.example:8080'
  assert.equal(await status({ origin: `http://${other}`, signedAs: { host: other } }), 200)
  assert.equal(
    await status({ origin: `http://${other}` }),
    403,
    'signed for the header that does not count',
  )
  assert.equal(await status({ origin: `http://${host}`, path: '/other' }), 404)
  assert.equal(await status({ origin: `ftp://${host}` }), 403)
})

test('a request with two Authorization headers is refused', async (context) => {
  const { answer } = await openSigned(context)
  const refused = await answer({ headers: [['Authorization', 'AWS4-HMAC-SHA256 Credential=x']] })
  assert.match(refused, /^HTTP\/1.1 403 /)
  assert.match(refused, /more than one Authorization header/)
})

type Header = [name: string, value: string]

interface Asked {
  /** Text before the path on the request line. */
  origin?: string
  path?: string
  /** Headers that are sent, but signed only if `signedAs` names them. */
  headers?: Header[]
  /** Canonical values of headers by lower-case name. They replace or extend the usual ones. */
  signedAs?: Record<string, string>
}

async function openSigned(context: TestContext) {
  const options = {
    secretFor: (id: string) => (id === KEY.accessKeyId ? KEY.secretAccessKey : undefined),
  }
  const server = await openServer(context, {
    authenticate: (request) => {
      const verdict = verifySignature(request, {
        ...options,
        now: new Date(),
        region: REGION,
        services: [SERVICE],
      })
      return verdict.ok
        ? { ok: true, caller: { accessKeyId: verdict.accessKeyId, arn: 'arn:aws:iam::1:root' } }
        : verdict
    },
  })
  const host = `127.0.0.1:${server.port}`
  const answer = async (asked: Asked) => {
    const socket = connect(server.port, '127.0.0.1')
    socket.end(requestText(asked, host))
    return await text(socket)
  }
  return {
    host,
    answer,
    status: async (asked: Asked) => Number((await answer(asked)).split(' ')[1]),
  }
}

const SERVICE = 'simspaceweaver'

function requestText(
  { origin = '', path = '/listsimulations', headers = [], signedAs = {} }: Asked,
  host: string,
): string {
  const dateTime = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const signed: Record<string, string> = { host, 'x-amz-date': dateTime, ...signedAs }
  const names = Object.keys(signed).sort()
  const scope = [dateTime.slice(0, 8), REGION, SERVICE, 'aws4_request']
  const canonical = [
    'GET', path, '', ...names.map((name) => `${name}:${signed[name]}`), '', names.join(';'),
    sha256(''),
  ].join('\n') // biome-ignore format: a line of the reference each
  const text = ['AWS4-HMAC-SHA256', dateTime, scope.join('/'), sha256(canonical)].join('\n')
  const key = scope.reduce<string | Buffer>(
    (from, part) => hmac(from, part),
    `AWS4${KEY.secretAccessKey}`,
  )
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${KEY.accessKeyId}/${scope.join('/')}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${hmac(key, text).toString('hex')}`
  const lines: Header[] = [
    ['Host', host],
    ['X-Amz-Date', dateTime],
    ['Authorization', authorization],
    ...headers,
    ['Connection', 'close'],
  ]
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `GET ${origin}${path} HTTP/1.1\r\n${head}\r\n`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
