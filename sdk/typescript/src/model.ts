// The plain things that SDK calls take and give.

import type { Bounds } from '../../../src/core/schema/grid.ts'

/** x, y, z in world units; kept as 32-bit floats. */
export type Position = readonly [x: number, y: number, z: number]

/**
 * A handle on an entity. Its id never changes and is never given again; keep the handle as long as
 * you like, or look at `id`.
 */
export interface Entity {
  readonly id: number
  /** 512 or higher. */
  readonly type: number
}

/** An entity as the SDK finds it: where it was seen last. */
export interface LocatedEntity extends Entity {
  partition: number
  row: number
}

/** A copy of a data field. */
export interface EntityField {
  typeId: number
  data: Uint8Array
}

export interface Partition {
  readonly id: number
  readonly domain: string
  readonly domainType: 'Spatial' | 'Service' | 'Custom'
  readonly appName: string
  /** The partition's cell; only of spatial domains. */
  readonly bounds?: Bounds
}

export interface OwnershipChange {
  /**
   * Add: owned from now on. Remove: another app owns it. Reject: it should have gone to another
   * app, which has no room; tried again each tick.
   */
  kind: 'Add' | 'Remove' | 'Reject'
  entity: Entity
}

/** A box on a domain whose entities this app hears of. */
export interface Subscription {
  readonly id: number
  readonly domain: string
  readonly minX: number
  readonly minY: number
  readonly maxX: number
  readonly maxY: number
}

export interface SubscriptionChange {
  /** `None` and `Reject` are never sent; they are in the enumeration of the original SDK. */
  kind: 'Add' | 'Update' | 'Remove' | 'None' | 'Reject'
  subscription: Subscription
  entity: Entity
}

/** Where messages can be sent: the partition of one app. */
export interface Endpoint {
  readonly partition: number
}

export interface Message {
  /** For replies. */
  sender: Endpoint
  payload: Uint8Array
}

/** Type ids below this are built in. */
export const firstTypeId = 512

const TYPE_ID_MAX = 0xffff_ffff

/** Why entities can't have this type; undefined where they can. */
export function refuseEntityType(typeId: number): string | undefined {
  if (Number.isInteger(typeId) && typeId >= firstTypeId && typeId <= TYPE_ID_MAX) return undefined
  return `a type id is a whole number from ${firstTypeId} to ${TYPE_ID_MAX}, not ${typeId}`
}

/** Why data can't have this type; undefined where it can. */
export function refuseDataType(typeId: number): string | undefined {
  if (Number.isInteger(typeId) && typeId >= 0 && typeId <= TYPE_ID_MAX) return undefined
  return `a type id of data is a whole number from 0 to ${TYPE_ID_MAX}, not ${typeId}`
}

/** Type ids of data that the SDK itself knows. */
export const BuiltinTypeId = { Vector3F32: 1, Dynamic: 2 } as const
