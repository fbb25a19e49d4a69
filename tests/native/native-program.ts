// The same calls over libheddle: an application of heddle.h in this process. Owns the translation
// to the structures of C, and the handles.

import koffi from 'koffi'
import type { StandaloneOptions } from '../../sdk/typescript/src/index.ts'
import type { Box } from '../../src/core/fabric/memory/box.ts'
import { type Argument, loadHeader, memoryAt, type Pointer, Room, roomAt } from './header.ts'
import {
  byFirst,
  type Change,
  type Covered,
  type Field,
  type Picture,
  type Place,
  type Program,
  present,
} from './program.ts'

const heddle = loadHeader()
const CODES = [
  'Ok',
  'ShuttingDown',
  'InvalidArgument',
  'CapacityExceeded',
  'NotOwned',
  'NotFound',
  'InvalidState',
  'NotConnected',
]
const ACTIONS = ['None', 'Remove', 'Add', 'Update', 'Reject']
const DOMAIN_TYPES = ['Spatial', 'Service', 'Custom']
/** `heddle_sweep_body`. */
const sweepBody = koffi.pointer(
  koffi.proto('void SweepBody(uint64_t context, uint64_t positions, uint32_t from, uint32_t to)'),
)
const ENTITY_BYTES = 24
const CHANGE_BYTES = 8 + ENTITY_BYTES
const ascending = (one: number, other: number): number => one - other

/** A call that was refused, with its code and what the library says. */
class Refused extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

function checked(application: Pointer | null, error: number): void {
  if (error === 0) return
  const message = String(heddle.last_error_message(application))
  if (String(heddle.last_error_message(null)) !== message)
    throw new Error(`the thread's last error is not '${message}'`)
  throw new Refused(CODES[error], message)
}

export class NativeProgram implements Program {
  readonly #application: Pointer
  readonly #handles = new Map<number, Uint8Array>()

