import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrapProse } from './wrap-prose.ts'

const words = (count: number) => Array(count).fill('nine tens').join(' ')

test('prose is wrapped at 100 columns, and items of lists go on under their text', () => {
  assert.equal(wrapProse(words(11)), `${words(10)}\n${words(1)}`)
  assert.equal(wrapProse(`- ${words(11)}`), `- ${words(9)} nine\n  tens ${words(1)}`)
  assert.equal(wrapProse('short\n\nlines'), 'short\n\nlines')
})

test('tables, headings and code stay as they are, and code within a line stays whole', () => {
  const kept = [`| ${words(20)} |`, `# ${words(20)}`, '```', words(20), '```'].join('\n')
  assert.equal(wrapProse(kept), kept)
  assert.equal(wrapProse(`${words(9)} \`${words(2)}\``), `${words(9)}\n\`${words(2)}\``)
})
