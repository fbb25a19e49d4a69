import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryLogStreams } from '../../io/logs/memory-log-streams.ts'
import { Journal } from './journal.ts'

test('of apps that have ended the newest streams stay, and all of those that run', async () => {
  const streams = openMemoryLogStreams()
  const journal = new Journal(() => 0)
  journal.open(streams, { endedMax: 2, ended: ['/domain/a/left', '/domain/a/spatial'] })
  streams.writer('/domain/a/left').write('left\n')
  for (const name of ['spatial', 'one', 'two', 'three'])
    journal.appOutput(`/domain/a/${name}`)(Buffer.from(`${name}\n`))
  for (const name of ['one', 'two', 'two']) journal.appEnded(`/domain/a/${name}`)
  const found: string[] = []
  for await (const { text } of streams.read()) found.push(text)
  assert.deepEqual(found.sort(), ['one', 'spatial', 'three', 'two'])
})
