// The reference of the crowd: the sample's own steps over plain typed arrays, all people in one
// process, without fabric, borders or barrier. Forked with its number of people and half the side
// of their square. A message says for how many milliseconds to run; the answer is the CPU time of a
// step, which other load on the machine does not change.

import { personField, startOf } from '../../samples/crowd/spatial/person.ts'
import { REACH, Walk } from '../../samples/crowd/spatial/step.ts'
import { Neighbourhood } from '../../sdk/typescript/src/neighbourhood.ts'

const count = Number(process.argv[2])
const half = Number(process.argv[3])
const SEED = 7
const world = { minX: -half, maxX: half, minY: -half, maxY: half }
const states = new Uint8Array(count).fill(1)
const positions = new Float32Array(count * 3)
const columns = personField.columnsOn(
  new Uint8Array(count * personField.bytes),
  personField.bytes,
  count,
)
for (let person = 0; person < count; person++) {
  const { x, y } = startOf(SEED, person, world)
  positions.set([x, y, 0], person * 3)
  columns.number.values[person * columns.number.stride + columns.number.offset] = person
}
const walk = new Walk(SEED, world)
const neighbourhood = new Neighbourhood()
const everybody = { count, positions, ids: new Float64Array(count), types: new Uint32Array(count) }
const nobody = {
  count: 0,
  positions: new Float32Array(0),
  ids: new Float64Array(0),
  types: new Uint32Array(0),
}

process.on('message', (durationMs: number) => {
  const startedAtMs = performance.now()
  const before = process.cpuUsage()
  let steps = 0
  for (; performance.now() - startedAtMs < durationMs; steps++) {
    neighbourhood.build(REACH, everybody, states, nobody)
    neighbourhood.listAll(states)
    walk.step({ states, positions, columns }, neighbourhood)
  }
  const { user, system } = process.cpuUsage(before)
  process.send!({ stepCpuMs: (user + system) / 1000 / steps })
})
