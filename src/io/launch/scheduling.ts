// Sets when the system runs a thread: background work, and work that must not wait.
// Owns the system calls that Node lacks; never decides what is unimportant or urgent.

import { setPriority } from 'node:os'
import koffi from 'koffi'

const libc = koffi.load(null)
const setScheduler = libc.func(
  'int sched_setscheduler(int thread, int policy, const int32_t *parameters)',
)
const attributesCall = libc.func(
  'long syscall(long number, int thread, _Inout_ uint8_t *attributes, int bytes, int flags)',
)
const CALLING_THREAD = 0
const IDLE_POLICY = 5
const LOWEST_PRIORITY = 19

/**
 * Makes the calling thread, and those that it starts, give up the processor to any other thread. A
 * low priority, the fallback if the system refuses, is weaker: such a thread may first finish its
 * slice of some milliseconds.
 */
export function runWhenIdle(): void {
  if (setScheduler(CALLING_THREAD, IDLE_POLICY, [0]) !== 0)
    setPriority(CALLING_THREAD, LOWEST_PRIORITY)
}

const [setAttributesNumber, getAttributesNumber] =
  process.arch === 'arm64' ? [274, 275] : [314, 315]
/** The size of the first version of `struct sched_attr`. */
const ATTRIBUTES_BYTES = 48
const POLICY_OFFSET = 4
/** The runtime in nanoseconds. For a thread of the usual policy it is the slice. */
const RUNTIME_OFFSET = 24
const USUAL_POLICY = 0
/** The shortest slice that Linux accepts. */
const SLICE_NS = 100_000n

/**
 * Gives the calling thread a short slice: when it wakes, it preempts threads with longer slices,
 * within its fair share. Does nothing before Linux 6.12, or if the thread has another policy.
 */
export function runPromptly(): void {
  const attributes = new Uint8Array(ATTRIBUTES_BYTES)
  if (attributesCall(getAttributesNumber, CALLING_THREAD, attributes, ATTRIBUTES_BYTES, 0) !== 0)
    return
  const view = new DataView(attributes.buffer)
  if (view.getUint32(POLICY_OFFSET, true) !== USUAL_POLICY) return
  view.setBigUint64(RUNTIME_OFFSET, SLICE_NS, true)
  attributesCall(setAttributesNumber, CALLING_THREAD, attributes, 0, 0)
}
