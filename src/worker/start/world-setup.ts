// Creates a simulation's fabric: the folder, the control segment, the apps' partitions, and the
// state of a snapshot.
// Owns the order; never starts the clock or an app.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MemoryFullError } from '../../base/memory.ts'
import type { PartitionState } from '../../core/entities/partition-state.ts'
import { ControlBlock } from '../../core/fabric/memory/control-block.ts'
import { describeWorld } from '../../core/fabric/memory/describe-world.ts'
import { Fabric } from '../../core/fabric/memory/fabric.ts'
import { fabricFiles } from '../../core/fabric/memory/layout.ts'
import { refusePlace } from '../../core/fabric/memory/refuse-place.ts'
import { World, type WorldDescription } from '../../core/fabric/memory/world.ts'
import { redistribute } from '../../core/fabric/worker/redistribute.ts'
import { seedState } from '../../core/fabric/worker/state.ts'
import type { FabricLimits } from '../../core/limits.ts'
import type { SimulationSchema } from '../../core/schema/schema.ts'
import { defaultMemoryBytesMax } from '../../io/shm/default-memory.ts'
import { lockFile } from '../../io/shm/file-lock.ts'
import { SharedSegments } from '../../io/shm/shared-segments.ts'
import type { Snapshot } from '../../joints/snapshot/snapshot-file.ts'
import { startFailure } from './start-failure.ts'

/** A spatial or service app and its place. */
interface PlacedApp {
  domain: string
  name: string
  workerId: string
  cell?: { x: number; y: number; index: number }
}

export interface FabricSetup {
  folder: string
  fabric: Fabric
  description: WorldDescription
  /**
   * Partition index by domain and app name (see partitionKey), including partitions without an app.
   */
  partitions: Map<string, number>
}

export function partitionKey(domain: string, name: string): string {
  return `${domain}/${name}`
}

/**
 * Creates the fabric in a new folder. Throws StartFailure. The caller removes an existing folder.
 */
export async function setUpFabric(options: {
  folder: string
  simulationName: string
  executionId: string
  schema: SimulationSchema
  placed: readonly PlacedApp[]
  snapshot?: Snapshot
  limits: FabricLimits
}): Promise<FabricSetup> {
  const { folder, schema, placed, snapshot, limits } = options
  const description = { ...describeWorld(options), transfersPerTick: limits.transfersPerTick }
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, fabricFiles.world), JSON.stringify(description), { mode: 0o600 })
    writeFileSync(join(folder, fabricFiles.workerLock), '', { mode: 0o600 })
    // The lock lasts as long as this process. Apps see by it that their clock has a worker.
    lockFile(join(folder, fabricFiles.workerLock))
    const segments = new SharedSegments(folder)
    const control = ControlBlock.create(
      segments,
      {
        partitionCapacity: placed.length + limits.customApps,
        entityLimit: limits.entitiesPerPartition,
        fieldBytesMax: limits.fieldBytesMax,
        messageLimit: limits.messagesPerTick,
        messageBytesMax: limits.messageBytesMax,
        messageHeapBytes: limits.messageHeapBytes,
        fieldsPerEntity: limits.fieldsPerEntity,
      },
      {
        tickRate: schema.clock.tickRate === 'unlimited' ? 0 : schema.clock.tickRate,
        tick: snapshot?.header.tick ?? 0,
        memoryBytesMax: limits.memoryBytesMax ?? defaultMemoryBytesMax(),
      },
    )
    if (snapshot) control.nextIdLane = snapshot.header.nextIdLane
    const fabric = new Fabric(segments, control, new World(description), () => true)
    const partitions = addPartitions(fabric, placed, snapshot)
    if (snapshot) await restore(fabric, partitions, snapshot)
    return { folder, fabric, description, partitions }
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true })
    if (cause instanceof MemoryFullError)
      throw startFailure('CapacityExceeded', `${folder}: ${cause.message}`, cause)
    throw cause
  }
}

