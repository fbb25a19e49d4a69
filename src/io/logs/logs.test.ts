import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { after, before } from '../../base/testing/hooks.ts'
import { openLogStreams } from './log-streams.ts'
import type { LogLine, LogOptions, LogStreams, ReadOptions } from './logs.ts'
import { openMemoryLogStreams } from './memory-log-streams.ts'
import { listStreams, readLogs } from './read-logs.ts'

let root: string
let counter = 0

before(() => {
  root = mkdtempSync(join(tmpdir(), 'heddle-logs-'))
})
after(() => rmSync(root, { recursive: true, force: true }))

interface Logs {
  streams: LogStreams
  read(options?: ReadOptions): AsyncGenerator<LogLine>
}

function openFiles(options?: LogOptions, folder = join(root, String(counter++))): Logs {
  return {
    streams: openLogStreams(folder, options),
    read: (readOptions) => readLogs(folder, readOptions),
  }
}

function openMemory(options?: LogOptions): Logs {
  const streams = openMemoryLogStreams(options)
  return { streams, read: (readOptions) => streams.read(readOptions) }
}

async function collect(lines: AsyncGenerator<LogLine>): Promise<LogLine[]> {
  const all: LogLine[] = []
  for await (const line of lines) all.push(line)
  return all
}

async function texts(lines: AsyncGenerator<LogLine>): Promise<string[]> {
  return (await collect(lines)).map(({ text }) => text)
}

