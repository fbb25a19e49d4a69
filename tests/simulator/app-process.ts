// A simulated app process: a tick is a row of steps, and the process may die between any two of
// them.
// Owns the app's decisions. They depend only on seed, tick and committed state, so a repeated tick
// decides the same.

import { contains } from '../../src/core/fabric/memory/box.ts'
import { rowState } from '../../src/core/fabric/memory/columns.ts'
import type { Fabric } from '../../src/core/fabric/memory/fabric.ts'
import { PlaceList } from '../../src/core/fabric/memory/place-list.ts'
import type { ExpectedBegin, Model, ModelMessage, Operation } from './model.ts'
import { Death, type OwnerPart, type Parts } from './parts.ts'
import { fieldIndex, type Plan } from './plan.ts'
import { Random } from './random.ts'
import { check } from './violation.ts'
import { randomBox, Watcher } from './watcher.ts'

/** What all processes of a history share. */
export interface Surroundings {
  plan: Plan
  parts: Parts
  model: Model
  memoryIsShort(): boolean
}

export class AppProcess {
  readonly index: number
  operations: Operation[] = []
  messages: ModelMessage[] = []
  readonly #surroundings: Surroundings
  readonly #fabric: Fabric
  readonly #owner: OwnerPart
  readonly #whims: Random
  readonly #watchers: Watcher[] = []
  #fresh = true

