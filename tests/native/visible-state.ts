// All of a committed tick that anybody may look at: a reader, the barrier, a snapshot, or an owner
// that is started again. Owns what is compared, and the table of what is not.

import { createHash } from 'node:crypto'
import { rowState } from '../../src/core/fabric/memory/columns.ts'
import type { Fabric } from '../../src/core/fabric/memory/fabric.ts'
import { partitionFile, partitionLayout, tableNumber } from '../../src/core/fabric/memory/layout.ts'
import type { PartitionMemory } from '../../src/core/fabric/memory/partition-memory.ts'
import {
  appRecord,
  partitionHeaderRecord,
  sideRecord,
} from '../../src/core/fabric/memory/partition-records.ts'
import { kindBytes, type PlacedRecord } from '../../src/core/fabric/memory/placing.ts'
import type { Side } from '../../src/core/fabric/memory/side.ts'
import { FIELD_INDEX_MAX } from '../../src/core/fabric/memory/sizes.ts'

/**
 * Never compared: nobody may look at it. Nor is what lies behind the rows, groups, messages, boxes
 * and entries in use, or behind a value; nor free rows, but for that they are free.
 */
const EXCLUDED: Record<string, string> = {
  pid: 'the process that computed it',
  attached: 'the launch that computed it',
  destroyed: 'of that process',
}

type Line = (name: string, ...values: (number | string)[]) => void

/** A line for each number, or for each column by its hash: two that differ say where. */
export function visibleState(fabric: Fabric, tick: number): string[] {
  const lines: string[] = []
  for (const index of fabric.partitions()) {
    const memory = fabric.partition(index)
    const line: Line = (name, ...values) => lines.push(`${index} ${name} ${values.join(' ')}`)
    addRecords(fabric, memory, tick, line)
    const side = memory.side(tick)
    const rows = Array.from({ length: side.rows }, (_, row) => row)
    const used = rows.filter((row) => side.state[row] !== rowState.free)
    line('state', hashOf(rows.map((row) => side.state[row])))
    const columns = { id: side.id, type: side.type, destination: side.destination }
    for (const [name, column] of Object.entries(columns))
      line(name, hashOf(used.map((row) => column[row])))
    line('changed', hashOf(used.map((row) => side.changed[row])))
    line(
      'position',
      hashOf(used.flatMap((row) => [...side.position.subarray(row * 3, row * 3 + 3)])),
    )
    addFields(memory, tick, used, line)
    addGroups(memory, side, tick, line)
    addIndex(memory, side, tick, line)
  }
  return lines
}

function addRecords(fabric: Fabric, memory: PartitionMemory, tick: number, line: Line): void {
  const { app, header, side } = recordsOf(fabric, memory, tick)
  addRecord('app', appRecord, app, line)
  addRecord('header', partitionHeaderRecord, header, line)
  const interests = memory.side(tick).get('interests')
  const isIndexed = memory.side(tick).get('indexed') === 1
  addRecord('side', sideRecord, side, (name, ...values) => {
    if (name === 'side.interestDomain') line(name, ...values.slice(0, interests))
    else if (name === 'side.interestBox') line(name, ...values.slice(0, interests * 4))
    // There is no field 0.
    else if (name === 'side.fieldStride') line(name, ...values.slice(1))
    else if (isIndexed || !/index[A-Z]|quiet/.test(name)) line(name, ...values)
  })
}

function recordsOf(fabric: Fabric, memory: PartitionMemory, tick: number) {
  const { headerOffset, sideOffsets, bytes } = partitionLayout(memory.sizes)
  const name = partitionFile(memory.index, memory.epoch, 'state')
  const { buffer, startBytes } = fabric.segments.open(name, { offsetBytes: 0, bytes }, false)
  const at = (offset: number, length: number) => new Uint8Array(buffer, startBytes + offset, length)
  return {
    app: at(0, appRecord.bytes),
    header: at(headerOffset, partitionHeaderRecord.bytes),
    side: at(sideOffsets[tick % 2], sideRecord.bytes),
  }
}

function addRecord(
  record: string,
  { entries, offsetBytes }: PlacedRecord<string>,
  bytes: Uint8Array,
  line: Line,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const { name, kind, count = 1 } of entries) {
    if (EXCLUDED[name]) continue
    const values = Array.from({ length: count }, (_, place) => {
      const at = offsetBytes[name] + place * kindBytes[kind]
      if (kind === 'f64') return view.getFloat64(at, true)
      return kind === 'u8' ? view.getUint8(at) : view.getUint32(at, true)
    })
    line(`${record}.${name}`, ...values)
  }
}

function addFields(memory: PartitionMemory, tick: number, used: number[], line: Line): void {
  for (let field = 1; field <= FIELD_INDEX_MAX; field++) {
    const view = memory.field(tick % 2, field)
    if (!view) continue
    const { length, typeId, data, stride } = view
    line(`field ${field} lengths`, hashOf(used.map((row) => length[row])))
    const holders = used.filter((row) => length[row] > 0)
    line(`field ${field} types`, hashOf(holders.map((row) => typeId[row])))
    const values = holders.map((row) => data.subarray(row * stride, row * stride + length[row] - 1))
    line(`field ${field} data`, hashOf(values.flatMap((value) => [...value])))
  }
}

function addGroups(memory: PartitionMemory, side: Side, tick: number, line: Line): void {
  const { handoffTarget, handoffStart, handoffCount, handoffGranted } = side
  let leaving = 0
  for (let group = 0; group < side.get('handoffGroups'); group++) {
    line(
      `handoff ${group}`,
      handoffTarget[group],
      handoffStart[group],
      handoffCount[group],
      handoffGranted[group],
    )
    leaving += handoffCount[group]
  }
  line('leaving', ...side.leavingRow.subarray(0, leaving))
  for (let group = 0; group < side.get('incomingGroups'); group++)
    line(`incoming ${group}`, side.incomingSource[group], side.incomingGroup[group])
  const { messageTarget, messageStart, messageCount } = side
  for (let group = 0; group < side.get('messageGroups'); group++)
    line(`messages ${group}`, messageTarget[group], messageStart[group], messageCount[group])
  const count = side.get('messages')
  if (count === 0) return
  const { start, bytes, heap } = memory.messages(tick % 2)
  for (let place = 0; place < count; place++)
    line(
      `message ${place}`,
      start[place],
      hashOf([...heap.subarray(start[place], start[place] + bytes[place])]),
    )
}

function addIndex(memory: PartitionMemory, side: Side, tick: number, line: Line): void {
  if (side.get('indexed') === 0) return
  const bins = side.get('indexBins') ** 2
  const { start, row, x, y } = memory.indexSegment(side.get('indexTable'))
  const entries = start[bins]
  line('index starts', hashOf([...start.subarray(0, bins + 1)]))
  line('index rows', hashOf([...row.subarray(0, entries)]))
  line('index places', hashOf([...x.subarray(0, entries), ...y.subarray(0, entries)]))
  const changes = side.get('indexChanges')
  const { changedRow, changedSince } = memory.indexSegment(tick % 2)
  line('index changes', ...changedRow.subarray(0, changes))
  // Without changes nobody looks at it.
  const table = tableNumber(side.float('indexTick'))
  if (changes > 0)
    line(
      'index changed',
      hashOf([...row.subarray(0, entries)].map((at) => Number(changedSince[at] === table))),
    )
}

/** Every NaN counts as the same one. */
function hashOf(numbers: number[]): string {
  return createHash('sha1').update(new Float64Array(numbers)).digest('base64')
}
