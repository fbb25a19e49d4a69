// Work that must be in nobody's way.
// Owns the system call that Node does not have; never decides what is unimportant.

import { setPriority } from 'node:os'
import koffi from 'koffi'

const setScheduler = koffi.load(null).func('int sched_setscheduler(int thread, int policy, const int32_t *parameters)')
const callingThread = 0
const idlePolicy = 5
const lowestPriority = 19

/**
 * From now on the calling thread, and those that it starts, let go of the processor as soon as anybody else wants it. A low priority alone does not do that: such a thread may first finish its
 * slice, some milliseconds, which is what remains where the system refuses more.
 */
export function runWhenIdle(): void {
  if (setScheduler(callingThread, idlePolicy, [0]) !== 0) setPriority(callingThread, lowestPriority)
}
