// What an app does in a tick, whatever its SDK: calls that take and give plain data, so that the
// same can be asked of both. This one is over the SDK for TypeScript. Owns the translation.

import type { Application } from '../../sdk/typescript/src/application.ts'
import {
  defineField,
  type Entity,
  type Field,
  type Subscription,
  type Transaction,
} from '../../sdk/typescript/src/index.ts'
import type { Box } from '../../src/core/fabric/memory/box.ts'

export type Place = readonly [x: number, y: number, z: number]
export type Change = [kind: string, id: number, type: number, subscription?: number]

export const FIELDS: readonly Field[] = [
  defineField({ index: 1, typeId: 600, shape: 'f32x3' }),
  defineField({ index: 2, typeId: 601, shape: { health: 'u16', heading: 'f64', hue: 'u8x3' } }),
  defineField({ index: 3, typeId: 602, shape: 'u8' }),
  // As field 1, but not as wide: who finds the one where the other is expected is told so.
  defineField({ index: 1, typeId: 603, shape: 'f64x2' }),
]

/** Entities of other partitions by row, with the bytes of a field where they have it. */
export interface Covered {
  partition: number
  rows: [row: number, id: number, type: number, x: number, y: number, z: number][]
  values: [row: number, presence: number, bytes: number[]][] | 'nobody has it'
}

export interface Picture {
  ownRows: number
  /** Entities of other apps. */
  entries: [id: number, type: number, x: number, y: number, z: number][]
  /** By own row: the ids of its neighbours. */
  near: number[][] | undefined
  at: number[]
  /** By id: the bytes of a field. */
  values: [id: number, bytes: number[]][]
}

/** Calls that are refused throw an error with the `code` of the refusal. */
export interface Program {
  begin(): number
  commit(): void
  willBlock(): boolean
  limits(): number[]
  metrics(): number[]
  partitions(): unknown[]
  states(): number[]
  create(type: number, place: Place | undefined): number
  createMany(type: number, count: number): number[]
  remove(id: number): void
  removeRows(rows: readonly number[]): void
  store(id: number, place: Place): void
  load(id: number): Place
  storeField(id: number, index: number, typeId: number, bytes: Uint8Array): void
  loadField(id: number, index: number): [typeId: number, bytes: number[]]
  removeField(id: number, index: number): void
  modifyDomain(id: number, domain: string): void
  ownershipChanges(): Change[]
  tickRows(): number[][]
  rowsOf(ids: readonly number[]): number[]
  entityAt(row: number): number
  writePlaces(rows: readonly number[], places: readonly Place[]): void
  moved(from: number, to: number): void
  touched(rows: readonly number[]): void
  sweep(by: Place): void
  writeValues(field: Field, rows: readonly number[], bytes: Uint8Array): void
  stored(field: Field, from: number, to: number): void
  give(field: Field, rows: readonly number[]): void
  take(field: Field, rows: readonly number[]): void
  presence(field: Field): number[]
  subscribe(domain: string, box: Box): number
  modify(subscription: number, box: Box): void
  unsubscribe(subscription: number): void
  events(): Change[]
  seen(subscription: number): number[]
  covered(subscription: number, field: Field): Covered[]
  neighbours(x: number, y: number, radius: number): number[][]
  neighbourhood(radius: number, list: boolean, field: Field, at: Place): Picture
  resolvePosition(domain: string, x: number, y: number): number
  resolveName(domain: string, name: string): number
  send(partition: number, bytes: Uint8Array): void
  receive(): [sender: number, bytes: number[]][]
}

export const byFirst = ([one]: readonly number[], [other]: readonly number[]): number => one - other
const ascending = (one: number, other: number): number => one - other

export class TypeScriptProgram implements Program {
  readonly #application: Application
  readonly #handles = new Map<number, Entity>()
  readonly #subscriptions = new Map<number, Subscription>()
  #transaction!: Transaction

  constructor(application: Application) {
    this.#application = application
  }

