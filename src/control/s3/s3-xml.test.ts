import assert from 'node:assert/strict'
import { it } from 'node:test'
import { buildXml } from './s3-xml.ts'

it('an answer has its name space, no undefined members, and only escaped text', () => {
  const content = {
    Key: 'a<b>&"c\u0001',
    None: undefined,
    List: [{ Size: 1 }, { Size: 2 }],
    IsTruncated: false,
  }
  assert.equal(
    buildXml('Result', content),
    `<?xml version="1.0" encoding="UTF-8"?>
<Result xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${[
      '<Key>a&lt;b&gt;&amp;&quot;c&#x1;</Key>',
      '<List><Size>1</Size></List><List><Size>2</Size></List>',
      '<IsTruncated>false</IsTruncated></Result>',
    ].join('')}`,
  )
})
