import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppDebugText, isStartedByHand, refuseUnknownApp } from './app-debug.ts'

const cell = { domain: 'Cells', name: 'Cells-0-0' }

test('a tag names an app alone, or with its domain', () => {
  assert.ok(isStartedByHand('Cells-0-0', cell))
  assert.ok(isStartedByHand('Cells/Cells-0-0', cell))
  for (const other of ['Cells-0-1', 'Views/Cells-0-0', 'Cells', undefined])
    assert.equal(isStartedByHand(other, cell), false)
  for (const [text, expected] of [
    ['Cells-0-0', true],
    ['Cells/Cells-0-0', true],
    ['', false],
    ['a/b/c', false],
    ['/a', false],
  ] as const)
    assert.equal(isAppDebugText(text), expected, text)
})

test('an app that cannot be there is refused, and one that can be started later is not', () => {
  assert.equal(refuseUnknownApp(undefined, [cell], []), undefined)
  assert.equal(refuseUnknownApp('Cells-0-0', [cell], []), undefined)
  assert.match(refuseUnknownApp('view', [cell], ['Views']) ?? '', /StartApp starts is named <dom/)
  assert.equal(refuseUnknownApp('Views/view', [cell], ['Views']), undefined)
  assert.match(refuseUnknownApp('Cells-0-O', [cell], []) ?? '', /did you mean "Cells-0-0"/)
  assert.match(
    refuseUnknownApp('Cells/view', [cell], ['Views']) ?? '',
    /names no app of the schema: 'Cells\/view'.*; the first is Cells\/Cells-0-0, /,
  )
})