  begin(): number {
    this.#transaction = this.#application.beginUpdate()
    return this.#transaction.tick
  }
  commit(): void {
    this.#transaction.commit()
  }
  willBlock(): boolean {
    return this.#application.beginUpdateWillBlock()
  }
  limits(): number[] {
    const kinds = ['EntitiesPerPartition', 'RemoteEntityTransfers', 'LocalEntityTransfers'] as const
    return kinds.map((kind) => this.#application.runtimeLimit(kind))
  }
  metrics(): number[] {
    const metrics = Object.values(this.#application.runtimeMetrics())
    if (metrics[2] > 9) this.#application.resetRuntimeMetrics()
    return metrics
  }
  partitions(): unknown[] {
    return this.#application
      .allPartitions()
      .map(({ id, domain, domainType, appName, bounds }) => [
        ...[id, domain, domainType, appName],
        ...(bounds ? [bounds.minX, bounds.minY, bounds.maxX, bounds.maxY] : []),
      ])
  }
  states(): number[] {
    return [...this.#transaction.owned.states]
  }

  create(type: number, place: Place | undefined): number {
    return this.#keep(this.#transaction.createEntity(type, place))
  }
  createMany(type: number, count: number): number[] {
    return [...this.#transaction.owned.create(type, count)]
  }
  remove(id: number): void {
    this.#transaction.deleteEntity(this.#handle(id))
  }
  removeRows(rows: readonly number[]): void {
    this.#transaction.owned.delete(rows)
  }
  store(id: number, place: Place): void {
    this.#transaction.storeEntityIndexKey(this.#handle(id), place)
  }
  load(id: number): Place {
    return this.#transaction.loadEntityIndexKey(this.#handle(id))
  }
  storeField(id: number, index: number, typeId: number, bytes: Uint8Array): void {
    this.#transaction.storeEntityField(this.#handle(id), index, typeId, bytes)
  }
  loadField(id: number, index: number): [number, number[]] {
    const { typeId, data } = this.#transaction.loadEntityField(this.#handle(id), index)
    return [typeId, [...data]]
  }
  removeField(id: number, index: number): void {
    this.#transaction.removeEntityField(this.#handle(id), index)
  }
  modifyDomain(id: number, domain: string): void {
    this.#transaction.modifyEntityDomain(this.#handle(id), domain)
  }
  ownershipChanges(): Change[] {
    return this.#transaction
      .ownershipChanges()
      .map(({ kind, entity }) => [kind, this.#keep(entity), entity.type])
  }
  tickRows(): number[][] {
    const { arrivedRows, departedRows, departedIds, rejectedRows } = this.#transaction.owned
    return [[...arrivedRows], [...departedRows], [...departedIds], [...rejectedRows]]
  }
  rowsOf(ids: readonly number[]): number[] {
    return [...this.#transaction.owned.rowsOf(ids)]
  }
  entityAt(row: number): number {
    return this.#keep(this.#transaction.owned.entity(row))
  }

  writePlaces(rows: readonly number[], places: readonly Place[]): void {
    const { positions } = this.#transaction.owned
    rows.forEach((row, at) => {
      positions.set(places[at], row * 3)
    })
  }
  moved(from: number, to: number): void {
    this.#transaction.owned.moved(from, to)
  }
  touched(rows: readonly number[]): void {
    this.#transaction.owned.touched(rows)
  }
  sweep(by: Place): void {
    this.#transaction.owned.sweep((positions, from, to) => {
      for (let at = from * 3; at < to * 3; at++) positions[at] += by[at % 3]
    })
  }
  writeValues(field: Field, rows: readonly number[], bytes: Uint8Array): void {
    const { data, stride } = bytesOf(this.#transaction.owned.field(field))
    for (const row of rows) data.set(bytes.subarray(0, field.bytes), row * stride)
  }
  stored(field: Field, from: number, to: number): void {
    this.#transaction.owned.stored(field, from, to)
  }
  give(field: Field, rows: readonly number[]): void {
    this.#transaction.owned.give(field, rows)
  }
  take(field: Field, rows: readonly number[]): void {
    this.#transaction.owned.take(field, rows)
  }
  presence(field: Field): number[] {
    const { states } = this.#transaction.owned
    return [...this.#transaction.owned.presence(field)].filter((_, row) => states[row] !== 0)
  }

  subscribe(domain: string, box: Box): number {
    const subscription = this.#transaction.createSubscriptionBoundingBox2F32(domain, box)
    this.#subscriptions.set(subscription.id, subscription)
    return subscription.id
  }
  modify(id: number, box: Box): void {
    this.#transaction.modifySubscriptionBoundingBox2F32(this.#subscription(id), box)
  }
  unsubscribe(id: number): void {
    this.#transaction.deleteSubscription(this.#subscription(id))
  }
  events(): Change[] {
    return this.#transaction
      .allSubscriptionEvents()
      .map(({ kind, entity, subscription }) => [
        ...([kind, this.#keep(entity), entity.type] as const),
        subscription.id,
      ])
  }
  seen(id: number): number[] {
    const entities = this.#transaction.subscribedEntities(this.#subscription(id))
    return Array.from(entities, (entity) => this.#keep(entity))
  }
  covered(id: number, field: Field): Covered[] {
    return this.#transaction
      .covered(this.#subscription(id))
      .map(({ columns, rows, x, y }): Covered => {
        const { partition, ids, types, positions } = columns
        const view = columns.field(field)
        const values = view && bytesOf(view)
        const presence = columns.presence(field)
        const sorted = [...rows].sort(ascending)
        return {
          partition,
          rows: [...rows].map((row, place): Covered['rows'][number] => [
            ...([row, ids[row], types[row], x[place], y[place]] as const),
            positions[row * 3 + 2],
          ]),
          values:
            values && presence
              ? sorted.map((row) => [
                  ...([row, presence[row]] as const),
                  present(values, row, presence[row]),
                ])
              : 'nobody has it',
        }
      })
      .map((covered) => ({ ...covered, rows: covered.rows.sort(byFirst) }))
  }
  neighbours(x: number, y: number, radius: number): number[][] {
    const near = this.#transaction.neighbours(x, y, radius)
    const { ids, types, positions, partitions, rows } = near
    return Array.from({ length: near.count }, (_, at) => [
      ...[ids[at], types[at], partitions[at], rows[at]],
      ...positions.subarray(at * 3, at * 3 + 3),
    ]).sort(byFirst)
  }
  neighbourhood(radius: number, list: boolean, field: Field, [x, y, within]: Place): Picture {
    const picture = this.#transaction.neighbourhood(radius, { list })
    const { ownRows, count, ids, types, positions, starts } = picture
    const { states } = this.#transaction.owned
    const idOf = (entry: number) => ids[entry]
    const found: number[] = []
    picture.at(x, y, within, found)
    const { data, stride } = bytesOf(picture.field(field))
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
            [...picture.list.subarray(starts[row], starts[row + 1])].map(idOf).sort(ascending),
          )
        : undefined,
      at: found.map(idOf).sort(ascending),
      values: used
        .map((entry): [number, number[]] => [
          ids[entry],
          [...data.subarray(entry * stride, entry * stride + field.bytes)],
        ])
        .sort(([one], [other]) => one - other),
    }
  }

  resolvePosition(domain: string, x: number, y: number): number {
    return this.#transaction.resolveEndpointByPosition(domain, x, y).partition
  }
  resolveName(domain: string, name: string): number {
    return this.#transaction.resolveEndpointByAppName(domain, name).partition
  }
  send(partition: number, bytes: Uint8Array): void {
    this.#transaction.sendMessage({ partition }, bytes)
  }
  receive(): [number, number[]][] {
    return this.#transaction
      .receiveMessages()
      .map(({ sender, payload }) => [sender.partition, [...payload]])
  }

  #keep(entity: Entity): number {
    this.#handles.set(entity.id, entity)
    return entity.id
  }
  #handle(id: number): Entity {
    const unknown = { id, type: 0, partition: 0, row: 0 }
    return this.#handles.get(id) ?? unknown
  }
  #subscription(id: number): Subscription {
    const unknown = { id, domain: '', minX: 0, minY: 0, maxX: 0, maxY: 0 }
    return this.#subscriptions.get(id) ?? unknown
  }
}

interface Bytes {
  data: Uint8Array
  stride: number
}

function bytesOf(columns: unknown): Bytes {
  const first = columns as { values?: Uint8Array; stride: number }
  const { values, stride } = first.values ? first : Object.values(columns as object)[0]
  return {
    data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    stride: stride * values.BYTES_PER_ELEMENT,
  }
}

export function present({ data, stride }: Bytes, row: number, presence: number): number[] {
  return [...data.subarray(row * stride, row * stride + Math.max(0, presence - 1))]
}

export type { Field }
