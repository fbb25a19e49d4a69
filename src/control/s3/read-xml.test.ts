import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { it } from 'node:test'
import fc from 'fast-check'
import { elementsIn, readXml, textIn } from './read-xml.ts'
import { S3Error } from './s3-errors.ts'
import { buildXml } from './s3-xml.ts'

const shape = { root: 'R', bytesMax: 8 * 1024 * 1024, listed: { List: 1000 } }

/** Reads the document in pieces of the given number of bytes. */
function read(
  text: string | Buffer,
  pieceBytes = 64 * 1024,
  more: Partial<typeof shape> & { isOptional?: true } = {},
) {
  const bytes = Buffer.from(text)
  const count = Math.ceil(bytes.length / pieceBytes)
  const pieces = Array.from({ length: count }, (_, at) =>
    bytes.subarray(at * pieceBytes, (at + 1) * pieceBytes),
  )
  return readXml(Readable.from(pieces), { ...shape, ...more })
}

it('any text survives being written and read, wherever it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.integer({ min: 1, max: 9 }),
      async (text, cut) => {
        const found = await read(
          buildXml('R', { Key: text, List: [{ Key: text }, { Key: 'b' }] }),
          cut,
        )
        assert.equal(textIn(found, 'Key'), text)
        const keys = elementsIn(found, 'List').map((one) => textIn(one, 'Key'))
        assert.deepEqual(keys, [text, 'b'])
      },
    ),
  )
})

it('character numbers are read, as SDKs write them, and CDATA is text', async () => {
  const found = await read('<R><Key>a&#xD;&#13;&#x1F600;&amp;lt;<![CDATA[<&]]></Key><Empty/></R>')
  assert.equal(textIn(found, 'Key'), 'a\r\r😀&lt;<&')
  assert.equal(textIn(found, 'Empty'), '')
  const spaced =
    '\ufeff<?xml version="1.0"?>\n<s3:R xmlns:s3="x">\n <s3:Key> a </s3:Key>\n' +
    ' <!-- no more -->\n</s3:R>\n'
  assert.deepEqual({ ...(await read(spaced)) }, { Key: ' a ' })
})

it('there may be no document where none is needed', async () => {
  assert.deepEqual(await read('', 1, { isOptional: true }), {})
  assert.deepEqual(await read(' \n', 1, { isOptional: true }), {})
  assert.deepEqual(await read('<R/>'), {})
})

const broken: Record<string, string | Buffer> = {
  'entities of its own': '<!DOCTYPE R [<!ENTITY x "boom">]><R><Key>&x;</Key></R>',
  'entities from elsewhere': '<!DOCTYPE R SYSTEM "file:///etc/passwd"><R/>',
  'an unknown entity': '<R><Key>&x;</Key></R>',
  'no character': '<R><Key>&#x110000;</Key></R>',
  'an element that is not closed': '<R><Key>a</R>',
  'an end that is missing': '<R><Key>a</Key>',
  'another root': '<Other/>',
  'two roots': '<R/><R/>',
  'no XML': 'no xml',
  nothing: '',
  'text in the root': '<R>text</R>',
  'text between elements': '<R><List><Key>a</Key>b</List></R>',
  'bytes that are not UTF-8': Buffer.from([0x3c, 0x52, 0x3e, 0xff, 0x3c, 0x2f, 0x52, 0x3e]),
  'a character that is cut': Buffer.from('<R/>é').subarray(0, -1),
  'great depth': `<R>${'<a>'.repeat(100)}${'</a>'.repeat(100)}</R>`,
  'many attributes': `<R ${Array.from({ length: 100 }, (_, at) => `a${at}="b"`).join(' ')}/>`,
  'a key without end': `<R><Key>${'x'.repeat(20_000)}</Key></R>`,
  'a name without end': `<R><${'x'.repeat(200_000)}/></R>`,
  'more of a list than there may be': `<R>${'<List><Key>a</Key></List>'.repeat(1001)}</R>`,
  'more in an element than there can be': `<R><List>${'<Key>a</Key>'.repeat(100)}</List></R>`,
  'many unknown elements': `<R>${Array.from({ length: 100 }, (_, at) => `<a${at}/>`).join('')}</R>`,
  'one unknown element many times': `<R>${'<a/>'.repeat(100)}</R>`,
}
for (const [what, text] of Object.entries(broken)) {
  it(`a document with ${what} is refused`, async () => {
    const isRefused = (error: unknown) => error instanceof S3Error && error.code === 'MalformedXML'
    await assert.rejects(
      read(text).then((found) => textIn(found, 'Key')),
      isRefused,
    )
  })
}

it('a document is refused at its limit, and others get turns between its pieces', async () => {
  let given = 0
  const piece = Buffer.from('<List><Key>a</Key></List>'.repeat(100))
  let turns = 0
  async function* endless() {
    yield Buffer.from('<R>')
    for (;;) {
      given += 1
      yield piece
    }
  }
  const ticking = setInterval(() => {
    turns += 1
  }, 0)
  await assert.rejects(readXml(Readable.from(endless()), shape), { code: 'MalformedXML' })
  clearInterval(ticking)
  // The rest is dropped, so that the client gets its answer, but no more than a body may have.
  const givenMax = Math.ceil(shape.bytesMax / piece.length) + 16
  assert.ok(given <= givenMax, `${given} pieces were taken`)
  async function* spaces() {
    yield Buffer.from('<R>')
    for (;;) yield Buffer.alloc(64 * 1024, ' ')
  }
  await assert.rejects(readXml(Readable.from(spaces()), shape), { code: 'EntityTooLarge' })
  await assert.rejects(
    readXml(Readable.from(spaces()), shape, () => false),
    { code: 'SlowDown' },
  )
  assert.ok(turns > 0)
})
