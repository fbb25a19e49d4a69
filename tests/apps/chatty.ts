// A spatial app that prints much in a loop without leaving its tick:
// `node chatty.ts --lines 300 --until 20`

import { parseArgs } from 'node:util'
import { createApplication } from '@heddle/sdk'

const { values } = parseArgs({
  options: {
    /** Lines a tick, of about 200 bytes. */
    lines: { type: 'string', default: '300' },
    /** The last tick with output. */
    until: { type: 'string', default: '20' },
  },
})

for (const { tick } of createApplication().updates()) {
  if (tick > Number(values.until)) continue
  for (let line = 0; line < Number(values.lines); line++)
    console.log(`${tick}/${line} ${'spam '.repeat(38)}`)
}
