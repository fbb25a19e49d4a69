import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { columns, fieldColumns, groupColumns, messageColumns } from './columns.ts'
import {
  clockMeterRecord,
  controlRecord,
  partitionMeterRecord,
  partitionRecord,
} from './control-records.ts'
import { controlLayout, fieldLayout, messageLayout, partitionLayout } from './layout.ts'
import {
  appMeterRecord,
  appRecord,
  partitionHeaderRecord,
  sideRecord,
} from './partition-records.ts'
import { type ColumnEntry, kindBytes, type PlacedColumns, type PlacedRecord } from './placing.ts'
import { type FabricSizes, strideFor } from './sizes.ts'

interface Range {
  name: string
  start: number
  bytes: number
}

const sizesOf = fc.record<FabricSizes>({
  partitionCapacity: fc.integer({ min: 1, max: 3000 }),
  entityLimit: fc.integer({ min: 1, max: 2_000_000 }),
  fieldBytesMax: fc.integer({ min: 1, max: 65_536 }),
  messageLimit: fc.integer({ min: 0, max: 70_000 }),
  messageBytesMax: fc.integer({ min: 0, max: 65_536 }),
  messageHeapBytes: fc.integer({ min: 0, max: 2 ** 26 }),
})

/** Nothing overlaps, nothing reaches beyond the end. */
function checkRanges(ranges: Range[], end: number): void {
  const sorted = ranges.filter(({ bytes }) => bytes > 0).sort((a, b) => a.start - b.start)
  sorted.forEach(({ name, start, bytes }, place) => {
    const next = sorted[place + 1]?.start ?? end
    assert.ok(
      start >= 0 && start + bytes <= next,
      `${name} reaches to ${start + bytes}, beyond ${next}`,
    )
  })
}

function rangesOf<Name extends string>(
  entries: readonly ColumnEntry<Name>[],
  placed: PlacedColumns<Name>,
  alignBytes = 4096,
): Range[] {
  return entries.map(({ name, kind }) => {
    assert.equal(
      placed.offsetBytes[name] % alignBytes,
      0,
      `${name} does not start at a multiple of ${alignBytes}`,
    )
    return { name, start: placed.offsetBytes[name], bytes: placed.length[name] * kindBytes[kind] }
  })
}

function recordRanges(record: PlacedRecord<string>, start: number): Range[] {
  return record.entries.map(({ name, kind, count, line }) => {
    const offset = record.offsetBytes[name]
    assert.equal(offset % (line ? 64 : kindBytes[kind]), 0, `${name} is not aligned`)
    assert.equal(record.index[name] * kindBytes[kind], offset)
    return { name, start: start + offset, bytes: (count ?? 1) * kindBytes[kind] }
  })
}

test('entries of a record are aligned and apart', () => {
  const records = [
    controlRecord,
    partitionRecord,
    partitionMeterRecord,
    clockMeterRecord,
    sideRecord,
    partitionHeaderRecord,
  ]
  for (const record of records) {
    checkRanges(recordRanges(record, 0), record.bytes)
    assert.equal(record.bytes % 64, 0)
  }
})

test("a partition's parts are apart, each column of entities on pages of its own", () => {
  fc.assert(
    fc.property(sizesOf, (sizes) => {
      const { appMeterOffset, headerOffset, sideOffsets, groups, sides, bytes, headBytes } =
        partitionLayout(sizes)
      const head = [
        ...recordRanges(appRecord, 0),
        ...recordRanges(appMeterRecord, appMeterOffset),
        ...recordRanges(partitionHeaderRecord, headerOffset),
        ...sideOffsets.flatMap((start) => recordRanges(sideRecord, start)),
        ...groups.flatMap((side) => rangesOf(groupColumns, side, 64)),
      ]
      checkRanges(head, headBytes)
      checkRanges([...head, ...sides.flatMap((side) => rangesOf(columns, side))], bytes)
      assert.equal(bytes % 4096, 0)
    }),
  )
})

test('the control file holds its record, asked ticks, partitions and meters apart', () => {
  fc.assert(
    fc.property(sizesOf, ({ partitionCapacity }) => {
      const { askedOffset, partitionsOffset, clockMeterOffset, partitionMetersOffset, bytes } =
        controlLayout(partitionCapacity)
      const partitions = {
        name: 'partitions',
        start: partitionsOffset,
        bytes: partitionCapacity * partitionRecord.bytes,
      }
      const asked = { name: 'asked', start: askedOffset, bytes: partitionCapacity * 4 }
      const meters = {
        name: 'partitionMeters',
        start: partitionMetersOffset,
        bytes: partitionCapacity * partitionMeterRecord.bytes,
      }
      const clockMeter = recordRanges(clockMeterRecord, clockMeterOffset)
      checkRanges(
        [...recordRanges(controlRecord, 0), asked, partitions, ...clockMeter, meters],
        bytes,
      )
      for (const start of [partitionsOffset, clockMeterOffset, partitionMetersOffset])
        assert.equal(start % 64, 0)
    }),
  )
})

test('fields and messages hold their columns and their data apart', () => {
  fc.assert(
    fc.property(sizesOf, fc.integer({ min: 1, max: 16_384 }), (sizes, strideWords) => {
      const field = fieldLayout(sizes, strideWords * 4)
      const data = {
        name: 'data',
        start: field.dataOffset,
        bytes: sizes.entityLimit * strideWords * 4,
      }
      checkRanges([...rangesOf(fieldColumns, field), data], field.bytes)
      const messages = messageLayout(sizes)
      const heap = { name: 'heap', start: messages.heapOffset, bytes: sizes.messageHeapBytes }
      checkRanges([...rangesOf(messageColumns, messages), heap], messages.bytes)
    }),
  )
})

test('a wider stride moves only the end of a field segment', () => {
  fc.assert(
    fc.property(
      sizesOf,
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 100 }),
      (sizes, one, other) => {
        const { offsetBytes, dataOffset } = fieldLayout(sizes, one * 4)
        const again = fieldLayout(sizes, other * 4)
        assert.deepEqual([again.offsetBytes, again.dataOffset], [offsetBytes, dataOffset])
      },
    ),
  )
})

test('a stride is whole words, large enough, never shrinks, and keeps the limit of a field', () => {
  fc.assert(
    fc.property(sizesOf, fc.nat(65_536), fc.nat(16_384), (sizes, bytes, wordsBefore) => {
      fc.pre(bytes <= sizes.fieldBytesMax)
      const most = Math.ceil(sizes.fieldBytesMax / 4) * 4
      const before = Math.min(wordsBefore * 4, most)
      const stride = strideFor(bytes, before, sizes)
      assert.ok(
        stride % 4 === 0 && stride >= bytes && stride >= before && stride >= 4 && stride <= most,
      )
    }),
  )
})
