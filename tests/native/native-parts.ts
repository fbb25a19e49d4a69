// The simulator's parts made of libheddle: its owner, subscriptions and messages, over the memory
// of a history. Owns the translation; what they do is the library's.

import koffi from 'koffi'
import type { Box } from '../../src/core/fabric/memory/box.ts'
import type { Fabric } from '../../src/core/fabric/memory/fabric.ts'
import type { Interest } from '../../src/core/fabric/memory/interests.ts'
import type { FieldView, PartitionMemory } from '../../src/core/fabric/memory/partition-memory.ts'
import type { PlaceList } from '../../src/core/fabric/memory/place-list.ts'
import type { Side } from '../../src/core/fabric/memory/side.ts'
import type { PartitionOwner } from '../../src/core/fabric/owner/partition-owner.ts'
import {
  Death,
  type OwnerPart,
  type Parts,
  realParts,
  type SubscriptionPart,
} from '../simulator/parts.ts'
import { PooledSegments } from '../simulator/pooled-segments.ts'
import { type Handle, loadLibrary } from './library.ts'

type OpenSegment = ReturnType<PooledSegments['open']>
type IncomingMessage = ReturnType<Parts['readMessages']>[number]
type OutgoingMessage = Parameters<OwnerPart['send']>[0]
type SubscriptionEvent = ReturnType<SubscriptionPart['look']>[number]
type SeenEntity = SubscriptionEvent['entity']

/** By number: what the library has open. */
const memories = new Map<number, NativeSegments>()
const segments: OpenSegment[] = []

const native = loadLibrary({
  open: (memory, name, offsetBytes, bytes) =>
    segments.push(memories.get(memory)!.open(name, { offsetBytes, bytes })) - 1,
  address: (segment) => koffi.address(segments[segment].buffer) as bigint,
  claim: (segment, offsetBytes, bytes) => Number(segments[segment].claim(offsetBytes, bytes)),
  release: (segment, offsetBytes, bytes) => {
    segments[segment].release(offsetBytes, bytes)
    return 1
  },
})

let nextMemory = 1

class NativeSegments extends PooledSegments {
  readonly number: number = nextMemory++
  /** By fabric: what the library knows of it. */
  readonly worlds = new Map<Fabric, Handle>()
  readonly ends: (() => void)[] = []

  constructor(options: { headroomBytes: number }) {
    super(options)
    memories.set(this.number, this)
  }

  override release(): void {
    for (const end of this.ends.reverse()) end()
    memories.delete(this.number)
    if (memories.size === 0) segments.length = 0
    super.release()
  }
}

function worldOf(fabric: Fabric): { world: Handle; memory: NativeSegments } {
  const memory = fabric.segments as NativeSegments
  let world = memory.worlds.get(fabric)
  if (!world) {
    world = native.test_world(memory.number, JSON.stringify(fabric.world.description), 0)
    if (!world) throw new Error(native.test_last_error())
    memory.worlds.set(fabric, world)
    memory.ends.push(() => native.test_world_end(world))
  }
  return { world, memory }
}

function checked(outcome: number): void {
  if (outcome === 1) throw new Death()
  if (outcome !== 0) throw new Error(`libheddle: ${native.test_last_error()}`)
}

export class NativeOwner implements OwnerPart {
  readonly index: number
  readonly memory: PartitionMemory
  tick = -1
  back!: Side
  front!: Side
  ownership: OwnerPart['ownership'] = { added: [], removed: [], rejected: [] }
  interests: readonly Interest[] = []
  /** For the next begin: the write in which this process dies. */
  diesAtWrite = 0
  readonly #owner: Handle

