// One tick of an app: everything it reads and writes between begin and commit.
// Owns checking of arguments and of ownership; the work on memory is the fabric's. Entities of this
// app are read as it last wrote them; those of others as they were committed at the tick before.
// Nothing that was read may be used after the commit.

import { rowState } from '../../../src/core/fabric/memory/columns.ts'
import { readMessages } from '../../../src/core/fabric/memory/messages.ts'
import { FIELD_INDEX_MAX } from '../../../src/core/fabric/memory/sizes.ts'
import { OutsideError } from '../../../src/core/fabric/owner/departures.ts'
import { Subscription as SubscriptionBox } from '../../../src/core/fabric/reader/subscriptions.ts'
import type { ApplicationState } from './application-state.ts'
import { type CoveredColumns, EntityColumns, OwnedColumns, outsideError } from './columns.ts'
import { type ErrorCode, HeddleError } from './errors.ts'
import { type FoundEntity, findElsewhere, findOwned, isSubscribed } from './find-entity.ts'
import {
  type Endpoint,
  type Entity,
  type EntityField,
  type LocatedEntity,
  type Message,
  type OwnershipChange,
  type Position,
  refuseDataType,
  refuseEntityType,
  type Subscription,
  type SubscriptionChange,
} from './model.ts'
import type { Nearby } from './nearby.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import { middleOf } from './partitions.ts'

/** Fields that are no longer than this are copied byte by byte: a view of them would cost more. */
const BYTEWISE_MAX = 64

interface BoxArguments {
  minX: number
  minY: number
  maxX: number
  maxY: number
}

export class Transaction {
  /** The tick that this transaction computes. What others wrote is read as of the tick before. */
  readonly tick: number
  /** This app's entities as columns. */
  readonly owned: OwnedColumns
  readonly #state: ApplicationState
  readonly #ids: Float64Array
  readonly #states: Uint8Array
  #committed = false
  #messagesReceived = false

