// A cell that grows while a file exists: `node swell.ts <file> <few> <many>` keeps few entities of
// 1 KiB without it, and many with it.

import { existsSync } from 'node:fs'
import { createApplication, defineField } from '@heddle/sdk'

const [file, few, many] = process.argv.slice(2)
const letter = defineField({ index: 1, typeId: 600, shape: 'u8x1024' })
for (const { tick, owned } of createApplication().updates()) {
  const wanted = Number(existsSync(file) ? many : few)
  if (owned.count < wanted) {
    owned.create(512, wanted - owned.count)
    owned.field(letter).values.fill(tick)
    owned.stored(letter)
  }
  const living = [...owned.states.keys()].filter((row) => owned.states[row] !== 0)
  owned.delete(living.slice(wanted))
}
