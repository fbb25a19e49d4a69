// The reference of `barrier`: a process that runs in lock step with others, and does nothing else.

import { follow } from '../support/lock-step.ts'

follow(process.argv[2], () => undefined)
