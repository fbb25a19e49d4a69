// Starting positions for worlds whose entities stand in one line across a cell.
// Owns these positions; never moves entities afterwards.

import type { OwnedColumns, Partition } from '@heddle/sdk'

export function lineUp(
  owned: OwnedColumns,
  { minX, maxX }: NonNullable<Partition['bounds']>,
  count: number,
): void {
  owned.create(512, count)
  const { positions } = owned
  for (let row = 0; row < count; row++)
    positions[row * 3] = minX + ((maxX - minX) * (row + 1)) / (count + 2)
  owned.moved()
}