  /** `launch` is unique among the processes of the history. */
  constructor(
    surroundings: Surroundings,
    fabric: Fabric,
    options: { index: number; launch: number },
  ) {
    const { plan, parts } = surroundings
    this.#surroundings = surroundings
    this.#fabric = fabric
    this.index = options.index
    this.#owner = new parts.Owner(fabric, options.index, {
      indexRowsMin: 0,
      windowTicks: 3,
      spareShareMin: 0,
    })
    this.#whims = new Random(plan.seed, 3, options.launch)
    const watchers = this.#whims.below(3)
    for (let count = 0; count < watchers; count++) {
      const domain = this.#whims.below(plan.domains.length)
      const box = randomBox(this.#whims, plan.bounds)
      this.#watchers.push(new Watcher(parts, fabric, { owner: this.index, domain, box }))
    }
  }

  /**
   * Runs a tick; the process may die after each yield. With `diesAtWrite` it dies at that write of
   * a number into its header instead.
   */
  *run(tick: number, expected: ExpectedBegin, diesAtWrite: number): Generator<void, void> {
    this.operations = []
    this.messages = []
    yield
    const { parts } = this.#surroundings
    const liveOn = diesAtWrite > 0 && parts.dieAtWrite(this.#owner, tick, diesAtWrite)
    try {
      this.#owner.begin(tick)
      this.#checkBegin(tick, expected)
      yield
      yield* this.#update(tick)
      this.#owner.interests = this.#watchers.map(({ interest }) => interest)
      this.#owner.finish()
      if (diesAtWrite > 0) throw new Death()
    } finally {
      if (liveOn) liveOn()
    }
    yield
    this.#fabric.commits.commit(this.index)
  }

  *#update(tick: number): Generator<void, void> {
    const { plan, model } = this.#surroundings
    this.#checkMessages(tick)
    for (const watcher of this.#watchers) {
      if (this.#whims.chance(0.2)) watcher.moveTo(randomBox(this.#whims, plan.bounds))
      if (this.#whims.chance(0.6)) watcher.look(model)
    }
    yield
    const random = new Random(
      plan.seed,
      2,
      tick,
      this.index,
      model.partitions.get(this.index)!.epoch,
    )
    yield* this.#actOnMany(random)
    const { back, rows } = this.#owner
    for (let row = 0; row < rows; row++) {
      if (back.state[row] === rowState.free) continue
      if (this.#actOn(random, row)) yield
    }
    const creations = random.below(plan.habits.createMax + 1)
    for (let count = 0; count < creations; count++) this.#create(tick, random)
    const sendings = random.below(plan.habits.sendMax + 1)
    for (let count = 0; count < sendings; count++) this.#send(tick, random, count)
    yield
  }

  #actOn(random: Random, row: number): boolean {
    const { plan } = this.#surroundings
    const { habits } = plan
    const owner = this.#owner
    const id = owner.back.id[row]
    const before = this.operations.length
    if (random.chance(habits.delete)) {
      owner.delete(row)
      this.operations.push({ kind: 'delete', id })
      return true
    }
    if (random.chance(habits.move)) this.#move(random, row, id)
    if (random.chance(habits.handOver * (this.#isMaker() ? 1 : 0.3))) {
      const domain = random.below(plan.domains.length)
      owner.setDestination(row, domain)
      this.operations.push({ kind: 'handOver', id, domain })
    }
    for (let place = 1; place <= plan.fieldsMax; place++) {
      const field = fieldIndex(place)
      if (random.chance(habits.storeField)) this.#store(random, row, id, field)
      if (random.chance(habits.removeField) && owner.removeField(row, field))
        this.operations.push({ kind: 'remove', id, field })
    }
    return this.operations.length > before
  }

  /**
   * An app's bulk writes. Skipped if positions may be outside of the world, since bulk writes are
   * refused there and not tried again.
   */
  *#actOnMany(random: Random): Generator<void, void> {
    const { habits, fieldsMax } = this.#surroundings.plan
    const owner = this.#owner
    const few = random.between(1, 5)
    if (random.chance(habits.sweep) && habits.outside === 0) {
      // During a sweep only the finished pieces are up to date. The app may give up early, in the
      // middle of a piece.
      const { rows, back } = owner
      const end = random.chance(0.2) ? random.below(rows + 1) : rows
      let swept = 0
      for (let from = 0; swept < end; from = swept) {
        swept = Math.min(rows, from + few)
        owner.beginPiece(from, swept)
        this.#moveRows(random, back.position, from, swept)
        if (swept < end || end === rows) owner.endPiece(from, swept)
        yield
      }
      if (end === rows) owner.endSweep()
    }
    if (random.chance(habits.moveMany) && habits.outside === 0) {
      const from = random.below(owner.rows + 1)
      const to = Math.min(owner.rows, from + few)
      this.#moveRows(random, owner.position, from, to)
      yield
      owner.moved(from, to)
    }
    if (random.chance(habits.storeMany))
      yield* this.#storeRows(random, fieldIndex(random.between(1, fieldsMax)), few)
    if (random.chance(habits.ask)) this.#checkIndex(random)
  }

  #moveRows(random: Random, position: Float32Array, from: number, to: number): void {
    const { back } = this.#owner
    for (let row = from; row < to; row++) {
      if (back.state[row] === rowState.free) continue
      position.set(this.#somewhere(random, position, row), row * 3)
      const [x, y, z] = position.subarray(row * 3)
      this.operations.push({ kind: 'move', id: back.id[row], position: [x, y, z] })
    }
  }

  *#storeRows(random: Random, field: number, count: number): Generator<void, void> {
    const owner = this.#owner
    const bytes = random.pick([1, 4, Math.min(8, this.#surroundings.plan.sizes.fieldBytesMax)])
    const view = owner.shapedField(field, bytes, bytes)
    if (!view) {
      check(this.#surroundings.memoryIsShort(), owner.tick, () => `no room for field ${field}`)
      return
    }
    const typeId = random.below(1000)
    const from = random.chance(0.3) ? 0 : random.below(owner.rows + 1)
    const to = from === 0 ? owner.rows : Math.min(owner.rows, from + count)
    for (let row = from; row < to; row++) {
      if (owner.back.state[row] === rowState.free) continue
      const value = new Uint8Array(bytes).map(() => random.word())
      view.data.set(value, row * view.stride)
      this.operations.push({ kind: 'store', id: owner.back.id[row], field, typeId, bytes: value })
    }
    yield
    owner.storedField(field, typeId, bytes, from, to)
  }

  /**
   * Checks that the index of own entities finds what a scan of all rows finds, as of the previous
   * tick.
   */
  #checkIndex(random: Random): void {
    const { memory, tick, front } = this.#owner
    this.#owner.keepWholeIndex()
    const box = randomBox(random, this.#surroundings.plan.bounds)
    const found = new PlaceList()
    this.#surroundings.parts.findInBox(this.#fabric, memory, tick - 1, box, found)
    const rows = [...found.view()].sort((a, b) => a - b)
    const wanted: number[] = []
    for (let row = 0; row < front.rows; row++) {
      const [x, y] = front.position.subarray(row * 3)
      if (front.state[row] !== rowState.free && contains(box, x, y)) wanted.push(row)
    }
    check(
      rows.join() === wanted.join(),
      tick,
      () => `the index finds rows ${rows}, and there are ${wanted}`,
    )
  }

  #create(tick: number, random: Random): void {
    const type = random.between(512, 520)
    const owner = this.#owner
    const population = owner.population
    const row = owner.create(type)
    if (row < 0) {
      const full = population >= owner.memory.sizes.entityLimit
      check(
        full || this.#surroundings.memoryIsShort(),
        tick,
        () => `partition ${this.index} has room and refuses`,
      )
      return
    }
    const id = owner.back.id[row]
    this.operations.push({ kind: 'create', id, type })
    if (random.chance(0.95) || this.#surroundings.plan.habits.outside === 0)
      this.#move(random, row, id)
    if (random.chance(0.5)) this.#store(random, row, id, fieldIndex(1))
    if (this.#isMaker() && random.chance(0.5)) {
      owner.setDestination(row, 0)
      this.operations.push({ kind: 'handOver', id, domain: 0 })
    }
  }

  #move(random: Random, row: number, id: number): void {
    const [x, y, z] = this.#somewhere(random, this.#owner.position, row)
    this.#owner.setPosition(row, x, y, z)
    this.operations.push({
      kind: 'move',
      id,
      position: [Math.fround(x), Math.fround(y), Math.fround(z)],
    })
  }

  #store(random: Random, row: number, id: number, field: number): void {
    const most = this.#surroundings.plan.sizes.fieldBytesMax
    const bytes = new Uint8Array(
      random.chance(0.7) ? random.below(Math.min(most, 9) + 1) : random.below(most + 1),
    )
    for (let at = 0; at < bytes.length; at++) bytes[at] = random.word()
    const typeId = random.below(1000)
    if (this.#owner.storeField(row, field, typeId, bytes))
      this.operations.push({ kind: 'store', id, field, typeId, bytes: bytes.slice() })
    else
      check(
        this.#surroundings.memoryIsShort(),
        this.#owner.tick,
        () => `no room for a field of entity ${id}`,
      )
    bytes.fill(0xee)
  }

  #send(tick: number, random: Random, count: number): void {
    const { model, plan } = this.#surroundings
    const others = [...model.partitions].filter(([index]) => index !== this.index)
    if (others.length === 0) return
    const [target, { epoch: targetEpoch }] = random.pick(others)
    const payload = new Uint8Array(random.below(plan.sizes.messageBytesMax + 1))
    for (let at = 0; at < payload.length; at++) payload[at] = at === 0 ? count : random.word()
    const { messageLimit, messageHeapBytes } = plan.sizes
    const sentBytes = this.messages.reduce(
      (sum, message) => sum + message.payload.length,
      payload.length,
    )
    const fits = this.messages.length < messageLimit && sentBytes <= messageHeapBytes
    const sent = this.#owner.send({ target, payload })
    check(
      sent ? fits : !fits || this.#surroundings.memoryIsShort(),
      tick,
      () => `send answered ${sent}`,
    )
    if (sent) this.messages.push({ source: this.index, target, targetEpoch, payload })
  }

  #somewhere(random: Random, position: Float32Array, row: number): [number, number, number] {
    const { plan, model } = this.#surroundings
    const { habits, bounds } = plan
    const width = bounds.maxX - bounds.minX
    const height = bounds.maxY - bounds.minY
    const z = random.fraction() * 100
    if (random.chance(habits.outside))
      return random.pick([
        [bounds.minX - width * 0.1, bounds.minY, z],
        [bounds.maxX, bounds.maxY + height * 0.2, z],
        [Number.NaN, bounds.minY, z],
        [bounds.minX, Number.POSITIVE_INFINITY, -0],
      ])
    if (random.chance(habits.onEdge)) {
      const grid = random.pick(model.grids.filter((plain) => plain !== undefined))
      return [random.pick(grid.xEdges), random.pick(grid.yEdges), z]
    }
    if (random.chance(habits.teleport) || this.#isMaker())
      return [bounds.minX + random.fraction() * width, bounds.minY + random.fraction() * height, z]
    const x = position[row * 3] + (random.fraction() - 0.5) * 0.4 * width
    const y = position[row * 3 + 1] + (random.fraction() - 0.5) * 0.4 * height
    return [
      Math.min(bounds.maxX, Math.max(bounds.minX, x)),
      Math.min(bounds.maxY, Math.max(bounds.minY, y)),
      z,
    ]
  }

  #isMaker(): boolean {
    const { plan, model } = this.#surroundings
    return !plan.domains[model.partitions.get(this.index)!.domain].grid
  }

  #checkBegin(tick: number, expected: ExpectedBegin): void {
    const { back, rows, ownership, population } = this.#owner
    const owned = new Set<number>()
    for (let row = 0; row < rows; row++)
      if (back.state[row] !== rowState.free) owned.add(back.id[row])
    const who = `partition ${this.index}`
    const same = (
      name: string,
      got: Set<number>,
      wanted: { size: number; has(id: number): boolean },
      count: number,
    ) =>
      check(
        got.size === wanted.size && count === wanted.size && [...got].every((id) => wanted.has(id)),
        tick,
        () => `${who} begins with '${name}' ${[...got]} and should with ${JSON.stringify(wanted)}`,
      )
    same('owned', owned, expected.entities, population)
    const idOf = (row: number) => back.id[row]
    const wantedAdded = this.#fresh ? expected.entities : expected.added
    same('added', new Set(ownership.added.map(idOf)), wantedAdded, ownership.added.length)
    same(
      'removed',
      new Set(ownership.removed.map(({ id }) => id)),
      expected.removed,
      ownership.removed.length,
    )
    same(
      'rejected',
      new Set(ownership.rejected.map(idOf)),
      expected.rejected,
      ownership.rejected.length,
    )
    this.#fresh = false
  }

  #checkMessages(tick: number): void {
    const { model, parts } = this.#surroundings
    const expected = model.expectMessages(this.index)
    const incoming = parts.readMessages(this.#fabric, this.index, tick - 1)
    const text = (messages: readonly { source: number; payload: Uint8Array }[]) =>
      messages
        .map(({ source, payload }) => `${source}:${Buffer.from(payload).toString('hex')}`)
        .join(' ')
    check(
      text(incoming) === text(expected),
      tick,
      () => `partition ${this.index} receives [${text(incoming)}], not [${text(expected)}]`,
    )
  }
}
