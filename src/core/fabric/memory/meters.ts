// What is counted while a simulation runs: where the time of a tick goes, and how many entities are
// handed over.
// Owns the views and the counting of handoffs. Each number has one writer, which adds to it without
// a lock: an app for the durations of its partition, the worker for all others. A writer continues
// the count after a crash. Never reads a clock.

import { bucketCount, bucketOf, type Durations } from '../../tick/durations.ts'
import { clockMeterRecord, durationNumbers, partitionMeterRecord } from './control-records.ts'
import type { Fabric } from './fabric.ts'
import type { PartitionMemory } from './partition-memory.ts'
import { appMeterRecord } from './partition-records.ts'

/** What an app does, one after the other, tick by tick. */
export const appPhases = ['wait', 'read', 'simulate', 'commit'] as const
export type AppPhase = (typeof appPhases)[number]

/**
 * The clock's phases between the release of a tick and of the next one, without the wait for it.
 */
export const clockPhases = ['barrier', 'handoff'] as const
export type ClockPhase = (typeof clockPhases)[number]

const appAt = appMeterRecord.index
const partitionAt = partitionMeterRecord.index
const clockAt = clockMeterRecord.index
type PartitionCount = 'entities' | 'handedOut' | 'takenIn' | 'rejected'

export class DurationMeter {
  readonly #numbers: Float64Array // one a bucket, and the sum in ms

  constructor(numbers: Float64Array) {
    this.#numbers = numbers
  }

  add(durationMs: number): void {
    this.#numbers[bucketOf(durationMs)]++
    this.#numbers[bucketCount] += durationMs
  }

  /** The present numbers; a writer at work may have added only one of the two. */
  read(): Durations {
    return {
      counts: [...this.#numbers.subarray(0, bucketCount)],
      sumMs: this.#numbers[bucketCount],
    }
  }
}

/** The durations of a partition's app, in its partition. */
export function appDurations({
  appMeter,
}: PartitionMemory): Readonly<Record<AppPhase, DurationMeter>> {
  return {
    wait: durationsAt(appMeter, appAt.wait),
    read: durationsAt(appMeter, appAt.read),
    simulate: durationsAt(appMeter, appAt.simulate),
    commit: durationsAt(appMeter, appAt.commit),
  }
}

/** What the worker counts for a partition, in the control file. */
export class PartitionMeter {
  readonly #numbers: Float64Array

  constructor({ control }: Pick<Fabric, 'control'>, partition: number) {
    const start = control.partitionMeterOffset(partition) / 8
    this.#numbers = control.floats.subarray(start, start + partitionMeterRecord.bytes / 8)
  }

  get(name: PartitionCount): number {
    return this.#numbers[partitionAt[name]]
  }
  set(name: PartitionCount, value: number): void {
    this.#numbers[partitionAt[name]] = value
  }
  add(name: PartitionCount, count: number): void {
    this.#numbers[partitionAt[name]] += count
  }
}

export class ClockMeter {
  readonly phases: Readonly<Record<ClockPhase, DurationMeter>>
  readonly #numbers: Float64Array

  constructor({ control }: Pick<Fabric, 'control'>) {
    const start = control.clockMeterOffset / 8
    this.#numbers = control.floats.subarray(start, start + clockMeterRecord.bytes / 8)
    this.phases = {
      barrier: durationsAt(this.#numbers, clockAt.barrier),
      handoff: durationsAt(this.#numbers, clockAt.handoff),
    }
  }

  get missedTicks(): number {
    return this.#numbers[clockAt.missedTicks]
  }
  addMissedTicks(count: number): void {
    this.#numbers[clockAt.missedTicks] += count
  }

  /** When the newest tick was released, in ms; the same clock for all processes of the machine. */
  get releasedAtMs(): number {
    return this.#numbers[clockAt.releasedAt]
  }
  setReleasedAt(ms: number): void {
    this.#numbers[clockAt.releasedAt] = ms
  }
}

/**
 * Counts the result of a tick, once its handoffs are granted: entities, granted and rejected
 * handoffs by partition.
 */
export class HandoffCounter {
  readonly #fabric: Fabric
  readonly #meters: PartitionMeter[] = []

  constructor(fabric: Fabric) {
    this.#fabric = fabric
  }

  count(tick: number): void {
    for (const memory of this.#fabric.memories) {
      const side = memory.side(tick)
      const meter = this.#meter(memory.index)
      meter.set('entities', side.get('population'))
      const groups = side.get('handoffGroups')
      for (let group = 0; group < groups; group++) {
        const granted = side.handoffGranted[group]
        meter.add('handedOut', granted)
        meter.add('rejected', side.handoffCount[group] - granted)
        this.#meter(side.handoffTarget[group]).add('takenIn', granted)
      }
    }
  }

  #meter(partition: number): PartitionMeter {
    this.#meters[partition] ??= new PartitionMeter(this.#fabric, partition)
    return this.#meters[partition]
  }
}

function durationsAt(numbers: Float64Array, start: number): DurationMeter {
  return new DurationMeter(numbers.subarray(start, start + durationNumbers))
}