for (const [kind, openLogs] of [
  ['files', openFiles],
  ['memory', openMemory],
] as const) {
  describe(`log streams in ${kind}`, () => {
    test('a stream has its lines with the time at which they were written', async () => {
      const { streams, read } = openLogs({ now: () => 1_700_000_000_123 })
      streams.writer('/sim/management').write('first\nsecond\n')
      await streams.flush()
      assert.deepEqual(await collect(read({ stream: '/sim/management' })), [
        { stream: '/sim/management', time: '2023-11-14T22:13:20.123Z', text: 'first' },
        { stream: '/sim/management', time: '2023-11-14T22:13:20.123Z', text: 'second' },
      ])
      assert.deepEqual(await texts(read({ stream: '/sim/errors' })), [])
    })

    test('a removed stream is gone with its lines, and its name is free again', async () => {
      const { streams, read } = openLogs({ limits: { streamBytesMax: 100 } })
      for (let line = 0; line < 9; line++)
        streams.writer('/domain/a/one').write(`line ${line} ${'x'.repeat(40)}\n`)
      streams.writer('/domain/a/two').write('stays\n')
      await streams.flush()
      await streams.remove('/domain/a/one')
      await streams.remove('/domain/a/never')
      assert.deepEqual(await texts(read()), ['stays'])
      streams.writer('/domain/a/one').write('anew\n')
      await streams.flush()
      assert.deepEqual(await texts(read({ stream: '/domain/a/one' })), ['anew'])
    })

    test('a name has one writer', () => {
      const { streams } = openLogs()
      assert.equal(streams.writer('/a'), streams.writer('/a'))
      assert.notEqual(streams.writer('/a'), streams.writer('/b'))
    })

    test('lines come together from parts, however they are cut', async () => {
      const text = 'plain\n\nünïcödé 🌍 text\nwindows\r\n  indented\nlast without an end'
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat(Buffer.byteLength(text)), { maxLength: 8 }),
          async (cuts) => {
            const { streams, read } = openLogs()
            const writer = streams.writer('/app')
            const edges = [0, ...cuts.toSorted((a, b) => a - b), undefined]
            for (let index = 1; index < edges.length; index++)
              writer.write(Buffer.from(text).subarray(edges[index - 1], edges[index]))
            await streams.close()
            assert.deepEqual(await texts(read()), [
              'plain',
              '',
              'ünïcödé 🌍 text',
              'windows',
              '  indented',
              'last without an end',
            ])
          },
        ),
        { numRuns: 20 },
      )
    })

    test('a line without end is cut into lines, between characters', async () => {
      const { streams, read } = openLogs({ limits: { lineBytesMax: 10 } })
      const writer = streams.writer('/app')
      for (let index = 0; index < 9; index++) writer.write('xäöü')
      writer.write('\nnext\n')
      await streams.flush()
      const lines = await texts(read())
      assert.equal(lines.pop(), 'next')
      assert.equal(lines.join(''), 'xäöü'.repeat(9))
      assert.ok(
        lines.length >= 7 &&
          lines.every((line) => Buffer.byteLength(line) <= 10 && !line.includes('\ufffd')),
        lines.join(),
      )
    })

    test('without a name, all streams are read in the order of time', async () => {
      let nowMs = 1_700_000_000_000
      const { streams, read } = openLogs({ now: () => nowMs })
      for (let index = 0; index < 60; index++) {
        nowMs += 7
        streams
          .writer(['/sim/management', '/domain/D/app/a/1', '/sim/errors'][(index * 7) % 3])
          .write(`${index}\n`)
      }
      await streams.flush()
      assert.deepEqual(
        await texts(read()),
        Array.from({ length: 60 }, (_, index) => String(index)),
      )
    })

    test('a stream takes a burst, then its rate, and reports drops in one line', async () => {
      let nowMs = 0
      const { streams, read } = openLogs({
        now: () => nowMs,
        limits: { burstBytes: 1000, bytesPerSecond: 100 },
      })
      const writer = streams.writer('/app')
      const line = `${'x'.repeat(74)}\n`
      for (let index = 0; index < 1000; index++) writer.write(line)
      await streams.flush()
      assert.equal((await texts(read())).length, 10)
      nowMs = 1000
      writer.write(line)
      await streams.flush()
      assert.equal((await texts(read())).length, 10, 'there is not much room yet')
      nowMs = 3000
      writer.write('back\n')
      await streams.flush()
      const all = await texts(read())
      assert.deepEqual(all.slice(10), ['[heddle] dropped 991 lines, 74325 bytes', 'back'])
    })

    test('drops are reported even if no line follows', async () => {
      const { streams, read } = openLogs({
        now: () => 0,
        limits: { burstBytes: 1000, bytesPerSecond: 1 },
      })
      streams.writer('/app').write('0123456789\n'.repeat(100))
      await streams.close()
      const all = await texts(read())
      assert.equal(
        all.at(-1),
        `[heddle] dropped ${101 - all.length} lines, ${(101 - all.length) * 11} bytes`,
      )
    })

    test('a stream keeps its newest part, and no more than two times its limit', async () => {
      let nowMs = 0
      const { streams, read } = openLogs({
        now: () => nowMs,
        limits: { streamBytesMax: 1000, burstBytes: 4000, bytesPerSecond: 1e9 },
      })
      for (let index = 0; index < 300; index++) {
        nowMs += 10
        streams.writer('/app').write(`line ${String(index).padStart(4, '0')}\n`)
        if (index % 7 === 0) await streams.flush()
      }
      await streams.close()
      const lines = await texts(read())
      assert.ok(lines.length >= 20 && lines.length <= 60, `${lines.length}`)
      const first = 300 - lines.length
      assert.deepEqual(
        lines,
        lines.map((_, index) => `line ${String(first + index).padStart(4, '0')}`),
      )
    })

    test('a follower sees later lines and later streams until it is stopped', async () => {
      const { streams, read } = openLogs()
      streams.writer('/one').write('a\n')
      await streams.flush()
      const stop = new AbortController()
      const seen: string[] = []
      for await (const { stream, text } of read({ follow: true, signal: stop.signal })) {
        seen.push(`${stream} ${text}`)
        if (seen.length === 1) streams.writer('/one').write('b\nunfinished')
        if (seen.length === 2) streams.writer('/two').write('c\n')
        if (seen.length === 3) streams.writer('/one').write(' line\n')
        if (seen.length === 4) stop.abort()
      }
      assert.deepEqual(seen, ['/one a', '/one b', '/two c', '/one unfinished line'])
    })

    test('a follower that waits stops at once, without an error', async () => {
      const { read } = openLogs()
      const stop = new AbortController()
      setTimeout(() => stop.abort(), 20)
      assert.deepEqual(
        await texts(read({ follow: true, stream: '/later', signal: stop.signal })),
        [],
      )
    })

    test('a follower loses nothing when older parts are let go', async () => {
      const { streams, read } = openLogs({ limits: { streamBytesMax: 2000 } })
      const writer = streams.writer('/app')
      const stop = new AbortController()
      let expected = 0
      let written = 0
      writer.write(`${written++}\n`)
      for await (const { text } of read({ follow: true, stream: '/app', signal: stop.signal })) {
        assert.equal(text, String(expected++))
        if (expected === 1000) stop.abort()
        // Stays a few lines ahead of the reader, and never two generations.
        while (written < Math.min(1000, expected + 30)) writer.write(`${written++}\n`)
        if (expected % 10 === 0) await streams.flush()
      }
      assert.equal(expected, 1000)
    })

    test('invalid names of streams are rejected, for writing and for reading', async () => {
      const { streams, read } = openLogs()
      for (const name of [
        '',
        'sim',
        '/',
        '//a',
        '/a//b',
        '/../a',
        '/a/..',
        '/a/./b',
        '/a b',
        '/a\\b',
        '/a\0',
        '/a/',
        `/${'x'.repeat(241)}`,
        '/ä',
        '/x'.repeat(17),
      ]) {
        assert.throws(() => streams.writer(name), /no name of a log stream/, name)
        await assert.rejects(read({ stream: name }).next(), /no name of a log stream/, name)
      }
    })
  })
}

