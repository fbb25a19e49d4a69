// A spatial app that checks what it reads. Its entities carry a mark, move, bounce, end and begin,
// in bulk and as a function of ids and ticks alone. In each tick it checks every entity that it
// owns or subscribes to, and prints every fault:
// `node checked.ts --entities 2000 --crash Cells-0-0@20:sweep`

import { parseArgs } from 'node:util'
import {
  createApplication,
  type OwnedColumns,
  type Subscription,
  type Transaction,
} from '@heddle/sdk'
import { Fate } from './fate.ts'
import { Findings } from './findings.ts'
import {
  birthOf,
  defineLoad,
  isDying,
  isWritten,
  MarkedColumns,
  mark,
  mixed,
  modeOf,
} from './mark.ts'

const { values } = parseArgs({
  options: {
    /** Entities that each app makes in the world's first tick. */
    entities: { type: 'string', default: '1000' },
    /** Only the first cell makes entities, and they never leave it. */
    crowded: { type: 'boolean', default: false },
    /** Width of the subscription beyond the cell. */
    border: { type: 'string', default: '50' },
    /** Bytes of another field that all entities have; a multiple of 4. */
    load: { type: 'string', default: '0' },
    /** Domain that gets all entities every fifth tick. */
    to: { type: 'string' },
    /** First tick without changes. */
    until: { type: 'string', default: '1000000000' },
    /** `<app>@<tick>:<how>`, repeatable. */
    crash: { type: 'string', multiple: true, default: [] },
  },
})
const border = Number(values.border)
const until = Number(values.until)
const load = defineLoad(Number(values.load))
const application = createApplication()
const [{ appName, domain, bounds }] = application.assignedPartitions()
const cell = bounds!
const cells = application
  .allPartitions()
  .flatMap((other) => (other.domain === domain ? [other.bounds!] : []))
const lowest = [
  Math.min(...cells.map(({ minX }) => minX)),
  Math.min(...cells.map(({ minY }) => minY)),
] as const
const isFirstCell = cell.minX === lowest[0] && cell.minY === lowest[1]
const highest = values.crowded
  ? ([cells[0].maxX - 1 / 8, cells[0].maxY - 1 / 8] as const)
  : ([
      Math.max(...cells.map(({ maxX }) => maxX)),
      Math.max(...cells.map(({ maxY }) => maxY)),
    ] as const)
const entityCount = values.crowded && !isFirstCell ? 0 : Number(values.entities)
const incarnation = Number(process.env.HEDDLE_INCARNATION)
const fate = new Fate(values.crash, appName, incarnation)
const findings = new Findings()
let subscription: Subscription | undefined

for (const transaction of application.updates()) {
  const { tick } = transaction
  if (subscription === undefined) console.log(`incarnation=${incarnation} tick=${tick}`)
  subscription ??= subscribe(transaction)
  fate.meet(tick, 'anywhere')
  const asOf = Math.min(tick, until) - 1
  findings.looked(
    'rejected',
    transaction.ownershipChanges().filter(({ kind }) => kind === 'Reject').length,
  )
  const covered = look(transaction, subscription, asOf)
  compareQuestions(transaction)
  if (tick < until) live(transaction)
  else checkOwned(MarkedColumns.ofOwned(transaction.owned, load), tick, asOf)
  // Values read at the start of a tick must stay valid to its end, whatever others write.
  for (const { marked, rows } of covered)
    for (const row of rows) findings.fault(tick, marked.faultOf(row, asOf))
  fate.meet(tick, 'commit')
}
findings.say()

function subscribe(transaction: Transaction): Subscription {
  const { minX, minY, maxX, maxY } = cell
  const box = { minX: minX - border, minY: minY - border, maxX: maxX + border, maxY: maxY + border }
  return transaction.createSubscriptionBoundingBox2F32(domain, box)
}

function look(
  transaction: Transaction,
  box: Subscription,
  asOf: number,
): { marked: MarkedColumns; rows: Uint32Array }[] {
  const { tick } = transaction
  return transaction.covered(box).map(({ columns, rows, x, y }) => {
    const marked = MarkedColumns.of(columns, load)
    for (let place = 0; place < rows.length; place++) {
      const row = rows[place]
      findings.fault(
        tick,
        marked.holds(row) ? marked.faultOf(row, asOf) : `row ${row} is covered, and empty`,
      )
      if (x[place] !== marked.positions[row * 3] || y[place] !== marked.positions[row * 3 + 1])
        findings.fault(
          tick,
          `row ${row} of partition ${columns.partition} is covered at another place`,
        )
    }
    findings.looked('covered', rows.length)
    return { marked, rows: rows.slice() }
  })
}

