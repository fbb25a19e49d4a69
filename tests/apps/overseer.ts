// A custom app that sees the whole of a checked world. In each tick it checks that every entity is
// there, in one partition and whole, and that queries of parts of the world find what a scan of
// every row finds:
// `node overseer.ts --entities 8000 --domains Cells`

import { parseArgs } from 'node:util'
import { createApplication, type Subscription, type Transaction } from '@heddle/sdk'
import { Findings } from './findings.ts'
import { defineLoad, MarkedColumns } from './mark.ts'

const { values } = parseArgs({
  options: {
    domains: { type: 'string', default: 'Cells' },
    /** Number of entities in the world at each tick. */
    entities: { type: 'string', default: '0' },
    half: { type: 'string', default: '1000' },
    load: { type: 'string', default: '0' },
    until: { type: 'string', default: '1000000000' },
  },
})
const half = Number(values.half)
const until = Number(values.until)
const load = defineLoad(Number(values.load))
const domains = values.domains.split(',')
const findings = new Findings()
const everything = { minX: -half, minY: -half, maxX: half, maxY: half }
/** A cell's corner, a stripe across all cells, and a box around a border. */
const parts = [
  { minX: -half * 0.1, minY: -half * 0.1, maxX: half * 0.1, maxY: half * 0.1 },
  { minX: -half, minY: half * 0.3, maxX: half, maxY: half * 0.34 },
  { minX: -half * 0.55, minY: -half * 0.9, maxX: -half * 0.4, maxY: -half * 0.6 },
]
let whole: Subscription[] = []
let partial: Subscription[] = []

const application = createApplication()
for (const transaction of application.updates()) {
  if (whole.length === 0) {
    whole = domains.map((domain) =>
      transaction.createSubscriptionBoundingBox2F32(domain, everything),
    )
    partial = domains.flatMap((domain) =>
      parts.map((box) => transaction.createSubscriptionBoundingBox2F32(domain, box)),
    )
  }
  if (transaction.tick === 1) continue
  const places = lookAtAll(transaction)
  for (const part of partial) lookAtPart(transaction, part, places)
}
findings.say()

/** Returns all positions by id. */
function lookAtAll(
  transaction: Transaction,
): Map<number, { domain: string; x: number; y: number }> {
  const { tick } = transaction
  const asOf = Math.min(tick, until) - 1
  const places = new Map<number, { domain: string; x: number; y: number }>()
  for (const subscription of whole) {
    for (const { columns, rows, x, y } of transaction.covered(subscription)) {
      const marked = MarkedColumns.of(columns, load)
      for (let place = 0; place < rows.length; place++) {
        const id = columns.ids[rows[place]]
        if (places.has(id)) findings.fault(tick, `entity ${id} is in two partitions`)
        places.set(id, { domain: subscription.domain, x: x[place], y: y[place] })
        findings.fault(tick, marked.faultOf(rows[place], asOf))
      }
    }
  }
  if (places.size !== Number(values.entities))
    findings.fault(tick, `there are ${places.size} entities`)
  findings.looked('all', places.size)
  return places
}

function lookAtPart(
  transaction: Transaction,
  subscription: Subscription,
  places: ReadonlyMap<number, { domain: string; x: number; y: number }>,
): void {
  const { tick } = transaction
  const { minX, minY, maxX, maxY } = subscription
  const found = new Set<number>()
  for (const { columns, rows } of transaction.covered(subscription))
    for (const row of rows) found.add(columns.ids[row])
  findings.looked('part', found.size)
  for (const [id, { domain, x, y }] of places) {
    const isInside =
      domain === subscription.domain && x >= minX && x <= maxX && y >= minY && y <= maxY
    if (isInside !== found.has(id))
      findings.fault(
        tick,
        `entity ${id} at (${x}, ${y}) is ${isInside ? 'not found' : 'found'} ` +
          `in ${minX}, ${minY}, ${maxX}, ${maxY}`,
      )
  }
}
