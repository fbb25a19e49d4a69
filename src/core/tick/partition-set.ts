// A set of partitions, one bit each.
// Owns the bits; allocates nothing after its creation.

export class PartitionSet {
  /** Partition p is bit p mod 32 of word p / 32. */
  readonly words: Int32Array

  constructor(capacity: number) {
    this.words = new Int32Array(Math.ceil(capacity / 32))
  }

  add(partition: number): void {
    this.words[partition >>> 5] |= 1 << (partition & 31)
  }

  delete(partition: number): void {
    this.words[partition >>> 5] &= ~(1 << (partition & 31))
  }

  has(partition: number): boolean {
    return (this.words[partition >>> 5] & (1 << (partition & 31))) !== 0
  }

  clear(): void {
    this.words.fill(0)
  }

  copy(from: PartitionSet): void {
    this.words.set(from.words)
  }

  addAll(from: PartitionSet): void {
    for (let word = 0; word < this.words.length; word++) this.words[word] |= from.words[word]
  }

  deleteAll(from: PartitionSet): void {
    for (let word = 0; word < this.words.length; word++) this.words[word] &= ~from.words[word]
  }

  get count(): number {
    let count = 0
    for (let partition = this.first(); partition >= 0; partition = this.next(partition + 1)) count++
    return count
  }

  /** The lowest partition; -1 if there is none. */
  first(): number {
    return this.next(0)
  }

  /** The lowest partition from `from` on; -1 if there is none. */
  next(from: number): number {
    for (let word = from >>> 5; word < this.words.length; word++) {
      const bits = word === from >>> 5 ? this.words[word] & (-1 << (from & 31)) : this.words[word]
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits)
    }
    return -1
  }

  /** Removes and returns the lowest partition; -1 if the set is empty. */
  takeFirst(): number {
    const partition = this.first()
    if (partition >= 0) this.delete(partition)
    return partition
  }
}
