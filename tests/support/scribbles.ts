// What an app may write over: every number and list that it writes and that others go by, as
// arguments of tests/apps/scribbler.ts.
// Owns the table and where each number lies (on side 0, which has the even ticks); never writes.

import {
  indexLayout,
  messageLayout,
  type PartitionFile,
  partitionLayout,
} from '../../src/core/fabric/memory/layout.ts'
import {
  appRecord,
  partitionHeaderRecord,
  sideRecord,
} from '../../src/core/fabric/memory/partition-records.ts'
import { type FabricSizes, FIELD_INDEX_MAX } from '../../src/core/fabric/memory/sizes.ts'

const MOST = 0xffff_ffff

interface Scribbles {
  /** By the number that the reason names: the clock refuses the commit. */
  refused: Record<string, string[]>
  /** Nobody goes by it, or whoever does bounds it: the world goes on, and the app too. */
  harmless: Record<string, string[]>
  /** Values of rows, which are the app's own business, and must not harm who reads them. */
  rows: string[]
}

export function scribblesIn(sizes: FabricSizes): Scribbles {
  const { headerOffset, sideOffsets, groups, sides } = partitionLayout(sizes)
  const messages = messageLayout(sizes).offsetBytes
  const index = indexLayout(sizes).offsetBytes
  const write = (file: PartitionFile, place: number, value: number, kind: 'u32' | 'f64' = 'u32') =>
    `${file}:${place}:${kind}:${value}`
  const app = (name: keyof typeof appRecord.offsetBytes, value: number, kind?: 'f64') =>
    write('state', appRecord.offsetBytes[name], value, kind)
  const claim = (name: keyof typeof partitionHeaderRecord.offsetBytes, value: number, at = 0) =>
    write('state', headerOffset + partitionHeaderRecord.offsetBytes[name] + 4 * at, value)
  const side = (name: keyof typeof sideRecord.offsetBytes, value: number, at = 0) =>
    write('state', sideOffsets[0] + sideRecord.offsetBytes[name] + 4 * at, value)
  const float = (name: keyof typeof sideRecord.offsetBytes, value: number) =>
    write('state', sideOffsets[0] + sideRecord.offsetBytes[name], value, 'f64')
  const group = (name: keyof (typeof groups)[0]['offsetBytes'], value: number) =>
    write('state', groups[0].offsetBytes[name], value)
  const row = (name: keyof (typeof sides)[0]['offsetBytes'], value: number, kind?: 'f64') =>
    write('state', sides[0].offsetBytes[name], value, kind)
  const handoff = [
    side('handoffGroups', 1),
    group('handoffTarget', 0),
    group('handoffStart', 0),
    group('handoffCount', 1),
  ]
  return {
    refused: {
      interestsTick: [app('interestsTick', 1e9, 'f64')],
      fieldsTick: [app('fieldsTick', Number.NaN, 'f64')],
      claimedRows: [claim('claimedRows', 0xa7a7_a7a7)],
      claimedFieldStride: [claim('claimedFieldStride', MOST, 1), claim('claimedPages', 1)],
      claimedIndexRows: [claim('claimedIndexRows', MOST), claim('claimedPages', 1)],
      claimedIndexChanges: [claim('claimedIndexChanges', MOST), claim('claimedPages', 1)],
      claimedMessages: [claim('claimedMessages', MOST), claim('claimedPages', 1)],
      claimedHeapBytes: [claim('claimedHeapBytes', MOST), claim('claimedPages', 1)],
      claimedShapes: [claim('claimedShapes', MOST), claim('claimedPages', 1)],
      claimedPages: [claim('claimedPages', MOST)],
      tick: [float('tick', 1e6)],
      everyRowChanged: [float('everyRowChanged', Number.NaN)],
      rows: [side('rows', MOST)],
      nextRow: [side('nextRow', MOST)],
      population: [side('population', 100_000)],
      capacity: [side('capacity', 0)],
      strays: [side('strays', 2)],
      interests: [side('interests', 17)],
      idLane: [float('idLane', 1)],
      idCounter: [float('idCounter', 0.5)],
      'fieldStride of field 1': [side('fieldStride', 4096, 1)],
      [`fieldStride of field ${FIELD_INDEX_MAX}`]: [side('fieldStride', 4, FIELD_INDEX_MAX)],
      indexed: [side('indexed', 2)],
      indexTable: [side('indexed', 1), side('indexTable', 2)],
      indexBins: [side('indexed', 1), side('indexBins', 1000)],
      indexTick: [side('indexed', 1), side('indexBins', 1), float('indexTick', 1e9)],
      indexChanges: [side('indexed', 1), side('indexBins', 1), side('indexChanges', 5)],
      handoffGroups: [side('handoffGroups', MOST)],
      incomingGroups: [side('incomingGroups', 1)],
      'handoffTarget of group 0': [...handoff, group('handoffTarget', 60_000)],
      'handoffStart of group 0': [...handoff, group('handoffStart', 3)],
      'handoffCount of group 0': [...handoff, group('handoffCount', MOST)],
      'leavingRow 0': [...handoff, row('leavingRow', MOST)],
      messages: [side('messages', 1_000_000)],
      messageGroups: [side('messageGroups', MOST)],
      'messageTarget of group 0': [group('messageTarget', MOST)],
      'messageStart of group 0': [group('messageStart', 1)],
      messageCount: [group('messageCount', MOST)],
      'bytes of message 0': [write('messages', messages.bytes, MOST)],
      'start of message 0': [write('messages', messages.start, MOST)],
    },
    harmless: {
      attached: [app('attached', MOST)],
      destroyed: [app('destroyed', MOST)],
      pid: [app('pid', 1)],
      finish: [app('finish', MOST), app('finishReasonBytes', MOST), app('fetches', MOST)],
      interestBox: [side('interestDomain', MOST), float('interestBox', Number.NaN)],
    },
    rows: [
      row('id', Number.NaN, 'f64'),
      row('type', MOST),
      row('state', 0xffc8_0201),
      row('destination', MOST),
      row('changed', MOST),
      row('position', 0x7fc0_0000),
      row('leavingRow', MOST),
      write('fields', 0, MOST),
      write('index', index.start, MOST),
      write('index', index.row, MOST),
      write('index', index.changedRow, MOST),
    ],
  }
}
