import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { S3Error } from './s3-errors.ts'
import { buildXml, elementsIn, parseXml, textIn } from './s3-xml.ts'

it('any text survives being written and read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
      const read = parseXml(buildXml('Root', { Key: text, List: [{ Key: text }, { Key: 'b' }] }), 'Root')
      assert.equal(textIn(read, 'Key'), text)
      assert.deepEqual(elementsIn(read, 'List').map((one) => textIn(one, 'Key')), [text, 'b']) // biome-ignore format: one line
    }),
  )
})

it('numbers of characters are read, as SDKs write them for control characters', () => {
  assert.equal(textIn(parseXml('<R><Key>a&#xD;&#13;&#x1F600;&amp;lt;</Key></R>', 'R'), 'Key'), 'a\r\r😀&lt;')
})

it('entities that the document defines, and broken documents, are refused', () => {
  const broken = [
    '<!DOCTYPE R [<!ENTITY x "boom">]><R><Key>&x;</Key></R>',
    '<!DOCTYPE R SYSTEM "file:///etc/passwd"><R/>',
    '<R><Key>&x;</Key></R>',
    '<R><Key>&#x110000;</Key></R>',
    '<R><Key>a</R>',
    '<Other/>',
    'no xml',
    '',
    '<R>text</R>',
  ]
  for (const text of broken) {
    assert.throws(() => textIn(parseXml(text, 'R'), 'Key'), S3Error, text)
  }
})
