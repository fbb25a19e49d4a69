// What the world must be, in plain objects: entities by id, their owners, and where they asked to
// go.
// Owns the rules of ownership as a user would state them; never reads the fabric.

import { type PlainGrid, plainGrid } from './geometry.ts'
import type { Plan } from './plan.ts'
import { check } from './violation.ts'

export interface ModelEntity {
  readonly id: number
  readonly type: number
  position: readonly [number, number, number]
  fields: Map<number, { typeId: number; bytes: Uint8Array }>
  /** The partition that owns the entity. */
  owner: number
  /** The domain that it will be handed to; -1 for none. */
  destination: number
  /** The partition that it asked to go to in the committed tick; -1 for none. */
  target: number
  granted: boolean
  /** The tick of the entity's last change. */
  changed: number
}

export type Operation =
  | { kind: 'create'; id: number; type: number }
  | { kind: 'delete'; id: number }
  | { kind: 'move'; id: number; position: readonly [number, number, number] }
  | { kind: 'handOver'; id: number; domain: number }
  | { kind: 'store'; id: number; field: number; typeId: number; bytes: Uint8Array }
  | { kind: 'remove'; id: number; field: number }

export interface ModelMessage {
  source: number
  target: number
  /** Tells apart the partitions that had the target's index one after the other. */
  targetEpoch: number
  payload: Uint8Array
}

/** The model at one tick, unaffected by later ticks. */
export interface Picture {
  tick: number
  entities: ReadonlyMap<number, ModelEntity>
  usedIds: ReadonlySet<number>
}

/** What partitions had claimed for arrivals at their commits. */
export interface ClaimedRoom {
  /** The number of entities that the partition has rows for. */
  capacity(partition: number): number
  /** The source's fields, with their strides, that the target lacks or has narrower. */
  missingFields(source: number, target: number): string
}

/** What an owner must learn when a tick begins. */
export interface ExpectedBegin {
  entities: Map<number, ModelEntity>
  added: Set<number>
  removed: Set<number>
  rejected: Set<number>
}

export class Model {
  readonly entities = new Map<number, ModelEntity>()
  /** All ids that were ever given out. */
  readonly usedIds: Set<number>
  /** Messages sent in the committed tick, by source, in the order of sending. */
  messages: ModelMessage[] = []
  /** The domains and cells, by partition in use. */
  readonly partitions = new Map<number, { domain: number; cell: number; epoch: number }>()
  readonly grids: readonly (PlainGrid | undefined)[]
  readonly #firstPartitions: readonly number[]
  readonly #entityLimit: number
  /** Most entities that one partition may get in a tick. */
  readonly #transfersMax: number
  /** How many entities the barrier refused for the committed tick, by target. */
  #refusedAt = new Map<number, number>()
  /** What was refused for memory in the committed tick, by source, target and fields. */
  #refusedForMemory = new Set<string>()
  tick: number

