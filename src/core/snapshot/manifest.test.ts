import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SnapshotHeader } from '../entities/partition-state.ts'
import { buildManifest, type Manifest, manifestHeader, parseManifest } from './manifest.ts'
import {
  DEFAULT_SNAPSHOT_LIMITS,
  isSnapshotFault,
  type SnapshotFaultName,
} from './snapshot-fault.ts'

const HEADER: SnapshotHeader = {
  simulationName: 'market',
  executionId: 'e-1',
  tick: 321,
  takenAtMs: 1_760_000_000_123,
  nextIdLane: 9,
  grids: [{ domain: 'Crowd', columns: 2, rows: 1, bounds: { x: [-10, 10], y: [0, 5.5] } }],
  apps: [{ domain: 'Crowd', name: 'a', lifecycle: 'BySpatialSubdivision', status: 'STARTED' }],
  stateHash: '00ff00ff00ff00ff',
  schemaText: 'sdk_version: "1.17"\n',
  heddleVersion: '0.1.0',
}
const SHA256 = '0'.repeat(64)

function manifest(): Manifest {
  const spatial = {
    domain: 'Crowd',
    lifecycle: 'BySpatialSubdivision' as const,
    bytes: 1000,
    sha256: SHA256,
  }
  const built = buildManifest(HEADER, {
    schema: { bytes: 20, sha256: SHA256 },
    stateHash: HEADER.stateHash,
    partitions: [
      {
        ...spatial,
        path: 'entities/Crowd/a.arrow',
        name: 'a',
        cell: { x: 0, y: 0 },
        idLane: 1,
        idCounter: 5,
        rows: 2,
        fields: [1, 4],
        shapes: [{ field: 2, typeId: 600, shape: 'f32x3' }],
      },
      {
        ...spatial,
        path: 'entities/Crowd/b.arrow',
        name: 'b',
        cell: { x: 1, y: 0 },
        idLane: 2,
        idCounter: 1,
        rows: 0,
        fields: [],
        shapes: [],
      },
    ],
  })
  return structuredClone(built)
}

function checkRefused(text: string, fault: SnapshotFaultName, message: RegExp): void {
  const refused = parseManifest(text, {
    ...DEFAULT_SNAPSHOT_LIMITS,
    fieldIndexMax: 63,
    entitiesMax: 1000,
  })
  assert.ok(isSnapshotFault(refused), `${text} was not refused`)
  assert.equal(refused.fault, fault)
  assert.match(refused.message, message)
}

/**
 * Refused after the member at a path like `partitions.1.rows` of a good manifest was given this
 * value.
 */
function checkSet(path: string, value: unknown, fault: SnapshotFaultName, message: RegExp): void {
  const changed = manifest()
  const members = path.split('.')
  const last = members.pop()!
  const owner = members.reduce<object>((object, member) => Reflect.get(object, member), changed)
  Reflect.set(owner, last, value)
  checkRefused(JSON.stringify(changed), fault, message)
}

/** Refused after `change` was made to a good manifest. */
function checkChange(
  change: (manifest: Manifest) => void,
  fault: SnapshotFaultName,
  message: RegExp,
): void {
  const changed = manifest()
  change(changed)
  checkRefused(JSON.stringify(changed), fault, message)
}

test('a manifest comes back as it was, and gives the header', () => {
  const back = parseManifest(JSON.stringify(manifest()), DEFAULT_SNAPSHOT_LIMITS)
  assert.deepEqual(back, manifest())
  assert.ok(!isSnapshotFault(back))
  assert.deepEqual(manifestHeader(back, HEADER.schemaText), HEADER)
})

test('members that an older reader may ignore are ignored', () => {
  const back = parseManifest(
    JSON.stringify({ ...manifest(), comment: 'later' }),
    DEFAULT_SNAPSHOT_LIMITS,
  )
  assert.deepEqual(back, manifest())
})

test('what is not JSON, or another format, is refused as that', () => {
  checkRefused('{', 'BadManifest', /not JSON/)
  for (const text of ['null', '[]', '7', '{}', '{"format":"other","formatVersion":1}']) {
    checkRefused(text, 'NotASnapshot', /heddle-snapshot/)
  }
})