  /** @internal */
  constructor(state: ApplicationState) {
    const { owner } = state
    this.#state = state
    this.#ids = owner.back.id
    this.#states = owner.back.state
    this.tick = owner.tick
    this.owned = new OwnedColumns(state, () => !this.#committed)
  }

  get isCommitted(): boolean {
    return this.#committed
  }

  /**
   * Ends the update: what was written becomes visible to all at the next tick. Throws
   * InvalidArgument where an entity was moved out of the world in bulk: the update is open then,
   * and the entity can be moved back.
   */
  commit(): void {
    this.#requireOpen()
    const { host, owner, metrics, phases } = this.#state
    phases.end('simulate')
    owner.interests = [...this.#state.subscriptions.values()].map(({ box }) => box)
    try {
      owner.finish()
    } catch (error) {
      if (error instanceof OutsideError) throw this.#state.failed(outsideError(error, owner))
      throw error
    }
    this.#committed = true
    metrics.totalCommittedTicks++
    metrics.ticksSinceReset++
    this.#state.committed()
    host.committed()
    phases.end('commit')
  }

  // --- entities

  /**
   * Makes an entity of this app. Without a position it is at the middle of the partition's cell (at
   * 0, 0, 0 where the partition has no area). Throws InvalidArgument for a type id below 512, or a
   * position outside of this app's domain (of every domain, where its own has no area);
   * CapacityExceeded at the partition's limit or where the machine has no room.
   */
  createEntity(typeId: number, position?: Position): Entity {
    this.#requireOpen()
    const { owner, metrics } = this.#state
    const refusal = refuseEntityType(typeId)
    if (refusal) throw this.#error('InvalidArgument', refusal)
    const [x, y, z] = (position ?? middleOf(this.#state)).map(Math.fround)
    if (position !== undefined) this.#checkPosition(x, y, z)
    const row = owner.create(typeId)
    if (row < 0) {
      const { refusal: full, sizes } = owner.memory
      const why = owner.population < sizes.entityLimit ? full : `limit ${sizes.entityLimit}`
      throw this.#error(
        'CapacityExceeded',
        `the partition holds ${owner.population} entities and takes no more (${why})`,
      )
    }
    owner.setPosition(row, x, y, z)
    metrics.createdEntity++
    return this.#handle(row)
  }

  /** Throws NotOwned or NotFound. */
  deleteEntity(entity: Entity): void {
    const row = this.#ownedRow(entity)
    this.#state.owner.delete(row)
    this.#state.metrics.deletedEntity++
  }

  /**
   * The entities that this app owns now. Don't create or delete while you walk through it; collect
   * first.
   */
  *ownedEntities(): Generator<Entity> {
    this.#requireOpen()
    const { owner } = this.#state
    for (let row = 0; row < owner.rows; row++)
      if (owner.back.state[row] !== rowState.free) yield this.#handle(row)
  }

  get ownedEntityCount(): number {
    this.#requireOpen()
    return this.#state.owner.population
  }

  /**
   * Moves an entity. One that leaves this app's cell goes to its new owner after the commit. Throws
   * InvalidArgument outside the world's bounds.
   */
  storeEntityIndexKey(entity: Entity, position: Position): void {
    const row = this.#ownedRow(entity)
    const x = Math.fround(position[0])
    const y = Math.fround(position[1])
    const z = Math.fround(position[2])
    this.#checkPosition(x, y, z)
    this.#state.owner.setPosition(row, x, y, z)
  }

  /**
   * The position of an entity that this app owns or is subscribed to, written to `into` where it is
   * given: nothing is allocated then. Throws NotFound for any other.
   */
  loadEntityIndexKey(
    entity: Entity,
    into: [x: number, y: number, z: number] = [0, 0, 0],
  ): [x: number, y: number, z: number] {
    const { owner } = this.#state
    let row = this.#rowAtHand(entity)
    let { position } = owner
    if (row < 0) {
      const located = this.#locate(entity)
      row = located.row
      if (located.side !== owner.back) position = located.side.position
    }
    into[0] = position[row * 3]
    into[1] = position[row * 3 + 1]
    into[2] = position[row * 3 + 2]
    return into
  }

  /**
   * Writes a data field, index 1 and up. Throws InvalidArgument, CapacityExceeded (longer than the
   * limit, or no room), NotOwned, NotFound.
   */
  storeEntityField(entity: Entity, fieldIndex: number, typeId: number, data: Uint8Array): void {
    const row = this.#ownedRow(entity)
    this.#checkFieldIndex(fieldIndex)
    const { owner, metrics } = this.#state
    const { fieldBytesMax } = owner.memory.sizes
    const refusal = refuseDataType(typeId)
    if (refusal) throw this.#error('InvalidArgument', refusal)
    if (!(data instanceof Uint8Array))
      throw this.#error('InvalidArgument', 'the data of a field is a Uint8Array')
    if (data.length > fieldBytesMax)
      throw this.#error(
        'CapacityExceeded',
        `a field holds ${fieldBytesMax} bytes, not ${data.length}`,
      )
    if (!owner.storeField(row, fieldIndex, typeId, data))
      throw this.#error(
        'CapacityExceeded',
        owner.mayHaveField(row, fieldIndex)
          ? `no room for the field: ${owner.memory.refusal}`
          : `an entity has at most ${owner.memory.sizes.fieldsPerEntity} fields`,
      )
    metrics.storeField++
  }

  /**
   * A copy of a data field of an entity that this app owns or is subscribed to, in `into` where it
   * is given: its `data` is written to where it is as long as the field's, and replaced where not.
   * Throws NotFound where the entity has no such field.
   */
  loadEntityField(entity: Entity, fieldIndex: number, into?: EntityField): EntityField {
    this.#checkFieldIndex(fieldIndex)
    const { owner, metrics } = this.#state
    let row = this.#rowAtHand(entity)
    let view = owner.field(fieldIndex)
    if (row < 0) {
      const { memory, side, row: found } = this.#locate(entity)
      row = found
      if (side !== owner.back) view = memory.field(memory.sides.indexOf(side), fieldIndex)
    }
    // No value is longer than its row, whatever another app wrote.
    const length = view ? Math.min(view.length[row] - 1, view.stride) : -1
    if (!view || length < 0)
      throw this.#error('NotFound', `entity ${entity.id} has no field ${fieldIndex}`)
    metrics.loadField++
    const typeId = view.typeId[row]
    const start = row * view.stride
    if (!into) return { typeId, data: view.data.slice(start, start + length) }
    into.typeId = typeId
    const { data } = into
    if (data.length !== length) into.data = view.data.slice(start, start + length)
    else if (length > BYTEWISE_MAX) data.set(view.data.subarray(start, start + length))
    else for (let byte = 0; byte < length; byte++) data[byte] = view.data[start + byte]
    return into
  }

  /** Takes a data field away. Throws NotFound where the entity has none. */
  removeEntityField(entity: Entity, fieldIndex: number): void {
    const row = this.#ownedRow(entity)
    this.#checkFieldIndex(fieldIndex)
    if (!this.#state.owner.removeField(row, fieldIndex))
      throw this.#error('NotFound', `entity ${entity.id} has no field ${fieldIndex}`)
  }

  /**
   * Hands an entity to a spatial domain: from the next tick on, the app whose cell holds its
   * position owns it. Throws InvalidArgument for a domain that isn't spatial, or doesn't reach to
   * the position.
   */
  modifyEntityDomain(entity: Entity, domainName: string): void {
    const row = this.#ownedRow(entity)
    const { owner, host } = this.#state
    const domain = this.#spatialDomainIndex(domainName, 'entities are handed to spatial domains')
    const { position } = owner
    if (host.fabric.world.partitionAt(domain, position[row * 3], position[row * 3 + 1]) < 0) {
      throw this.#error(
        'InvalidArgument',
        `no partition of domain '${domainName}' holds the position (${position[row * 3]}, ` +
          `${position[row * 3 + 1]})`,
      )
    }
    owner.setDestination(row, domain)
  }

  /**
   * What happened to this app's ownership since the last call. An app that has just begun, or begun
   * again, gets an Add for all that it owns.
   */
  ownershipChanges(): OwnershipChange[] {
    this.#requireOpen()
    return this.#state.ownership.take(this.#state.owner)
  }

  // --- subscriptions

  /**
   * Subscribes to a box on a domain. It may cover many cells, this app's own too; its own entities
   * are reported by ownershipChanges, not here.
   */
  createSubscriptionBoundingBox2F32(domainName: string, box: BoxArguments): Subscription {
    this.#requireOpen()
    const { subscriptions, host } = this.#state
    const domain = this.#domainIndex(domainName)
    const checked = this.#checkedBox(box)
    const handle = { id: this.#state.nextSubscriptionId++, domain: domainName, ...checked }
    subscriptions.set(handle.id, {
      handle,
      box: new SubscriptionBox(host.fabric, { owner: host.partition, domain, box: handle }),
    })
    this.#state.subscriptionsVersion++
    return handle
  }

  /**
   * Moves a subscription's box. The next events tell what is new inside, and what is outside now.
   * Gives the subscription's new handle.
   */
  modifySubscriptionBoundingBox2F32(subscription: Subscription, box: BoxArguments): Subscription {
    const entry = this.#subscription(subscription)
    entry.handle = { ...entry.handle, ...this.#checkedBox(box) }
    entry.box.box = entry.handle
    this.#state.subscriptionsVersion++
    return entry.handle
  }

  /** No more events; not for its entities either. */
  deleteSubscription(subscription: Subscription): void {
    this.#subscription(subscription)
    this.#state.subscriptions.delete(subscription.id)
    this.#state.subscriptionsVersion++
  }

  /**
   * What happened in all subscribed boxes since the last call: a second call in the same tick
   * returns nothing.
   */
  allSubscriptionEvents(): SubscriptionChange[] {
    this.#requireOpen()
    const changes: SubscriptionChange[] = []
    for (const { box, handle } of this.#state.subscriptions.values()) {
      for (const { kind, entity } of box.look(this.tick - 1))
        changes.push({ kind, subscription: handle, entity })
    }
    return changes
  }

  /** The entities in a subscription's box, as of the last allSubscriptionEvents. */
  subscribedEntities(subscription: Subscription): Iterable<Entity> {
    return this.#subscription(subscription).box.seen.values()
  }

  /**
   * What a subscription covers, as columns of each of the other partitions; those without any
   * entity in the box are left out. As committed at the tick before.
   */
  covered(subscription: Subscription): CoveredColumns[] {
    const { box } = this.#subscription(subscription)
    return box.covered(this.tick - 1).map(({ memory, places: { rows, x, y, count } }) => ({
      columns: new EntityColumns(memory, this.tick - 1),
      rows: rows.subarray(0, count),
      x: x.subarray(0, count),
      y: y.subarray(0, count),
    }))
  }

  // --- neighbours

  /**
   * The entities within `radius` of a place, in the plane of x and y: this app's own, and others as
   * far as subscriptions cover them; each once, in no particular order, and as of the tick before,
   * whatever this app has written since. The object is the same at every call. For questions about
   * most entities in a tick, `neighbourhood` is faster.
   */
  neighbours(x: number, y: number, radius: number): Nearby {
    this.#requireOpen()
    this.#checkRadius(radius)
    if (!Number.isFinite(x) || !Number.isFinite(y))
      throw this.#error('InvalidArgument', `a place is two finite numbers, not (${x}, ${y})`)
    return this.#state.nearby.find(this.#state, this.#state.others, x, y, radius)
  }

  /**
   * A picture of all that this app can see now, sorted by place, and with `list` the neighbours
   * within `radius` of every own entity. The object is the same at every call: it holds the last
   * picture.
   */
  neighbourhood(radius: number, { list = true } = {}): Neighbourhood {
    this.#requireOpen()
    this.#checkRadius(radius)
    const { owner, others, neighbourhood, neighbourValues } = this.#state
    others.gather(this.#state)
    const { id, type, state } = owner.back
    const own = { count: owner.rows, ids: id, types: type, positions: owner.position }
    neighbourhood.build(radius, own, state, others)
    const { subscriptionsVersion } = this.#state
    neighbourhood.field = (field) => {
      this.#requireOpen()
      if (this.#state.subscriptionsVersion !== subscriptionsVersion)
        throw this.#error(
          'InvalidState',
          'subscriptions have changed since the picture was taken: take it again',
        )
      return neighbourValues.gather(this.#state, others, neighbourhood.ownRows, field)
    }
    if (list) neighbourhood.listAll(state)
    return neighbourhood
  }

  /** Nothing to do here: reads take no lease. Kept for programs written for the original SDK. */
  releaseReadLeases(): void {
    this.#requireOpen()
  }

  // --- messages

  /** The app of a spatial domain whose cell holds a position. Throws InvalidArgument. */
  resolveEndpointByPosition(domainName: string, x: number, y: number): Endpoint {
    this.#requireOpen()
    const domain = this.#spatialDomainIndex(
      domainName,
      'its apps are found by name, with resolveEndpointByAppName',
    )
    const partition = this.#state.host.fabric.world.partitionAt(domain, x, y)
    if (partition < 0)
      throw this.#error(
        'InvalidArgument',
        `no partition of domain '${domainName}' holds the position (${x}, ${y})`,
      )
    return { partition }
  }

  /**
   * The app of that name, of whatever domain: `Cells-0-2` is the name of a spatial app. Throws
   * InvalidArgument for an unknown domain, NotFound.
   */
  resolveEndpointByAppName(domainName: string, appName: string): Endpoint {
    this.#requireOpen()
    const domain = this.#domainIndex(domainName)
    const { fabric } = this.#state.host
    for (const partition of fabric.partitions()) {
      if (
        fabric.control.partitionWord(partition, 'domain') === domain &&
        fabric.control.partitionName(partition) === appName
      )
        return { partition }
    }
    throw this.#error('NotFound', `domain '${domainName}' has no app '${appName}'`)
  }

  /**
   * Sends a message, delivered at the next tick. Throws CapacityExceeded over the limits,
   * InvalidArgument to this app itself, NotFound to none.
   */
  sendMessage(endpoint: Endpoint, payload: Uint8Array): void {
    this.#requireOpen()
    const { owner, host } = this.#state
    const { messageBytesMax, messageLimit, messageHeapBytes } = owner.memory.sizes
    if (!(payload instanceof Uint8Array))
      throw this.#error('InvalidArgument', 'a message is a Uint8Array')
    if (endpoint.partition === host.partition)
      throw this.#error('InvalidArgument', 'an app can not send messages to its own partition')
    if (!host.fabric.control.partitionInUse(endpoint.partition))
      throw this.#error('NotFound', `there is no partition ${endpoint.partition}`)
    if (payload.length > messageBytesMax)
      throw this.#error(
        'CapacityExceeded',
        `a message holds ${messageBytesMax} bytes, not ${payload.length}`,
      )
    if (!owner.send({ target: endpoint.partition, payload: payload.slice() })) {
      throw this.#error(
        'CapacityExceeded',
        owner.maySend(payload.length)
          ? `no room for the message: ${owner.memory.refusal}`
          : `at max outgoing message capacity (${messageLimit} messages and ` +
              `${messageHeapBytes} bytes in all of them a tick)`,
      )
    }
  }

  /**
   * The messages that others sent to this app in the tick before, by sender and then in the order
   * of sending. A second call returns nothing.
   */
  receiveMessages(): Message[] {
    this.#requireOpen()
    if (this.#messagesReceived) return []
    this.#messagesReceived = true
    const { host } = this.#state
    return readMessages(host.fabric, host.partition, this.tick - 1).map(({ source, payload }) => ({
      sender: { partition: source },
      payload,
    }))
  }

  // --- checks

  #requireOpen(): void {
    if (this.#committed)
      throw this.#error('InvalidState', 'this update is committed: begin the next one')
  }

  #error(code: ErrorCode, message: string): HeddleError {
    return this.#state.failed(new HeddleError(code, message))
  }

  #handle(row: number): LocatedEntity {
    const { owner } = this.#state
    return { id: owner.back.id[row], type: owner.back.type[row], partition: owner.index, row }
  }