  /** Made as the environment says; or with what makes one. */
  constructor(create = (place: Uint8Array) => heddle.create_application(place)) {
    const room = new Room(8)
    checked(null, create(room.bytes))
    this.#application = room.pointer(0)
  }
  static standalone(options: StandaloneOptions): NativeProgram {
    const { seconds, tickRate = 0, bounds, domain, entitiesPerPartition = 0 } = options
    const config = new Room(48)
      .set(0, 'Float64', seconds)
      .set(8, 'Float64', tickRate === 'unlimited' ? -1 : tickRate)
      .set(40, 'Uint32', entitiesPerPartition)
    if (bounds) config.bytes.set(new Uint8Array(boxOf(bounds).buffer), 16)
    const name = new TextEncoder().encode(`${domain}\0`)
    if (domain !== undefined) config.set64(32, koffi.address(name))
    return new NativeProgram((place) => heddle.create_standalone_application(config.bytes, place))
  }
  destroy(): void {
    heddle.destroy_application(this.#application)
  }
  #call(name: string, ...values: Argument[]): void {
    checked(this.#application, heddle[name](this.#application, ...values))
  }

  begin(): number {
    this.#call('begin_update')
    return Number(heddle.current_tick(this.#application))
  }
  commit(): void {
    this.#call('commit')
  }
  willBlock(): boolean {
    const room = new Room(1)
    this.#call('wait_for_update', 0, room.bytes)
    return room.bytes[0] === 1
  }
  limits(): number[] {
    return [1, 2, 3].map((limit) => this.#number('runtime_limit', limit))
  }
  metrics(): number[] {
    const room = new Room(48)
    heddle.runtime_metrics(this.#application, room.bytes)
    const metrics = [room.u64(0), ...Array.from({ length: 10 }, (_, at) => room.u32(8 + at * 4))]
    if (metrics[2] > 9) heddle.reset_runtime_metrics(this.#application)
    return metrics
  }
  partitions(): unknown[] {
    return this.#list('all_partitions', 48, [], (room, at) => [
      room.u32(at),
      textAt(room.pointer(at + 32)),
      DOMAIN_TYPES[room.u32(at + 8)],
      textAt(room.pointer(at + 40)),
      ...(room.bytes[at + 12] ? [0, 1, 2, 3].map((edge) => room.f32(at + 16 + edge * 4)) : []),
    ])
  }
  states(): number[] {
    return [...this.#columns().states]
  }

  create(type: number, place: Place | undefined): number {
    const entity = new Uint8Array(ENTITY_BYTES)
    this.#call('create_entity', type, place ? Float32Array.from(place) : null, entity)
    return this.#keep(entity)
  }
  createMany(type: number, count: number): number[] {
    const rows = new Uint32Array(count)
    this.#call('create_entities', type, count, rows)
    return [...rows]
  }
  remove(id: number): void {
    this.#call('delete_entity', this.#handle(id))
  }
  removeRows(rows: readonly number[]): void {
    this.#call('delete_entities', Uint32Array.from(rows), rows.length)
  }
  store(id: number, [x, y, z]: Place): void {
    this.#call('store_position', this.#handle(id), x, y, z)
  }
  load(id: number): Place {
    const copied = new Float32Array(3)
    this.#call('load_position', this.#handle(id), copied)
    const lent = new Room(8)
    this.#call('lend_position', this.#handle(id), lent.bytes)
    const [x, y, z] = new Float32Array(memoryAt(lent.pointer(0), 12))
    if (!Object.is(x, copied[0]) || !Object.is(y, copied[1]) || !Object.is(z, copied[2]))
      throw new Error(`a position is lent as (${x}, ${y}, ${z}), and copied as ${copied}`)
    return [x, y, z]
  }
  storeField(id: number, index: number, typeId: number, bytes: Uint8Array): void {
    this.#call('store_field', this.#handle(id), index, typeId, bytes, bytes.length)
  }
  loadField(id: number, index: number): [number, number[]] {
    const room = new Room(24)
    const places = [0, 8, 16].map((at) => room.bytes.subarray(at))
    this.#call('load_field', this.#handle(id), index, ...places)
    return [room.u32(0), [...new Uint8Array(memoryAt(room.pointer(8), room.u64(16)))]]
  }
  removeField(id: number, index: number): void {
    this.#call('remove_field', this.#handle(id), index)
  }
  modifyDomain(id: number, domain: string): void {
    this.#call('modify_entity_domain', this.#handle(id), this.#domain(domain))
  }
  ownershipChanges(): Change[] {
    return this.#list('ownership_changes', CHANGE_BYTES, [], (room, at) => [
      ACTIONS[room.u32(at)],
      this.#keep(room.bytes.slice(at + 8, at + CHANGE_BYTES)),
      room.u32(at + 16),
    ])
  }
  tickRows(): number[][] {
    const room = new Room(56)
    this.#call('tick_changes', room.bytes)
    const [arrived, departed, rejected] = [room.u64(8), room.u64(32), room.u64(48)]
    return [
      [...new Uint32Array(memoryAt(room.pointer(0), arrived * 4))],
      [...new Uint32Array(memoryAt(room.pointer(16), departed * 4))],
      [...new Float64Array(memoryAt(room.pointer(24), departed * 8))],
      [...new Uint32Array(memoryAt(room.pointer(40), rejected * 4))],
    ]
  }
  rowsOf(ids: readonly number[]): number[] {
    const rows = new BigInt64Array(ids.length)
    this.#call('rows_of', Float64Array.from(ids), ids.length, rows)
    return Array.from(rows, Number)
  }
  entityAt(row: number): number {
    const entity = new Uint8Array(ENTITY_BYTES)
    this.#call('owned_entity', row, entity)
    return this.#keep(entity)
  }

  writePlaces(rows: readonly number[], places: readonly Place[]): void {
    const { positions } = this.#columns()
    rows.forEach((row, at) => {
      positions.set(places[at], row * 3)
    })
  }
  moved(from: number, to: number): void {
    this.#call('moved', from, to)
  }
  touched(rows: readonly number[]): void {
    if (rows.length === 1) this.#call('touched', rows[0])
    else this.#call('touched_rows', Uint32Array.from(rows), rows.length)
  }
  sweep(by: Place): void {
    const body = koffi.register((_: bigint, address: bigint, from: number, to: number) => {
      const positions = new Float32Array(memoryAt(address, to * 12))
      for (let at = from * 3; at < to * 3; at++) positions[at] += by[at % 3]
    }, sweepBody)
    try {
      this.#call('sweep', body, null)
    } finally {
      koffi.unregister(body)
    }
  }
  writeValues(field: Field, rows: readonly number[], bytes: Uint8Array): void {
    const { data, stride } = this.#values(field)
    for (const row of rows) data.set(bytes.subarray(0, field.bytes), row * stride)
  }
  stored(field: Field, from: number, to: number): void {
    this.#call('stored', shapeOf(field), from, to)
  }
  give(field: Field, rows: readonly number[]): void {
    this.#call('give', shapeOf(field), Uint32Array.from(rows), rows.length)
  }
  take(field: Field, rows: readonly number[]): void {
    this.#call('take', field.index, Uint32Array.from(rows), rows.length)
  }
  presence(field: Field): number[] {
    const { states } = this.#columns()
    return [...this.#values(field).presence].filter((_, row) => states[row] !== 0)
  }

  subscribe(domain: string, box: Box): number {
    return this.#number('create_subscription', this.#domain(domain), boxOf(box))
  }
  modify(subscription: number, box: Box): void {
    this.#call('modify_subscription', subscription, boxOf(box))
  }
  unsubscribe(subscription: number): void {
    this.#call('delete_subscription', subscription)
  }
  events(): Change[] {
    return this.#list('subscription_events', CHANGE_BYTES, [], (room, at) => [
      ACTIONS[room.u32(at)],
      this.#keep(room.bytes.slice(at + 8, at + CHANGE_BYTES)),
      ...([room.u32(at + 16), room.u32(at + 4)] as const),
    ])
  }
  seen(subscription: number): number[] {
    return this.#list('subscribed_entities', ENTITY_BYTES, [subscription], (room, at) =>
      this.#keep(room.bytes.slice(at, at + ENTITY_BYTES)),
    )
  }
  covered(subscription: number, field: Field): Covered[] {
    const partitions = this.#list('covered_columns', 56, [subscription], (room, at) => {
      const [partition, count, rows] = [room.u32(at), room.u32(at + 4), room.u32(at + 16)]
      return { partition, count, rows, places: room.pointer(at + 8), columns: at + 24, room }
    })
    return partitions.map(({ partition, count, rows, places, columns, room }) => {
      const ids = new Float64Array(memoryAt(room.pointer(columns), rows * 8))
      const types = new Uint32Array(memoryAt(room.pointer(columns + 8), rows * 4))
      const positions = new Float32Array(memoryAt(room.pointer(columns + 24), rows * 12))
      const place = roomAt(places, count * 12)
      const inside = Array.from({ length: count }, (_, at) => place.u32(at * 12))
      const view = new Room(24)
      this.#call('covered_field', partition, shapeOf(field), view.bytes)
      const stride = view.u32(8)
      const values = { data: new Uint8Array(memoryAt(view.pointer(0), rows * stride)), stride }
      const presence = new Int32Array(memoryAt(view.pointer(16), rows * 4))
      return {
        partition,
        rows: inside
          .map((row, at): Covered['rows'][number] => [
            ...([row, ids[row], types[row]] as const),
            ...([place.f32(at * 12 + 4), place.f32(at * 12 + 8), positions[row * 3 + 2]] as const),
          ])
          .sort(byFirst),
        values: view.pointer(0)
          ? [...inside]
              .sort(ascending)
              .map((row) => [row, presence[row], present(values, row, presence[row])])
          : 'nobody has it',
      }
    })
  }
  neighbours(x: number, y: number, radius: number): number[][] {
    return this.#list('neighbours', 40, [x, y, radius], (room, at) => [
      ...[room.u64(at), room.u32(at + 8), room.u32(at + 12), room.u32(at + 16)],
      ...[room.f32(at + 24), room.f32(at + 28), room.f32(at + 32)],
    ]).sort(byFirst)
  }
  neighbourhood(radius: number, list: boolean, field: Field, [x, y, within]: Place): Picture {
    const room = new Room(48)
    this.#call('take_neighbourhood', radius, list, room.bytes)
    const [ownRows, count] = [room.u32(0), room.u32(4)]
    const ids = new Float64Array(memoryAt(room.pointer(8), count * 8))
    const types = new Uint32Array(memoryAt(room.pointer(16), count * 4))
    const positions = new Float32Array(memoryAt(room.pointer(24), count * 12))
    const starts = new Uint32Array(memoryAt(room.pointer(32), (ownRows + 1) * 4))
    const near = new Uint32Array(memoryAt(room.pointer(40), list ? starts[ownRows] * 4 : 0))
    const idOf = (entry: number) => ids[entry]
    const found = this.#list('neighbourhood_at', 4, [x, y, within], (entries, at) =>
      idOf(entries.u32(at)),
    )
    const view = new Room(24)
    this.#call('neighbourhood_field', shapeOf(field), view.bytes)
    const stride = view.u32(8)
    const data = new Uint8Array(memoryAt(view.pointer(0), count * stride))
    const { states } = this.#columns()
    const used = Array.from({ length: count }, (_, entry) => entry).filter(
      (entry) => entry >= ownRows || states[entry] !== 0,
    )
    return {
      ownRows,
      entries: used
        .filter((entry) => entry >= ownRows)
        .map((entry): Picture['entries'][number] => [
          ...([ids[entry], types[entry], positions[entry * 3]] as const),
          ...([positions[entry * 3 + 1], positions[entry * 3 + 2]] as const),
        ])
        .sort(byFirst),
      near: list
        ? Array.from({ length: ownRows }, (_, row) =>
            [...near.subarray(starts[row], starts[row + 1])].map(idOf).sort(ascending),
          )
        : undefined,
      at: found.sort(ascending),
      values: used
        .map((entry): [number, number[]] => [
          ids[entry],
          [...data.subarray(entry * stride, entry * stride + field.bytes)],
        ])
        .sort(([one], [other]) => one - other),
    }
  }

  resolvePosition(domain: string, x: number, y: number): number {
    return this.#number('resolve_position', this.#domain(domain), x, y)
  }
  resolveName(domain: string, name: string): number {
    return this.#number('resolve_app_name', this.#domain(domain), name)
  }
  send(partition: number, bytes: Uint8Array): void {
    this.#call('send_message', partition, bytes, bytes.length)
  }
  receive(): [number, number[]][] {
    return this.#list('receive_messages', 24, [], (room, at) => [
      room.u32(at),
      [...new Uint8Array(memoryAt(room.pointer(at + 8), room.u64(at + 16)))],
    ])
  }

  /** One of no domain where there is none of that name: it is the call itself that refuses. */
  #domain(name: string): number {
    try {
      return this.#number('domain_by_name', name)
    } catch {
      return 99
    }
  }
  #number(name: string, ...values: Argument[]): number {
    const room = new Room(4)
    this.#call(name, ...values, room.bytes)
    return room.u32(0)
  }
  /** What a call lends: each item read from a copy. */
  #list<Item>(
    name: string,
    itemBytes: number,
    values: Argument[],
    read: (room: Room, at: number) => Item,
  ): Item[] {
    const lent = new Room(16)
    this.#call(name, ...values, lent.bytes, lent.bytes.subarray(8))
    const count = lent.u64(8)
    const room = roomAt(lent.pointer(0), count * itemBytes)
    return Array.from({ length: count }, (_, place) => read(room, place * itemBytes))
  }
  #columns(): { states: Uint8Array; positions: Float32Array } {
    const room = new Room(40)
    this.#call('owned_columns', room.bytes)
    const rows = room.u32(0)
    return {
      states: new Uint8Array(memoryAt(room.pointer(24), rows)),
      positions: new Float32Array(memoryAt(room.pointer(32), rows * 12)),
    }
  }
  #values(field: Field): { data: Uint8Array; stride: number; presence: Int32Array } {
    const rows = this.#columns().states.length
    const room = new Room(24)
    this.#call('field', shapeOf(field), room.bytes)
    const stride = room.u32(8)
    return {
      data: new Uint8Array(memoryAt(room.pointer(0), rows * stride)),
      stride,
      presence: new Int32Array(memoryAt(room.pointer(16), rows * 4)),
    }
  }
  #keep(entity: Uint8Array): number {
    const id = Number(new DataView(entity.buffer, entity.byteOffset).getBigUint64(0, true))
    this.#handles.set(id, entity)
    return id
  }
  #handle(id: number): Uint8Array {
    return this.#handles.get(id) ?? new Room(ENTITY_BYTES).set64(0, id).bytes
  }
}

function textAt(pointer: Pointer): string {
  return koffi.decode(pointer, 'char', -1) as string
}

function boxOf({ minX, minY, maxX, maxY }: Box): Float32Array {
  return Float32Array.of(minX, minY, maxX, maxY)
}

/** By field: its declaration, which C keeps as long as it likes. */
const declarations = new Map<Field, Uint8Array>()

/** `heddle_shape`. */
function shapeOf(field: Field): Uint8Array {
  let text = declarations.get(field)
  if (!text) {
    text = new TextEncoder().encode(`${JSON.stringify(field.shape)}\0`)
    declarations.set(field, text)
  }
  const numbers = [field.index, field.typeId, field.bytes, field.alignBytes]
  const room = new Room(24)
  numbers.forEach((number, at) => {
    room.set(at * 4, 'Uint32', number)
  })
  return room.set64(16, koffi.address(text)).bytes
}
