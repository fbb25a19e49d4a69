// The people that this app owns, as columns, and how a person is written into a data field.
// A copy, for speed, of what the fabric holds: every change goes there in the same tick, and a person who is added is read from there.

import type { Entity } from '@heddle/sdk'

/** Data field of a person: number and goals reached as u32, velocity x and y (m/s) as f32; 16 bytes, little endian. */
export const personField = 1
export const personFieldType = 600
/** The entity type of people. */
export const personType = 512
const fieldBytes = 16

export class People {
  count = 0
  readonly entities: Entity[] = []
  numbers: Uint32Array = new Uint32Array(64)
  goalsReached: Uint32Array = new Uint32Array(64)
  x: Float32Array = new Float32Array(64)
  y: Float32Array = new Float32Array(64)
  velocityX: Float32Array = new Float32Array(64)
  velocityY: Float32Array = new Float32Array(64)
  readonly #slots = new Map<number, number>()
  readonly #field = new Uint8Array(fieldBytes)
  readonly #view = new DataView(this.#field.buffer)

  has(id: number): boolean {
    return this.#slots.has(id)
  }

  /** Takes a person in whose state is in a field. */
  addFromField(entity: Entity, x: number, y: number, field: Uint8Array): void {
    const view = new DataView(field.buffer, field.byteOffset, field.byteLength)
    this.add({
      entity,
      number: view.getUint32(0, true),
      goalsReached: view.getUint32(4, true),
      x,
      y,
      velocityX: view.getFloat32(8, true),
      velocityY: view.getFloat32(12, true),
    })
  }

  add(person: {
    entity: Entity
    number: number
    goalsReached: number
    x: number
    y: number
    velocityX: number
    velocityY: number
  }): void {
    const known = this.#slots.get(person.entity.id)
    if (known === undefined && this.count === this.numbers.length) this.#grow()
    const slot = known ?? this.count++
    this.#slots.set(person.entity.id, slot)
    this.entities[slot] = person.entity
    this.numbers[slot] = person.number
    this.goalsReached[slot] = person.goalsReached
    this.x[slot] = person.x
    this.y[slot] = person.y
    this.velocityX[slot] = person.velocityX
    this.velocityY[slot] = person.velocityY
  }

  /** Forgets a person. The last one takes the slot over. */
  remove(id: number): void {
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    this.#slots.delete(id)
    const last = --this.count
    const lastEntity = this.entities.pop()!
    if (slot === last) return
    this.entities[slot] = lastEntity
    this.#slots.set(lastEntity.id, slot)
    for (const column of this.#columns()) column[slot] = column[last]
  }

  /** A person's field; the same bytes are used again at the next call. */
  fieldOf(slot: number): Uint8Array {
    this.#view.setUint32(0, this.numbers[slot], true)
    this.#view.setUint32(4, this.goalsReached[slot], true)
    this.#view.setFloat32(8, this.velocityX[slot], true)
    this.#view.setFloat32(12, this.velocityY[slot], true)
    return this.#field
  }

  #columns(): (Float32Array | Uint32Array)[] {
    return [this.numbers, this.goalsReached, this.x, this.y, this.velocityX, this.velocityY]
  }

  #grow(): void {
    const capacity = this.numbers.length * 2
    const grown = <Column extends Float32Array | Uint32Array>(column: Column, wider: Column): Column => {
      wider.set(column)
      return wider
    }
    this.numbers = grown(this.numbers, new Uint32Array(capacity))
    this.goalsReached = grown(this.goalsReached, new Uint32Array(capacity))
    this.x = grown(this.x, new Float32Array(capacity))
    this.y = grown(this.y, new Float32Array(capacity))
    this.velocityX = grown(this.velocityX, new Float32Array(capacity))
    this.velocityY = grown(this.velocityY, new Float32Array(capacity))
  }
}

/** The people of other apps near the border: only where they are counts. */
export class Bystanders {
  count = 0
  x: Float32Array = new Float32Array(64)
  y: Float32Array = new Float32Array(64)

  clear(): void {
    this.count = 0
  }

  add(x: number, y: number): void {
    if (this.count === this.x.length) {
      const [x, y] = [this.x, this.y]
      this.x = new Float32Array(x.length * 2)
      this.y = new Float32Array(y.length * 2)
      this.x.set(x)
      this.y.set(y)
    }
    this.x[this.count] = x
    this.y[this.count++] = y
  }
}
