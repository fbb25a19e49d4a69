// Boxes on a domain, and how they lie to each other.
// Owns the rules at the edges: an entity on an edge of a box is inside.

/** In world units; an entity on an edge is inside. */
export interface Box {
  minX: number
  minY: number
  maxX: number
  maxY: number
}

export function contains({ minX, minY, maxX, maxY }: Box, x: number, y: number): boolean {
  return x >= minX && x <= maxX && y >= minY && y <= maxY
}

/** Whether the other one lies in it, edges included. */
export function covers(one: Box, other: Box): boolean {
  return (
    one.minX <= other.minX &&
    one.maxX >= other.maxX &&
    one.minY <= other.minY &&
    one.maxY >= other.maxY
  )
}

/** Whether the boxes have a point in common, edges included. */
export function touches(one: Box, other: Box): boolean {
  return (
    one.minX <= other.maxX &&
    one.maxX >= other.minX &&
    one.minY <= other.maxY &&
    one.maxY >= other.minY
  )
}

/** Whether the boxes have more than edges in common. A box without any width overlaps nothing. */
export function overlaps(one: Box, other: Box): boolean {
  return (
    one.minX < other.maxX && one.maxX > other.minX && one.minY < other.maxY && one.maxY > other.minY
  )
}

export function area({ minX, minY, maxX, maxY }: Box): number {
  return Math.max(0, maxX - minX) * Math.max(0, maxY - minY)
}

export function intersection(one: Box, other: Box): Box {
  return {
    minX: Math.max(one.minX, other.minX),
    minY: Math.max(one.minY, other.minY),
    maxX: Math.min(one.maxX, other.maxX),
    maxY: Math.min(one.maxY, other.maxY),
  }
}

/** The smallest box around both. */
export function union(one: Box, other: Box): Box {
  return {
    minX: Math.min(one.minX, other.minX),
    minY: Math.min(one.minY, other.minY),
    maxX: Math.max(one.maxX, other.maxX),
    maxY: Math.max(one.maxY, other.maxY),
  }
}

export const emptyBox: Box = { minX: 0, minY: 0, maxX: 0, maxY: 0 }
export const everywhere: Box = {
  minX: Number.NEGATIVE_INFINITY,
  minY: Number.NEGATIVE_INFINITY,
  maxX: Number.POSITIVE_INFINITY,
  maxY: Number.POSITIVE_INFINITY,
}
