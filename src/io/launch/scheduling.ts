// When the system gives a thread a processor: work that must be in nobody's way, and work that must not wait.
// Owns the system calls that Node does not have; never decides what is unimportant or urgent.

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
 * From now on the calling thread, and those that it starts, let go of the processor as soon as anybody else wants it. A low priority alone does not do that: such a thread may first finish its
 * slice, some milliseconds, which is what remains where the system refuses more.
 */
export function runWhenIdle(): void {
  if (setScheduler(CALLING_THREAD, IDLE_POLICY, [0]) !== 0)
    setPriority(CALLING_THREAD, LOWEST_PRIORITY)
}

const [setAttributesNumber, getAttributesNumber] =
  process.arch === 'arm64' ? [274, 275] : [314, 315]
/** `struct sched_attr` as it first was. */
const ATTRIBUTES_BYTES = 48
const POLICY_OFFSET = 4
/** In nanoseconds; of a thread of the usual policy this is its slice. */
const RUNTIME_OFFSET = 24
const USUAL_POLICY = 0
/** The shortest that there is. */
const sliceNs = 100_000n

/**
 * From now on the calling thread, whenever it wakes, takes the processor from threads that are in the middle of their longer slices, where its share allows it. Does nothing where the
 * system can't (Linux before 6.12), and for a thread that has another policy than the usual one.
 */
export function runPromptly(): void {
  const attributes = new Uint8Array(ATTRIBUTES_BYTES)
  if (attributesCall(getAttributesNumber, CALLING_THREAD, attributes, ATTRIBUTES_BYTES, 0) !== 0)
    return
  const view = new DataView(attributes.buffer)
  if (view.getUint32(POLICY_OFFSET, true) !== USUAL_POLICY) return
  view.setBigUint64(RUNTIME_OFFSET, sliceNs, true)
  attributesCall(setAttributesNumber, CALLING_THREAD, attributes, 0, 0)
}
