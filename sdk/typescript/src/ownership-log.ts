// What happened to the ownership of entities since an app last asked.
// Owns the list and keeps it short: an app that never asks costs no more than a note for each entity that changed hands.

import type { OwnershipChange } from './model.ts'

const compactAbove = 4096

export class OwnershipLog {
  #changes: OwnershipChange[] = []
  #compactAt = compactAbove

  push(change: OwnershipChange): void {
    this.#changes.push(change)
    if (this.#changes.length >= this.#compactAt) this.#compact()
  }

  take(): OwnershipChange[] {
    const changes = this.#changes
    this.#changes = []
    this.#compactAt = compactAbove
    return changes
  }

  /** Keeps, of an entity's changes, what they come to: none where it came and went, and its last Reject. */
  #compact(): void {
    const last = new Map<number, { first: OwnershipChange; last: OwnershipChange; reject?: OwnershipChange }>()
    for (const change of this.#changes) {
      const entry = last.get(change.entity.id)
      if (change.kind === 'Reject') {
        if (entry) entry.reject = change
        else last.set(change.entity.id, { first: change, last: change, reject: change })
      } else if (!entry || entry.first.kind === 'Reject') {
        last.set(change.entity.id, { first: change, last: change, reject: entry?.reject })
      } else {
        entry.last = change
      }
    }
    this.#changes = []
    for (const { first, last: newest, reject } of last.values()) {
      const cameAndWent = first.kind === 'Add' && newest.kind === 'Remove'
      if (cameAndWent) continue
      if (newest.kind !== 'Reject') this.#changes.push(newest)
      if (reject && newest.kind !== 'Remove') this.#changes.push(reject)
    }
    this.#compactAt = Math.max(compactAbove, this.#changes.length * 2)
  }
}
