// Reads a simulation's metrics: counters in shared memory, and the memory of its processes.
// Owns the gathering; never counts anything, and never delays a tick.

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PAGE_BYTES } from '../../base/memory.ts'
import { appDurations, ClockMeter, PartitionMeter } from '../../core/fabric/memory/meters.ts'
import type { PartitionMemory } from '../../core/fabric/memory/partition-memory.ts'
import type { WorkerPlan } from '../../core/wire/plan.ts'
import type {
  AppState,
  PartitionMetrics,
  WorkerMetrics,
  WorkerStatus,
} from '../../core/wire/worker-protocol.ts'
import { ownMemoryBytes } from '../../io/launch/proc.ts'
import { type FabricSetup, partitionKey } from '../start/world-setup.ts'

const BLOCK_BYTES = 512

export function readMetrics(
  plan: WorkerPlan,
  status: WorkerStatus,
  { fabric, folder }: FabricSetup,
): WorkerMetrics {
  const { control } = fabric
  const clock = new ClockMeter(fabric)
  const apps = new Map(status.apps.map((app) => [partitionKey(app.domain, app.name), app]))
  return {
    executionId: plan.executionId,
    simulation: plan.simulationName,
    clockStatus: status.clock.status,
    tick: control.committedTick,
    tickRate: control.tickRate,
    missedTicks: clock.missedTicks,
    clockPhases: { barrier: clock.phases.barrier.read(), handoff: clock.phases.handoff.read() },
    workerMemoryBytes: ownMemoryBytes(process.pid) ?? 0,
    fabricBytes: claimedBytes(folder),
    fabricBytesMax: control.memoryPagesMax * PAGE_BYTES,
    partitions: [...fabric.partitions()].flatMap(
      (partition) => partitionMetrics(fabric, partition, apps) ?? [],
    ),
  }
}

function partitionMetrics(
  fabric: FabricSetup['fabric'],
  partition: number,
  apps: ReadonlyMap<string, AppState>,
): PartitionMetrics | undefined {
  const { control, world } = fabric
  const memory = memoryOf(fabric, partition)
  if (!memory) return undefined
  const meter = new PartitionMeter(fabric, partition)
  const { wait, read, simulate, commit } = appDurations(memory)
  const domain = world.description.domains[control.partitionWord(partition, 'domain')].name
  const app = control.partitionName(partition)
  const status = apps.get(partitionKey(domain, app))?.status
  const isAttached = memory.app.load('attached') === control.partitionWord(partition, 'incarnation')
  const pid = isAttached ? memory.app.load('pid') : 0
  return {
    domain,
    app,
    ...(status !== undefined && { status }),
    restarts: Math.max(0, control.partitionWord(partition, 'incarnation') - 1),
    memoryBytes: pid <= 0 ? 0 : (ownMemoryBytes(pid) ?? 0),
    entities: meter.get('entities'),
    handedOut: meter.get('handedOut'),
    takenIn: meter.get('takenIn'),
    rejected: meter.get('rejected'),
    phases: {
      wait: wait.read(),
      read: read.read(),
      simulate: simulate.read(),
      commit: commit.read(),
    },
  }
}

/** Undefined if the clock's thread has removed the partition meanwhile. */
function memoryOf(fabric: FabricSetup['fabric'], partition: number): PartitionMemory | undefined {
  try {
    return fabric.partition(partition)
  } catch (error) {
    if (fabric.control.partitionInUse(partition)) throw error
    return undefined
  }
}

/**
 * The bytes that the tmpfs has allocated: files are sparse. A file that disappears meanwhile counts
 * as 0.
 */
function claimedBytes(folder: string): number {
  let blocks = 0
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    blocks += statSync(join(folder, name), { throwIfNoEntry: false })?.blocks ?? 0
  return blocks * BLOCK_BYTES
}
