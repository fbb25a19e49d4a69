// What happened to the ownership of entities since an app last asked.
// Owns the list, as numbers, and keeps it short. An app that never asks pays next to nothing: once
// the list would be long it is dropped, and what the first question is to answer follows from what
// the app owns then.

import { rowState } from '../../../src/core/fabric/memory/columns.ts'
import type { PartitionOwner } from '../../../src/core/fabric/owner/partition-owner.ts'
import type { LocatedEntity, OwnershipChange } from './model.ts'

/** Beyond so many changes a list is made shorter. */
const LONG_LIST = 4096
const kinds = ['Add', 'Remove', 'Reject'] as const
const [added, removed, rejected] = [0, 1, 2]

export class OwnershipLog {
  #kinds = new Uint8Array(64)
  #ids = new Float64Array(64)
  #types = new Uint32Array(64)
  #rows = new Uint32Array(64)
  #count = 0
  #wasAsked = false
  /**
   * Nobody has asked yet, and what can be told without it has left the list: there is nothing in it
   * but of entities that the app has made.
   */
  #isDropped = false
  #shortenAt = LONG_LIST

  /** Notes what the begin of a tick brought. */
  add(owner: PartitionOwner): void {
    if (this.#count >= this.#shortenAt) {
      if (this.#wasAsked) this.#shorten(owner)
      else this.#drop(owner)
    }
    const { ownership, back } = owner
    const all = !this.#isDropped
    for (const { id, type, row } of ownership.removed)
      if (all || owner.hasMade(id)) this.#push(removed, id, type, row)
    if (all)
      for (const row of ownership.rejected) this.#push(rejected, back.id[row], back.type[row], row)
    for (const row of ownership.added)
      if (all || owner.hasMade(back.id[row])) this.#push(added, back.id[row], back.type[row], row)
  }

  /** What happened since the last call, oldest first. */
  take(owner: PartitionOwner): OwnershipChange[] {
    if (this.#isDropped) this.#addUnknown(owner)
    const changes: OwnershipChange[] = []
    for (let place = 0; place < this.#count; place++) {
      const entity: LocatedEntity = {
        id: this.#ids[place],
        type: this.#types[place],
        partition: owner.index,
        row: this.#rows[place],
      }
      changes.push({ kind: kinds[this.#kinds[place]], entity })
    }
    this.#wasAsked = true
    this.#isDropped = false
    this.#count = 0
    this.#shortenAt = LONG_LIST
    return changes
  }

  /** Keeps only who was made by the app and belongs to others now. */
  #drop(owner: PartitionOwner): void {
    const lastOf = new Map<number, number>()
    for (let place = 0; place < this.#count; place++)
      if (this.#kinds[place] !== rejected && owner.hasMade(this.#ids[place]))
        lastOf.set(this.#ids[place], place)
    this.#keep([...lastOf.values()].filter((place) => this.#kinds[place] === removed))
    this.#isDropped = true
  }

  /**
   * What the app can't know: all that is owned now but was not made by it, and what it made and
   * others own now.
   */
  #addUnknown(owner: PartitionOwner): void {
    const { back, ownership } = owner
    this.#drop(owner)
    for (let row = 0; row < owner.rows; row++) {
      if (back.state[row] === rowState.free || owner.hasMade(back.id[row])) continue
      this.#push(added, back.id[row], back.type[row], row)
    }
    for (const row of ownership.rejected) this.#push(rejected, back.id[row], back.type[row], row)
  }

  #push(kind: number, id: number, type: number, row: number): void {
    const place = this.#count++
    if (place === this.#ids.length) this.#grow()
    this.#kinds[place] = kind
    this.#ids[place] = id
    this.#types[place] = type
    this.#rows[place] = row
  }

  /**
   * Keeps, of an entity's changes, what they come to: none where it came and went, or was deleted
   * by the app, and its last Reject.
   */
  #shorten({ back, rows }: PartitionOwner): void {
    const owned = new Set<number>()
    for (let row = 0; row < rows; row++)
      if (back.state[row] !== rowState.free) owned.add(back.id[row])
    const entries = new Map<number, { first: number; last: number; reject: number }>()
    for (let place = 0; place < this.#count; place++) {
      const kind = this.#kinds[place]
      const entry = entries.get(this.#ids[place])
      if (!entry)
        entries.set(this.#ids[place], {
          first: place,
          last: place,
          reject: kind === rejected ? place : -1,
        })
      else if (kind === rejected) entry.reject = place
      else if (this.#kinds[entry.first] === rejected)
        Object.assign(entry, { first: place, last: place })
      else entry.last = place
    }
    const kept: number[] = []
    for (const { first, last, reject } of entries.values()) {
      if (this.#kinds[first] === added && this.#kinds[last] === removed) continue
      if (this.#kinds[last] !== removed && !owned.has(this.#ids[last])) continue
      if (this.#kinds[last] !== rejected) kept.push(last)
      if (reject >= 0 && this.#kinds[last] !== removed) kept.push(reject)
    }
    this.#keep(kept)
  }

  /** Keeps the changes at these places, in this order. */
  #keep(kept: readonly number[]): void {
    const pick = <Numbers extends Uint8Array | Float64Array | Uint32Array>(numbers: Numbers) => {
      const before = numbers.slice()
      kept.forEach((place, at) => {
        numbers[at] = before[place]
      })
    }
    for (const numbers of [this.#kinds, this.#ids, this.#types, this.#rows]) pick(numbers)
    this.#count = kept.length
    this.#shortenAt = Math.max(LONG_LIST, kept.length * 2)
  }

  #grow(): void {
    const room = this.#ids.length * 2
    const before = { kinds: this.#kinds, ids: this.#ids, types: this.#types, rows: this.#rows }
    this.#kinds = new Uint8Array(room)
    this.#ids = new Float64Array(room)
    this.#types = new Uint32Array(room)
    this.#rows = new Uint32Array(room)
    this.#kinds.set(before.kinds)
    this.#ids.set(before.ids)
    this.#types.set(before.types)
    this.#rows.set(before.rows)
  }
}