/** Asserts that queries of the index and a full picture contain the same entities, each once. */
function compareQuestions(transaction: Transaction): void {
  const { tick, owned } = transaction
  // Skipped before a sweep, which must find its positions as the last tick left them: a picture
  // would update them.
  if (tick === 1 || modeOf(tick) === 'sweep') return
  const radius = border / 2
  const picture = transaction.neighbourhood(radius, { list: false })
  const { states } = owned
  const isPresent = (_: number, entry: number) => entry >= picture.ownRows || states[entry] !== 0
  const ids = picture.ids.slice(0, picture.count).filter(isPresent).sort()
  for (let place = 1; place < ids.length; place++)
    if (ids[place] === ids[place - 1])
      findings.fault(tick, `entity ${ids[place]} is in the picture twice`)
  findings.looked('pictured', ids.length)
  for (let question = 0; question < 4; question++) {
    const x = cell.minX + (mixed(tick, question) / 2 ** 32) * (cell.maxX - cell.minX)
    const y = cell.minY + (mixed(question, tick) / 2 ** 32) * (cell.maxY - cell.minY)
    const found: number[] = []
    picture.at(x, y, radius, found)
    const pictured = Float64Array.from(found, (entry) => picture.ids[entry]).sort()
    const { ids: answer, count } = transaction.neighbours(x, y, radius)
    const answered = answer.slice(0, count).sort()
    if (answered.join() !== pictured.join())
      findings.fault(
        tick,
        `within ${radius} of (${x}, ${y}) are ${pictured}, and the answer was ${answered}`,
      )
    findings.looked('neighbours', count)
  }
}

function checkOwned(
  marked: MarkedColumns,
  tick: number,
  asOf: number,
  from = 0,
  to = marked.rows,
): void {
  for (let row = from; row < to; row++) {
    if (!marked.holds(row)) continue
    findings.fault(tick, marked.faultOf(row, asOf))
    findings.looked('owned', 1)
  }
}

function live(transaction: Transaction): void {
  const { tick, owned } = transaction
  const mode = modeOf(tick)
  if (tick === 1) storeAll(owned, tick, begin(owned, tick, entityCount))
  else if (mode === 'sweep') sweep(owned, tick)
  else {
    const marked = MarkedColumns.ofOwned(owned, load)
    checkOwned(marked, tick, tick - 1)
    if (mode === 'bulk') moveAll(owned, marked, tick)
    else if (mode === 'few') moveFew(owned, marked, tick)
  }
  if (tick > 1 && (mode === 'sweep' || mode === 'bulk')) storeAll(owned, tick, replace(owned, tick))
  if (values.to !== undefined && tick % 5 === 0)
    for (const entity of [...transaction.ownedEntities()])
      transaction.modifyEntityDomain(entity, values.to)
}

function sweep(owned: OwnedColumns, tick: number): void {
  let marked: MarkedColumns | undefined
  owned.sweep((positions, from, to) => {
    marked ??= MarkedColumns.ofOwned(owned, load, positions)
    checkOwned(marked, tick, tick - 1, from, to)
    for (let row = from; row < to; row++) {
      if (row === marked.rows >> 1) fate.meet(tick, 'sweep', 'hang')
      if (marked.holds(row)) move(marked, row)
    }
  })
}

function moveAll(owned: OwnedColumns, marked: MarkedColumns, tick: number): void {
  const half = marked.rows >> 1
  for (let row = 0; row < marked.rows; row++) {
    if (row === half) {
      owned.moved(0, half)
      fate.meet(tick, 'sweep', 'hang')
    }
    if (marked.holds(row)) move(marked, row)
  }
  owned.moved(half)
}

/** Moves one in sixteen, like an app in a calm world. */
function moveFew(owned: OwnedColumns, marked: MarkedColumns, tick: number): void {
  for (let row = 0; row < marked.rows; row++) {
    if (row === marked.rows >> 1) fate.meet(tick, 'sweep', 'store', 'create', 'hang')
    if (!marked.holds(row) || !isWritten(marked.ids[row], tick)) continue
    move(marked, row)
    marked.write(row, tick)
    owned.touch(row)
  }
}

/** Moves the row by its velocity, in eighths. At the edge of the room it stays, and turns round. */
function move(
  { positions, velocity: { values: steps, stride, offset } }: MarkedColumns,
  row: number,
): void {
  for (let axis = 0; axis < 2; axis++) {
    const place = row * stride + offset + axis
    const moved = positions[row * 3 + axis] + steps[place] / 8
    if (moved >= lowest[axis] && moved <= highest[axis]) positions[row * 3 + axis] = moved
    else steps[place] *= -1
  }
  positions[row * 3 + 2] += 1
}

/** Ends some entities, and begins as many in this cell. */
function replace(owned: OwnedColumns, tick: number): Uint32Array {
  const { ids, states, rows } = owned
  const dying: number[] = []
  for (let row = 0; row < rows; row++)
    if (states[row] !== 0 && isDying(ids[row], tick)) dying.push(row)
  owned.delete(dying)
  return begin(owned, tick, dying.length)
}

function begin(owned: OwnedColumns, tick: number, count: number): Uint32Array {
  const born = owned.create(512 + (tick % 5), count)
  fate.meet(tick, 'create')
  const marked = MarkedColumns.ofOwned(owned, load)
  for (const row of born) {
    const x = birthOf(marked.ids[row], 0, cell.minX, cell.maxX)
    const y = birthOf(marked.ids[row], 1, cell.minY, cell.maxY)
    marked.positions.set([x.at, y.at, 0], row * 3)
    marked.begin(row, tick, [x.velocity, y.velocity])
  }
  owned.touched(born)
  return born
}

/** Stores all owned rows: every one was written in this tick, and new ones have no mark yet. */
function storeAll(owned: OwnedColumns, tick: number, born: Uint32Array): void {
  const marked = MarkedColumns.ofOwned(owned, load)
  for (let row = 0; row < marked.rows; row++) {
    if (row === marked.rows >> 1) fate.meet(tick, 'store')
    if (marked.holds(row)) marked.write(row, tick)
  }
  owned.stored(mark)
  if (load) owned.stored(load)
  findings.looked('born', born.length)
}