  /** The row of an own entity, where the handle knows it; else -1. */
  #rowAtHand(entity: Entity): number {
    this.#requireOpen()
    const { partition, row, id } = entity as LocatedEntity
    return partition === this.#state.owner.index && this.#ownsAt(row, id) ? row : -1
  }

  #ownedRow(entity: Entity): number {
    const atHand = this.#rowAtHand(entity)
    if (atHand >= 0) return atHand
    const { owner } = this.#state
    const located = entity as LocatedEntity
    const row = findOwned(this.#state, entity.id)
    if (row >= 0) {
      located.partition = owner.index
      located.row = row
      return row
    }
    const elsewhere = findElsewhere(this.#state, this.tick - 1, located)
    throw elsewhere
      ? this.#error('NotOwned', `entity ${entity.id} belongs to another app`)
      : this.#error('NotFound', `there is no entity ${entity.id}`)
  }

  #ownsAt(row: number, id: number): boolean {
    return (
      row < this.#state.owner.rows && this.#ids[row] === id && this.#states[row] !== rowState.free
    )
  }

  /**
   * Where an entity can be read: this app's own as it stands, others where a subscription covers
   * them.
   */
  #locate(entity: Entity): FoundEntity {
    this.#requireOpen()
    const { owner } = this.#state
    const located = entity as LocatedEntity
    const elsewhere =
      located.partition === owner.index
        ? undefined
        : findElsewhere(this.#state, this.tick - 1, located)
    // One that is leaving there may have come here: then it is this app's own already.
    if (
      elsewhere &&
      elsewhere.side.state[elsewhere.row] === rowState.here &&
      isSubscribed(this.#state, elsewhere)
    )
      return elsewhere
    const row = this.#ownsAt(located.row, entity.id)
      ? located.row
      : findOwned(this.#state, entity.id)
    if (row >= 0) {
      located.partition = owner.index
      located.row = row
      return { memory: owner.memory, side: owner.back, row }
    }
    const found = elsewhere ?? findElsewhere(this.#state, this.tick - 1, located)
    if (found && isSubscribed(this.#state, found)) return found
    throw this.#error('NotFound', `entity ${entity.id} is neither owned nor in a subscribed area`)
  }

  /** The numbers are 32-bit floats already. */
  #checkPosition(x: number, y: number, z: number): void {
    const { cell, owner, host } = this.#state
    if (
      cell &&
      x >= cell.minX &&
      x < cell.maxX &&
      y >= cell.minY &&
      y < cell.maxY &&
      Number.isFinite(z)
    )
      return
    if (!Number.isFinite(x) || !Number.isFinite(y) || !Number.isFinite(z))
      throw this.#error(
        'InvalidArgument',
        `a position is three finite numbers, not (${x}, ${y}, ${z})`,
      )
    const { world } = host.fabric
    const isOfDomain = world.grids[owner.domain] !== undefined
    const isHeld = isOfDomain ? world.partitionAt(owner.domain, x, y) >= 0 : world.holds(x, y)
    if (isHeld) return
    const bounds = isOfDomain
      ? "the bounds of the world of this app's domain"
      : 'the bounds of every spatial domain'
    throw this.#error('InvalidArgument', `the position (${x}, ${y}) is outside ${bounds}`)
  }

  #checkedBox({ minX, minY, maxX, maxY }: BoxArguments): BoxArguments {
    if (!(minX <= maxX && minY <= maxY))
      throw this.#error('InvalidArgument', `not a box: x ${minX} to ${maxX}, y ${minY} to ${maxY}`)
    // As positions are kept: what was stored on an edge is inside.
    return {
      minX: Math.fround(minX),
      minY: Math.fround(minY),
      maxX: Math.fround(maxX),
      maxY: Math.fround(maxY),
    }
  }

  #checkRadius(radius: number): void {
    if (!(radius > 0 && radius < Number.POSITIVE_INFINITY))
      throw this.#error('InvalidArgument', `a radius is a number above 0, not ${radius}`)
  }

  #checkFieldIndex(fieldIndex: number): void {
    if (!Number.isInteger(fieldIndex) || fieldIndex < 1 || fieldIndex > FIELD_INDEX_MAX) {
      throw this.#error(
        'InvalidArgument',
        `a field index is a whole number from 1 to ${FIELD_INDEX_MAX}, not ${fieldIndex}`,
      )
    }
  }

  #domainIndex(name: string): number {
    const index = this.#state.host.fabric.world.domainIndex(name)
    if (index < 0) throw this.#error('InvalidArgument', `there is no domain '${name}'`)
    return index
  }

  #spatialDomainIndex(name: string, hint: string): number {
    const index = this.#domainIndex(name)
    if (this.#state.host.fabric.world.grids[index] === undefined)
      throw this.#error('InvalidArgument', `domain '${name}' has no area: ${hint}`)
    return index
  }

  #subscription(subscription: Subscription) {
    this.#requireOpen()
    const entry = this.#state.subscriptions.get(subscription?.id)
    if (!entry)
      throw this.#error('NotFound', `there is no subscription ${subscription?.id ?? subscription}`)
    return entry
  }
}
