// A person: the entity type, the data field, and what never changes: starting position, speed, and
// goals. All of these come from a hash of the seed and the person's number, so they are the same in
// every process, after a restart and on any grid. Never knows a person's current position.

import { defineField } from '@heddle/sdk'

/** The entity type of people. */
export const PERSON_TYPE = 512

/** Data of a person beside the position. Velocity in m/s. */
export const personField = defineField({
  index: 1,
  typeId: 600,
  shape: { number: 'u32', goalsReached: 'u32', velocity: 'f32x2' },
})

export interface Area {
  minX: number
  maxX: number
  minY: number
  maxY: number
}

/** Distance in m that people keep from the edge of the world. */
export const EDGE_MARGIN = 0.5
const GOAL_MARGIN = 1

const purpose = { startX: 1, startY: 2, speed: 3, goalX: 4, goalY: 5 } as const

/** Returns a person's starting position, in 32-bit floats like all positions. */
export function startOf(seed: number, person: number, world: Area): { x: number; y: number } {
  return {
    x: Math.fround(
      between(world.minX, world.maxX, EDGE_MARGIN, unit(seed, person, 0, purpose.startX)),
    ),
    y: Math.fround(
      between(world.minY, world.maxY, EDGE_MARGIN, unit(seed, person, 0, purpose.startY)),
    ),
  }
}

/** Returns the speed in m/s: from a stroll to a jog. */
export function speedOf(seed: number, person: number): number {
  return 1 + 1.5 * unit(seed, person, 0, purpose.speed)
}

/** Returns the next goal of a person who has reached `goalsReached` goals. */
export function goalXOf(seed: number, person: number, goalsReached: number, world: Area): number {
  return between(
    world.minX,
    world.maxX,
    GOAL_MARGIN,
    unit(seed, person, goalsReached, purpose.goalX),
  )
}

export function goalYOf(seed: number, person: number, goalsReached: number, world: Area): number {
  return between(
    world.minY,
    world.maxY,
    GOAL_MARGIN,
    unit(seed, person, goalsReached, purpose.goalY),
  )
}

function between(min: number, max: number, margin: number, share: number): number {
  return min + margin + (max - min - 2 * margin) * share
}

/** Returns a number from 0 to below 1, by mixing four 32-bit words. */
function unit(seed: number, person: number, count: number, salt: number): number {
  let hash = mix(seed ^ Math.imul(salt, 0x9e3779b1))
  hash = mix(hash ^ Math.imul(person, 0x85ebca77))
  hash = mix(hash ^ Math.imul(count, 0xc2b2ae3d))
  return (hash >>> 0) / 2 ** 32
}

function mix(word: number): number {
  let mixed = word | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return mixed ^ (mixed >>> 16)
}
