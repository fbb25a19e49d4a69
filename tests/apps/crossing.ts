// A spatial app whose entities cross at once, in bulk. In tick 3 all entities of the first cell
// move into the last one; in tick 6 the last one ends some of its own. Each cell prints its count
// in each tick:
// `node crossing.ts --first 20000 --last 25000 --end 1000`

import { parseArgs } from 'node:util'
import { createApplication } from '@heddle/sdk'

const { values } = parseArgs({
  options: {
    /** Entities that the first cell makes in the world's first tick. */
    first: { type: 'string', default: '0' },
    /** Entities that the last cell makes. */
    last: { type: 'string', default: '0' },
    /** Entities that the last cell ends in tick 6. */
    end: { type: 'string', default: '0' },
    /** The last cell's entities cross to the first one in tick 3, too. */
    swap: { type: 'boolean', default: false },
    until: { type: 'string', default: '10' },
  },
})
const application = createApplication()
const [{ appName, bounds }] = application.assignedPartitions()
const { minX, minY, maxX, maxY } = bounds!
const cells = application.allPartitions().map((partition) => partition.bounds!)
const isFirst = minX === Math.min(...cells.map((cell) => cell.minX))
const across = isFirst ? maxX - minX : minX - maxX

for (const transaction of application.updates()) {
  const { tick, owned } = transaction
  if (tick > Number(values.until)) continue
  const changes = transaction.ownershipChanges()
  const count = (kind: string) => changes.filter((change) => change.kind === kind).length
  console.log(
    `tick=${tick} app=${appName} owned=${owned.count} adds=${tick === 1 ? 0 : count('Add')} ` +
      `removes=${count('Remove')} rejects=${count('Reject')}`,
  )
  if (tick === 1) {
    const rows = owned.create(512, Number(isFirst ? values.first : values.last))
    const { positions } = owned
    for (const row of rows) {
      positions[row * 3] = minX + ((row * 7919) % 9973) * ((maxX - minX) / 10_000)
      positions[row * 3 + 1] = minY + ((row * 104_729) % 99_991) * ((maxY - minY) / 100_000)
    }
    owned.moved()
  }
  if (tick === 3 && (isFirst || values.swap)) {
    const { positions } = owned
    for (let row = 0; row < owned.rows; row++) positions[row * 3] += across
    owned.moved()
  }
  if (tick === 6 && !isFirst) {
    const { states } = owned
    const rows = [...states.keys()].filter((row) => states[row] !== 0)
    owned.delete(rows.slice(0, Number(values.end)))
  }
}