  constructor(plan: Plan, tick: number, usedIds: Set<number> = new Set()) {
    this.tick = tick
    this.usedIds = usedIds
    this.#entityLimit = plan.sizes.entityLimit
    this.#transfersMax = plan.transfersPerTick ?? Number.POSITIVE_INFINITY
    this.grids = plan.domains.map(
      ({ grid }) => grid && plainGrid(plan.bounds, grid.columns, grid.rows),
    )
    let first = 0
    this.#firstPartitions = plan.domains.map(({ grid }) => {
      const start = first
      first += grid ? grid.columns * grid.rows : 0
      return start
    })
  }

  addPartition(index: number, domain: number, cell: number, epoch: number): void {
    this.partitions.set(index, { domain, cell, epoch })
  }

  /** Removes the partition and everything in it. */
  removePartition(index: number): void {
    this.partitions.delete(index)
    for (const { id, owner, granted } of this.entities.values()) {
      if (owner !== index) continue
      check(
        !granted,
        this.tick,
        () => `entity ${id} is on its way, and partition ${index} is removed`,
      )
      this.entities.delete(id)
    }
    this.messages = this.messages.filter(({ source }) => source !== index)
  }

  partitionAt(domain: number, x: number, y: number): number {
    const cell = this.grids[domain]?.cellAt(x, y) ?? -1
    return cell < 0 ? -1 : this.#firstPartitions[domain] + cell
  }

  ownedBy(partition: number): ModelEntity[] {
    return [...this.entities.values()].filter(({ owner }) => owner === partition)
  }

  /** Returns what owners must see when the next tick begins. */
  expectBegins(): Map<number, ExpectedBegin> {
    const begins = new Map<number, ExpectedBegin>()
    for (const partition of this.partitions.keys())
      begins.set(partition, {
        entities: new Map(),
        added: new Set(),
        removed: new Set(),
        rejected: new Set(),
      })
    for (const entity of this.entities.values()) {
      const { id, owner, target } = entity
      begins.get(entity.granted ? target : owner)!.entities.set(id, entity)
      if (entity.granted) {
        begins.get(owner)!.removed.add(id)
        begins.get(target)!.added.add(id)
      } else if (target >= 0) begins.get(owner)!.rejected.add(id)
    }
    return begins
  }

  /**
   * The entities that a partition with a cell must have claimed rows for in the committed tick: as
   * many more as the barrier before refused, and some at least.
   */
  roomWanted(partition: number, population: number): number {
    const refused = Math.min(this.#refusedAt.get(partition) ?? 0, this.#transfersMax)
    return Math.min(this.#entityLimit, population + Math.max(1, refused))
  }

  /** Returns the messages that a partition must get in the next tick. */
  expectMessages(target: number): ModelMessage[] {
    const epoch = this.partitions.get(target)!.epoch
    return this.messages.filter(
      (message) => message.target === target && message.targetEpoch === epoch,
    )
  }

  /**
   * Commits the tick: moves what was granted, applies what the apps did, and lets entities outside
   * of their cell ask to leave.
   */
  commit(
    tick: number,
    done: ReadonlyMap<number, { operations: Operation[]; messages: ModelMessage[] }>,
  ): void {
    this.#refusedAt = countBy(this.entities.values(), ({ target, granted }) =>
      target >= 0 && !granted ? target : -1,
    )
    for (const entity of this.entities.values()) {
      if (!entity.granted) continue
      entity.owner = entity.target
      entity.destination = -1
      entity.granted = false
      entity.changed = tick
    }
    const populations = this.#populations()
    this.messages = []
    for (const partition of [...done.keys()].sort((a, b) => a - b)) {
      for (const operation of done.get(partition)!.operations)
        this.#apply(tick, partition, operation, populations)
      this.messages.push(...done.get(partition)!.messages)
    }
    for (const entity of this.entities.values()) entity.target = this.#targetOf(entity)
    this.tick = tick
  }

  /**
   * Returns the world as a copy of the committed tick shows it: a granted entity belongs to its
   * target.
   */
  picture(): Picture {
    const entities = new Map<number, ModelEntity>()
    for (const entity of this.entities.values()) {
      const owner = entity.granted ? entity.target : entity.owner
      entities.set(entity.id, { ...entity, owner, fields: new Map(entity.fields) })
    }
    return { tick: this.tick, entities, usedIds: new Set(this.usedIds) }
  }

  /**
   * Takes the barrier's decision. Checks that it was possible, and that no more could be granted.
   * `room` is what the partitions had claimed at their commits. Unless memory is short, no entity
   * may be refused twice for lack of it.
   */
  grant(granted: ReadonlySet<number>, memoryIsShort: boolean, room: ClaimedRoom): void {
    const { tick } = this
    const refusedBefore = this.#refusedForMemory
    this.#refusedForMemory = new Set()
    for (const id of granted) {
      const entity = this.entities.get(id)
      check(
        entity !== undefined && entity.target >= 0,
        tick,
        () => `entity ${id} was granted and had not asked`,
      )
      entity.granted = true
    }
    const received = countBy(this.entities.values(), ({ target, granted: goes }) =>
      goes ? target : -1,
    )
    for (const [partition, count] of received)
      check(
        count <= this.#transfersMax,
        tick,
        () => `partition ${partition} gets ${count} entities in one tick`,
      )
    const populations = this.#populations()
    for (const { owner, target, granted: goes } of this.entities.values()) {
      if (!goes) continue
      populations.set(owner, populations.get(owner)! - 1)
      populations.set(target, populations.get(target)! + 1)
    }
    for (const [partition, population] of populations)
      check(
        population <= this.#entityLimit,
        tick,
        () => `the barrier lets partition ${partition} have ${population}`,
      )
    for (const partition of received.keys())
      check(
        populations.get(partition)! <= room.capacity(partition),
        tick,
        () => `partition ${partition} gets more than it has claimed rows for`,
      )
    if (memoryIsShort) return
    for (const { owner, target, granted: goes } of this.entities.values()) {
      if (target < 0) continue
      const fields = room.missingFields(owner, target)
      check(
        !goes || fields === '',
        tick,
        () => `partition ${target} gets entities whose field ${fields} it lacks`,
      )
      if (fields !== '') this.#refusedForMemory.add(`${owner} ${target} ${fields}`)
    }
    for (const refused of this.#refusedForMemory)
      check(!refusedBefore.has(refused), tick, () => `partitions ${refused} still lack a field`)
    const refused = new Map<number, Set<number>>()
    for (const { id, owner, target, granted: goes } of this.entities.values()) {
      if (target < 0 || goes || room.missingFields(owner, target) !== '') continue
      if (received.get(target) === this.#transfersMax) continue
      check(
        populations.get(target)! === room.capacity(target),
        tick,
        () => `entity ${id} was rejected by partition ${target}, which has room`,
      )
      if (!refused.has(owner)) refused.set(owner, new Set())
      refused.get(owner)!.add(target)
    }
    // With a limit for a tick, a ring may have to wait.
    const ring = ringIn(refused)
    check(
      ring === undefined || Number.isFinite(this.#transfersMax),
      tick,
      () => `full partitions ${ring} could have swapped entities, and were not let`,
    )
  }

  #populations(): Map<number, number> {
    const populations = new Map<number, number>()
    for (const partition of this.partitions.keys()) populations.set(partition, 0)
    for (const { owner } of this.entities.values())
      populations.set(owner, populations.get(owner)! + 1)
    return populations
  }

  #apply(
    tick: number,
    partition: number,
    operation: Operation,
    populations: Map<number, number>,
  ): void {
    const { id } = operation
    if (operation.kind === 'create') {
      check(!this.usedIds.has(id), tick, () => `id ${id} was given twice`)
      check(Number.isSafeInteger(id) && id > 0, tick, () => `${id} is no id`)
      this.usedIds.add(id)
      const population = populations.get(partition)! + 1
      populations.set(partition, population)
      check(
        population <= this.#entityLimit,
        tick,
        () => `partition ${partition} grew to ${population}`,
      )
      this.entities.set(id, {
        id,
        type: operation.type,
        position: [0, 0, 0],
        fields: new Map(),
        owner: partition,
        destination: -1,
        target: -1,
        granted: false,
        changed: tick,
      })
      return
    }
    const entity = this.entities.get(id)
    check(
      entity?.owner === partition,
      tick,
      () => `partition ${partition} does not own entity ${id}`,
    )
    entity.changed = tick
    if (operation.kind === 'delete') {
      this.entities.delete(id)
      populations.set(partition, populations.get(partition)! - 1)
    } else if (operation.kind === 'move') entity.position = operation.position
    else if (operation.kind === 'handOver') entity.destination = operation.domain
    else if (operation.kind === 'remove') entity.fields.delete(operation.field)
    else entity.fields.set(operation.field, { typeId: operation.typeId, bytes: operation.bytes })
  }

  #targetOf(entity: ModelEntity): number {
    const own = this.partitions.get(entity.owner)!.domain
    const [x, y] = entity.position
    const target = this.partitionAt(entity.destination < 0 ? own : entity.destination, x, y)
    if (target === entity.owner) entity.destination = -1
    return target === entity.owner ? -1 : target
  }
}

/** Counts by partition; -1 is none. */
function countBy(
  entities: Iterable<ModelEntity>,
  partitionOf: (entity: ModelEntity) => number,
): Map<number, number> {
  const counts = new Map<number, number>()
  for (const entity of entities) {
    const partition = partitionOf(entity)
    if (partition >= 0) counts.set(partition, (counts.get(partition) ?? 0) + 1)
  }
  return counts
}

/** Finds partitions in a ring, each with an entity that the next one refused. */
function ringIn(refused: ReadonlyMap<number, ReadonlySet<number>>): number[] | undefined {
  const finished = new Set<number>()
  const path: number[] = []
  const visit = (partition: number): number[] | undefined => {
    if (path.includes(partition)) return path.slice(path.indexOf(partition))
    if (finished.has(partition)) return undefined
    path.push(partition)
    for (const target of refused.get(partition) ?? []) {
      const ring = visit(target)
      if (ring) return ring
    }
    path.pop()
    finished.add(partition)
    return undefined
  }
  for (const partition of refused.keys()) {
    const ring = visit(partition)
    if (ring) return ring
  }
  return undefined
}