  constructor(
    fabric: Fabric,
    index: number,
    {
      indexRowsMin = 512,
      refusesOutside = false,
      windowTicks = 128,
      spareShareMin = 0.5,
    }: ConstructorParameters<typeof PartitionOwner>[2] = {},
  ) {
    this.index = index
    this.memory = fabric.partition(index)
    const { world, memory } = worldOf(fabric)
    const numbers = [indexRowsMin, Number(refusesOutside), windowTicks, spareShareMin]
    this.#owner = native.test_owner(world, index, ...numbers)
    if (!this.#owner) throw new Error(native.test_last_error())
    memory.ends.push(() => native.test_owner_end(this.#owner))
  }

  get rows(): number {
    return native.test_rows(this.#owner)
  }
  get population(): number {
    return native.test_population(this.#owner)
  }
  get position(): Float32Array {
    native.test_take_positions(this.#owner)
    return this.back.position
  }

  begin(tick: number): void {
    this.tick = tick
    this.back = this.memory.side(tick)
    this.front = this.memory.side(tick + 1)
    checked(native.test_begin(this.#owner, tick, this.diesAtWrite))
    const all = (kind: number): Float64Array[] => {
      const count = native.test_ownership(this.#owner, kind, 0, null)
      return Array.from({ length: count }, (_, place) => {
        const numbers = new Float64Array(3)
        native.test_ownership(this.#owner, kind, place, numbers)
        return numbers
      })
    }
    this.ownership = {
      added: all(0).map(([row]) => row),
      removed: all(1).map(([row, id, type]) => ({ row, id, type })),
      rejected: all(2).map(([row]) => row),
    }
  }

  finish(): void {
    for (const { domain, box } of this.interests)
      native.test_interest(this.#owner, domain, ...edgesOf(box))
    checked(native.test_finish(this.#owner))
  }

  create(type: number): number {
    return native.test_create(this.#owner, type)
  }
  delete(row: number): void {
    native.test_delete(this.#owner, row)
  }
  setPosition(row: number, x: number, y: number, z: number): void {
    native.test_set_position(this.#owner, row, x, y, z)
  }
  moved(from: number, to: number): void {
    native.test_moved(this.#owner, from, to)
  }
  beginPiece(from: number, to: number): void {
    native.test_begin_piece(this.#owner, from, to)
  }
  endPiece(from: number, to: number): void {
    native.test_end_piece(this.#owner, from, to)
  }
  endSweep(): void {
    native.test_end_sweep(this.#owner)
  }
  setDestination(row: number, domain: number): void {
    native.test_set_destination(this.#owner, row, domain)
  }
  storeField(row: number, field: number, typeId: number, bytes: Uint8Array): boolean {
    return native.test_store_field(this.#owner, row, field, typeId, bytes, bytes.length) !== 0
  }
  shapedField(field: number, bytes: number, alignBytes: number): FieldView | undefined {
    const isOpen = native.test_shaped_field(this.#owner, field, bytes, alignBytes) !== 0
    return isOpen ? this.memory.field(this.tick % 2, field) : undefined
  }
  storedField(field: number, typeId: number, bytes: number, from: number, to: number): number {
    return native.test_stored_field(this.#owner, field, typeId, bytes, from, to)
  }
  removeField(row: number, field: number): boolean {
    return native.test_remove_field(this.#owner, row, field) !== 0
  }
  keepWholeIndex(): void {
    native.test_keep_whole_index(this.#owner)
  }
  send({ target, payload }: OutgoingMessage): boolean {
    return native.test_send(this.#owner, target, payload, payload.length) !== 0
  }
}

class NativeSubscription implements SubscriptionPart {
  readonly domain: number
  readonly #subscription: Handle
  #box: Box

  constructor(fabric: Fabric, options: { owner: number; domain: number; box: Box }) {
    const { owner, domain, box } = options
    this.domain = domain
    this.#box = box
    const { world, memory } = worldOf(fabric)
    this.#subscription = native.test_subscription(world, owner, domain, ...edgesOf(box))
    memory.ends.push(() => native.test_subscription_end(this.#subscription))
  }

  get box(): Box {
    return this.#box
  }
  set box(box: Box) {
    this.#box = box
    native.test_move_to(this.#subscription, ...edgesOf(box))
  }

  look(tick: number): SubscriptionEvent[] {
    const count = native.test_look(this.#subscription, tick)
    if (count < 0) throw new Error(`libheddle: ${native.test_last_error()}`)
    return Array.from({ length: count }, (_, place) => {
      const [kind, entity] = eventAt(place, false)
      return { kind, entity }
    })
  }

  get seen(): ReadonlyMap<number, SeenEntity> {
    const count = native.test_seen(this.#subscription) as number
    return new Map(
      Array.from({ length: count }, (_, place) => {
        const [, entity] = eventAt(place, true)
        return [entity.id, entity]
      }),
    )
  }
}

const KINDS = ['Add', 'Update', 'Remove'] as const

function eventAt(place: number, isSeen: boolean): [kind: (typeof KINDS)[number], SeenEntity] {
  const numbers = new Float64Array(5)
  native.test_event(place, Number(isSeen), numbers)
  const [kind, id, type, partition, row] = numbers
  return [KINDS[kind], { id, type, partition, row }]
}

function readMessages(fabric: Fabric, target: number, tick: number): IncomingMessage[] {
  const count = native.test_receive(worldOf(fabric).world, target, tick)
  if (count < 0) throw new Error(`libheddle: ${native.test_last_error()}`)
  const room = new Uint8Array(4096)
  const length = new Uint32Array(1)
  return Array.from({ length: count }, (_, place) => {
    const source = native.test_message(place, room, length)
    return { source, payload: room.slice(0, length[0]) }
  })
}

function findInBox(
  fabric: Fabric,
  memory: PartitionMemory,
  tick: number,
  box: Box,
  found: PlaceList,
): void {
  const count = native.test_find(worldOf(fabric).world, memory.index, tick, ...edgesOf(box))
  if (count < 0) throw new Error(`libheddle: ${native.test_last_error()}`)
  const { position } = memory.side(tick)
  for (let place = 0; place < count; place++) {
    const row = native.test_found(place) as number
    found.push(row, position[row * 3], position[row * 3 + 1])
  }
}

function edgesOf({ minX, minY, maxX, maxY }: Box): number[] {
  return [minX, minY, maxX, maxY]
}

export const nativeParts: Parts = {
  ...realParts,
  Owner: NativeOwner,
  Subscription: NativeSubscription,
  Segments: NativeSegments,
  readMessages,
  findInBox,
  dieAtWrite: (owner, _tick, write) => {
    const dying = owner as NativeOwner
    dying.diesAtWrite = write
    return () => {
      dying.diesAtWrite = 0
    }
  },
}