test('streams lie in files by their names, which appear with their first line', async () => {
  const folder = join(root, 'names')
  const { streams } = openFiles({ now: () => 0 }, folder)
  const writer = streams.writer('/domain/People/app/worker-0001/People-0-1')
  streams.writer('/sim/errors')
  assert.ok(!existsSync(folder))
  writer.write('hello\n')
  await streams.close()
  assert.equal(
    readFileSync(join(folder, 'domain/People/app/worker-0001/People-0-1.log'), 'utf8'),
    '1970-01-01T00:00:00.000Z hello\n',
  )
  assert.deepEqual(readdirSync(folder), ['domain'])
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(
    statSync(join(folder, 'domain/People/app/worker-0001/People-0-1.log')).mode & 0o777,
    0o600,
  )
  assert.deepEqual(await listStreams(folder), ['/domain/People/app/worker-0001/People-0-1'])
  assert.deepEqual(await listStreams(join(root, 'nowhere')), [])
})

test('a stream from before is continued, within its limit', async () => {
  const folder = join(root, 'continued')
  const limits = { streamBytesMax: 100 }
  for (let run = 0; run < 5; run++) {
    const { streams } = openFiles({ limits }, folder)
    streams.writer('/app').write(`run ${run}\n`)
    await streams.close()
  }
  assert.deepEqual(await texts(readLogs(folder)), ['run 0', 'run 1', 'run 2', 'run 3', 'run 4'])
  assert.ok(statSync(join(folder, 'app.log')).size <= 100)
  assert.ok(statSync(join(folder, 'app.log.old')).size <= 100)
})

test('a full disk costs lines but no memory, and the loss is reported later', async () => {
  const folder = join(root, 'full')
  mkdirSync(folder)
  writeFileSync(join(folder, 'sim'), 'a file where a folder should be')
  const { streams } = openFiles({}, folder)
  streams.writer('/sim/management').write('one\ntwo\n')
  await streams.flush()
  rmSync(join(folder, 'sim'))
  streams.writer('/sim/management').write('three\n')
  await streams.close()
  const lines = await texts(readLogs(folder))
  assert.match(lines[0], /^\[heddle\] dropped 2 lines, \d+ bytes$/)
  assert.equal(lines[1], 'three')
})

test('an app that writes without end costs bounded memory and disk', async () => {
  const folder = join(root, 'endless')
  const { streams } = openFiles(
    { limits: { streamBytesMax: 100_000_000, burstBytes: 500_000 } },
    folder,
  )
  const writer = streams.writer('/app')
  const chunk = Buffer.from(`${'y'.repeat(63)}\n`.repeat(1024))
  global.gc?.()
  const before_ = process.memoryUsage().rss
  // Writes 64 MiB at once, so that no batch is written meanwhile.
  for (let index = 0; index < 1024; index++) writer.write(chunk)
  assert.ok(process.memoryUsage().rss - before_ < 100_000_000)
  await streams.close()
  const lines = await texts(readLogs(folder))
  const dropped = lines
    .map((line) => Number(/dropped (\d+) lines/.exec(line)?.[1] ?? 0))
    .reduce((a, b) => a + b)
  const reports = lines.filter((line) => line.startsWith('[heddle]')).length
  assert.equal(lines.length - reports + dropped, 1024 * 1024)
  assert.ok(statSync(join(folder, 'app.log')).size < 20_000_000)
})

test('files that something else wrote are read line by line too', async () => {
  const folder = join(root, 'foreign')
  mkdirSync(folder)
  writeFileSync(join(folder, 'a.log'), 'no time\n2024-01-01T00:00:00.000Z with time\nagain none\n')
  appendFileSync(join(folder, 'notes.txt'), 'no log')
  chmodSync(join(folder, 'notes.txt'), 0)
  assert.deepEqual(await collect(readLogs(folder)), [
    { stream: '/a', time: '1970-01-01T00:00:00.000Z', text: 'no time' },
    { stream: '/a', time: '2024-01-01T00:00:00.000Z', text: 'with time' },
    { stream: '/a', time: '2024-01-01T00:00:00.000Z', text: 'again none' },
  ])
})

test('a torn line of a full disk or a killed process is ended before the next', async () => {
  const folder = join(root, String(counter++))
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'stream.log'),
    '2026-01-01T00:00:00.000Z whole\n2026-01-01T00:00:01.000Z to',
  )
  const streams = openLogStreams(folder, { now: () => Date.UTC(2026, 0, 2) })
  streams.writer('/stream').write('next\n')
  await streams.flush()
  streams.writer('/stream').write('last\n')
  await streams.close()
  assert.deepEqual(readFileSync(join(folder, 'stream.log'), 'utf8').split('\n'), [
    '2026-01-01T00:00:00.000Z whole',
    '2026-01-01T00:00:01.000Z to',
    '2026-01-02T00:00:00.000Z next',
    '2026-01-02T00:00:00.000Z last',
    '',
  ])
})