function addPartitions(
  fabric: Fabric,
  placed: readonly PlacedApp[],
  snapshot: Snapshot | undefined,
): Map<string, number> {
  const { world } = fabric
  const partitions = new Map<string, number>()
  const add = (domain: string, name: string, cell: number) => {
    const saved = snapshot?.partitions.find(
      (partition) => partition.domain === domain && partition.name === name,
    )
    const index = fabric.addPartition({
      domain: world.domainIndex(domain),
      cell,
      name,
      idLane: saved?.idLane,
      idCounter: saved?.idCounter,
    })
    if (index < 0)
      throw startFailure(
        'CapacityExceeded',
        `there is no room for app '${name}' of domain '${domain}', which the snapshot has: ` +
          `the simulation takes ${fabric.control.sizes.partitionCapacity} partitions`,
      )
    partitions.set(partitionKey(domain, name), index)
    return index
  }
  const spatialFirst = [...placed].sort((a, b) => order(world, a) - order(world, b))
  for (const { domain, name, cell } of spatialFirst) add(domain, name, cell?.index ?? -1)
  // A custom app's entities wait for the app with that name.
  for (const { domain, name, lifecycle } of snapshot?.partitions ?? [])
    if (lifecycle === 'ByRequest' && world.lifecycleOf(domain) === 'ByRequest')
      add(domain, name, -1)
  return partitions
}

function order(world: World, { domain, cell }: PlacedApp): number {
  const area = world.description.domains[world.domainIndex(domain)].area
  return area && cell ? area.firstPartition + cell.index : Number.MAX_SAFE_INTEGER
}

/**
 * Maps each state to the partition that gets its entities without a position: its own app's. If a
 * service domain has fewer apps now, the remaining ones take over the others' in turn. States of
 * cells that no longer exist have no partition.
 */
function ownPartitions(
  world: World,
  partitions: ReadonlyMap<string, number>,
  states: readonly PartitionState[],
): Map<PartitionState, number> {
  const owns = new Map<PartitionState, number>()
  const takenOver = new Map<string, number>()
  for (const state of states) {
    const { domain, name } = state
    const own = partitions.get(partitionKey(domain, name))
    if (own !== undefined) owns.set(state, own)
    else if (world.lifecycleOf(domain) === 'PerWorker') {
      const left = [...partitions].filter(([key]) => key.startsWith(partitionKey(domain, '')))
      const turn = takenOver.get(domain) ?? 0
      takenOver.set(domain, turn + 1)
      owns.set(state, left[turn % left.length][1])
    }
  }
  return owns
}

async function restore(
  fabric: Fabric,
  partitions: Map<string, number>,
  snapshot: Snapshot,
): Promise<void> {
  const states: PartitionState[] = []
  for (const partition of snapshot.partitions) states.push(await partition.load())
  for (const state of states) {
    const refusal = refusePlace(fabric.world, state)
    if (refusal !== undefined) throw startFailure('SnapshotInvalid', refusal)
  }
  const owns = ownPartitions(fabric.world, partitions, states)
  const ownIndex = (state: PartitionState) => owns.get(state) ?? -1
  for (const [index, columns] of redistribute(
    fabric.world,
    states,
    ownIndex,
    fabric.control.sizes.entityLimit,
  )) {
    const memory = fabric.partition(index)
    const side = memory.sides[0]
    const seeded = seedState(memory, snapshot.header.tick, {
      ...columns,
      idLane: side.float('idLane'),
      idCounter: side.float('idCounter'),
    })
    if (!seeded) {
      const { entityLimit } = memory.sizes
      const reason = columns.count > entityLimit ? `the limit is ${entityLimit}` : memory.refusal
      throw startFailure(
        'CapacityExceeded',
        `partition '${fabric.control.partitionName(index)}' has no room ` +
          `for the snapshot's ${columns.count} entities: ${reason}`,
      )
    }
  }
}