test('a newer format is refused with both versions, whatever else it holds', () => {
  checkRefused(
    '{"format":"heddle-snapshot","formatVersion":4}',
    'NewerFormat',
    /newer format 4; this program reads up to 3/,
  )
})

test('a member that is missing or of another type is named', () => {
  checkRefused(
    '{"format":"heddle-snapshot","formatVersion":1}',
    'BadManifest',
    /heddleVersion: .* more\)/,
  )
  checkSet('partitions.1.rows', '0', 'BadManifest', /partitions\.1\.rows/)
  checkSet('tick', -1, 'BadManifest', /tick/)
  checkSet('tick', 2 ** 53, 'BadManifest', /tick/)
  checkSet('takenAt', 'yesterday', 'BadManifest', /takenAt/)
  checkSet('stateHash', 'F'.repeat(16), 'BadManifest', /stateHash/)
  checkSet('grids.0.bounds.x', [1, 1], 'BadManifest', /bounds/)
})

test('counts that do not add up are refused', () => {
  checkSet('entities', 3, 'CountMismatch', /says 3 entities, but its partitions have 2/)
})

test('paths that leave their folder, or are not those of their partition, are refused', () => {
  checkSet('partitions.0.path', '../a.arrow', 'BadManifest', /path of Crowd\/a/)
  checkSet('partitions.0.domain', '..', 'BadManifest', /domain/)
  checkSet('partitions.0.name', 'a/b', 'BadManifest', /name/)
})

test('what may be there only once is refused twice', () => {
  checkSet('partitions.1.idLane', 1, 'BadManifest', /id lane 1 is there twice/)
  checkSet('partitions.1.cell', { x: 0, y: 0 }, 'BadManifest', /cell Crowd 0,0/)
  checkChange(
    (changed) => void changed.apps.push(changed.apps[0]!),
    'BadManifest',
    /the app Crowd\/a/,
  )
  checkChange(
    (changed) => void changed.grids.push(changed.grids[0]!),
    'BadManifest',
    /grid of the domain Crowd/,
  )
  checkChange(
    (changed) => {
      changed.partitions[1] = { ...changed.partitions[0]!, idLane: 5, rows: 0 }
    },
    'BadManifest',
    /partition entities\/Crowd\/a.arrow/,
  )
})

test('lanes, cells and fields that can not be are refused', () => {
  checkSet('nextIdLane', 2, 'BadManifest', /id lane 2, not yet given/)
  checkSet('nextIdLane', 2 ** 21 + 1, 'BadManifest', /nextIdLane/)
  checkSet('partitions.0.idCounter', 2 ** 32 + 1, 'BadManifest', /idCounter/)
  checkSet('tick', 2 ** 53 - 1, 'BadManifest', /tick/)
  checkSet('partitions.0.cell', { x: 2, y: 0 }, 'BadManifest', /not in its domain's grid/)
  checkSet('partitions.0.lifecycle', 'ByRequest', 'BadManifest', /not spatial/)
  checkSet('partitions.0.fields', [4, 4], 'BadManifest', /do not rise/)
})

test('what is over a limit is refused with it', () => {
  checkSet('partitions.0.fields', [64], 'TooLarge', /field 64 .* limit of 63/)
  checkSet('partitions.0.bytes', 2 ** 40, 'TooLarge', /1099511628796 bytes, over/)
  checkSet(
    'partitions.0.bytes',
    2 ** 33,
    'TooLarge',
    /8589934592 bytes in entities\/Crowd\/a.arrow/,
  )
  checkChange(
    (changed) => {
      changed.entities = 1001
      changed.partitions[0]!.rows = 1001
    },
    'TooLarge',
    /1001 entities/,
  )
})

test('any JSON at all is refused or read, never thrown at', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.ok(isSnapshotFault(parseManifest(text, DEFAULT_SNAPSHOT_LIMITS)))
    }),
  )
})
