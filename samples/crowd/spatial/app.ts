// The crowd's spatial app, one process a cell: `node app.ts --seed 7 --people 20000`.

import { parseArgs } from 'node:util'
import { createApplication } from '@heddle/sdk'
import { runCrowd } from './crowd.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '7' }, people: { type: 'string', default: '20000' } },
})
const options = { seed: Number(values.seed), people: Number(values.people) }
if (
  !Number.isSafeInteger(options.seed) ||
  !Number.isSafeInteger(options.people) ||
  options.people < 0
)
  throw new Error(
    `--seed and --people are whole numbers, not '${values.seed}' and '${values.people}'`,
  )

const application = createApplication()
console.log(
  `the crowd's cell ${application.assignedPartitions()[0].appName} begins, seed ${options.seed}`,
)
runCrowd(application, options)
console.log('the simulation shuts down')
